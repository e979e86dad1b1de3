#include "flows/invertible_conv.hpp"

#include "flows/permutation.hpp"
#include "nn/init.hpp"
#include "nn/scale.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// One matrix product over all pixels: y_n = W x_n for each row n of [M, C].
Variable multiply_pixels(const Variable& x, const Variable& w) {
  const int64_t c = x.shape()[-1];
  return reshape(matmul(reshape(x, {Tensor::kInfer, c}), transpose(w)), x.shape());
}

double pixels(const Shape& example) { return static_cast<double>(example.numel() / example[-1]); }

// [C, C], 1 where the column is before (-1), at (0), or behind (1) the diagonal.
Tensor part_of_matrix(int64_t c, int side) {
  Tensor m = Tensor::zeros({c, c});
  for (int64_t i = 0; i < c; ++i) {
    for (int64_t j = 0; j < c; ++j) m.mutable_data()[i * c + j] = (j > i) - (j < i) == side;
  }
  return m;
}

}  // namespace

InvertibleConv::InvertibleConv(const Shape& input, Rng& rng)
    : Flow(input, input), w_(parameter("w", init::rotation(input[-1], rng))) {}

// A singular W is named with the layer that holds it.
template <class F>
auto InvertibleConv::not_singular(const F& f) const {
  try {
    return f();
  } catch (const ValueError&) {
    fail<NonFiniteError>("InvertibleConv ", path(), ": W ", w_.shape(),
                         " is singular: log|det W| is -inf, and the layer ",
                         "has no inverse; in training, try a smaller learning rate or the PLU "
                         "form; a file with such a model is damaged");
  }
}

// Invertible 1x1 convolution: Glow section 3.2, eq. (9), and table 1
//
//   y_ij = W x_ij  at each of the h * w places       dy/dx = [ W       ]       log|det dy/dx| = h w log|det W|
//                                                            [   W     ]
//   x_ij = W^-1 y_ij                                         [     ... ]
//
// log|det W| comes from one LU decomposition in double, and so does W^-T, which is its gradient.
FlowResult InvertibleConv::transform(const Variable& x) const {
  // [Glow eq. 9] [Glow table 1: 1x1 convolution]
  return {multiply_pixels(x, w_), constant_log_det(x, 0) + not_singular([&] { return slogdet(w_); }) * pixels(input_)};
}

Tensor InvertibleConv::invert(const Tensor& y) const {
  const auto lu = not_singular([&] { return math::slogdet(w_.value(), true); });
  // [Glow table 1: reverse of the 1x1 convolution]
  return multiply_pixels(y, math::transpose(lu.inverse_transposed)).value();
}

InvertibleConvPLU::InvertibleConvPLU(const Shape& input, Rng& rng)
    : Flow(input, input),
      lower_(parameter("lower", Tensor::zeros({input[-1], input[-1]}))),
      upper_(parameter("upper", Tensor::zeros({input[-1], input[-1]}))),
      log_s_(parameter("log_s", Tensor::zeros({input[-1]}))),
      permutation_(constant("permutation", Tensor::zeros({input[-1]}))),
      sign_(constant("sign", Tensor::full({input[-1]}, 1))),
      strictly_lower_(part_of_matrix(input[-1], -1)),
      strictly_upper_(part_of_matrix(input[-1], 1)),
      identity_(part_of_matrix(input[-1], 0)) {
  const init::PLU plu = init::plu(init::rotation(input[-1], rng));
  lower_.set_value(plu.lower);
  upper_.set_value(plu.upper);
  log_s_.set_value(math::log(math::abs(plu.s)));
  sign_ = math::divide(plu.s, math::abs(plu.s));
  permutation_ = plu.permutation;
}

Variable InvertibleConvPLU::l() const { return lower_ * strictly_lower_ + identity_; }
Variable InvertibleConvPLU::u_plus_s() const { return upper_ * strictly_upper_ + identity_ * s(); }

Variable InvertibleConvPLU::s() const {
  for (const Real v : sign_.data()) {
    if (v == 1 || v == -1) continue;
    fail<CheckpointError>(path(), " (", describe(), "): a sign of s is ", v,
                          ", not 1 or -1; the checkpoint is damaged, use another one");
  }
  return nonzero_scale(exp(log_s_) * sign_, *this);
}

std::vector<int64_t> InvertibleConvPLU::p() const { return as_permutation(permutation_, *this); }

// Invertible 1x1 convolution by its factors: Glow section 3.2, eqs. (10)-(11)
//
//   W = P L (U + diag(s))        P a fixed permutation, L unit lower, U strictly upper triangular           eq. (10)
//   y_ij = W x_ij                dy/dx: blocks of W as above
//   log|det W| = sum_c log|s_c|                                                                             eq. (11)
//   log|det dy/dx| = h w sum_c log|s_c|                                                                     by eq. (9)
//
//   x_ij = (U + diag(s))^-1 L^-1 P^-1 y_ij: two triangular solves, no inverse is formed
//
// The parameter is log|s|, the signs of s are fixed, as in the released code: W cannot become singular by a step.
FlowResult InvertibleConvPLU::transform(const Variable& x) const {
  // [Glow eq. 10]
  const Variable w = take(matmul(l(), u_plus_s()), 0, p());
  // [Glow eq. 11]
  return {multiply_pixels(x, w), constant_log_det(x, 0) + sum(log_s_) * pixels(input_)};
}

Tensor InvertibleConvPLU::invert(const Tensor& y) const {
  const int64_t c = y.shape()[-1];
  const Tensor columns = math::transpose(y.reshape({Tensor::kInfer, c}));  // [C, M]
  const Tensor z =
      math::solve_triangular(l().value(), math::take(columns, 0, inverse_permutation(p())), math::Triangle::unit_lower);
  return math::transpose(math::solve_triangular(u_plus_s().value(), z, math::Triangle::upper)).reshape(y.shape());
}

}  // namespace bijou
