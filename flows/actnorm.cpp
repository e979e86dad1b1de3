#include "flows/actnorm.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Actnorm: Glow section 3.1 and table 1                     s, b [C], the same at each of the h * w places (i, j)
//
//   y_ij = s * x_ij + b          dy/dx = diag(s, s, ..., s)          log|det dy/dx| = h w sum_c log|s_c|
//
//   x_ij = (y_ij - b) / s
FlowResult ActNormFlow::transform(const Variable& x) const {
  const double hw = static_cast<double>(input_.numel() / input_[-1]);
  // [Glow table 1: actnorm]
  return {channel_affine(x, affine_.s(), affine_.b()), constant_log_det(x, 0) + sum(affine_.log_s()) * hw};
}

// [Glow table 1: reverse of the actnorm]
Tensor ActNormFlow::invert(const Tensor& y) const { return ((y - affine_.b()) / affine_.s()).value(); }

}  // namespace bijou
