#include "flows/multiscale.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

Variable flat(const Variable& x) { return reshape(x, {x.shape()[0], Tensor::kInfer}); }

}  // namespace

Shape MultiScale::kept(const Shape& s) {
  require(s.rank() == 3 && s[2] >= 2, "MultiScale", "cannot factor out half the channels of ", s);
  return s.with(2, s[2] / 2);
}

MultiScale::MultiScale(const Shape& input, int scales, const Build& build) : Flow(input, {input.numel()}) {
  Shape at = input;
  for (int i = 0; i < scales; ++i) {
    const bool last = i + 1 == scales;
    Sequential& scale = adopt(text("scales.", i), build(at, i, last));
    check(scale.input_shape() == at, "MultiScale", "scale ", i, " takes ", scale.input_shape(), ", gets ", at);
    if (!last) at = kept(scale.output_shape());
    scales_.push_back(&scale);
  }
}

// Factoring out: RealNVP section 3.6, eqs. (13)-(16)
//
//   h_0 = x        (z_{i+1}, h_{i+1}) = f_{i+1}(h_i)        z_L = f_L(h_{L-1})        z = (z_1, ..., z_L)
//
//   dz/dx = D_L ... D_2 D_1,   D_i = [ df_i/dh_{i-1}   0 ]       log|det dz/dx| = sum_i log|det df_i / dh_{i-1}|
//                                    [       0         I ]
//
// D_i acts on (h_{i-1}; z_1 ... z_{i-1}): by the identity, latents that have left stay as they are. None is lost: they
// come back side by side as [N, D], those of the finest scale first.
FlowResult MultiScale::transform(const Variable& x) const {
  // [RealNVP eq. 13]
  Variable h = x, log_det = constant_log_det(x, 0);
  std::vector<Variable> z;
  for (const Sequential* scale : scales_) {
    const auto [y, scale_log_det] = scale->forward(h);
    log_det = log_det + scale_log_det;
    if (scale == scales_.back()) {
      // [RealNVP eq. 15]
      z.push_back(flat(y));
    } else {
      const int64_t keep = kept(scale->output_shape())[2];
      // [RealNVP eq. 14]
      const auto parts = split(y, -1, {keep, y.shape()[-1] - keep});
      h = parts[0];
      z.push_back(flat(parts[1]));
    }
  }
  // [RealNVP eq. 16]
  return {concat(z, 1), log_det};
}

Tensor MultiScale::invert(const Tensor& z) const {
  const int64_t n = z.shape()[0];
  int64_t end = z.shape()[1];
  Tensor h;
  for (size_t i = scales_.size(); i-- > 0;) {
    const bool last = i + 1 == scales_.size();
    Shape out = scales_[i]->output_shape(), part = last ? out : out.with(2, out[2] - kept(out)[2]);
    const Tensor zi = math::slice(z, 1, end - part.numel(), end).reshape({n, part[0], part[1], part[2]});
    end -= part.numel();
    h = scales_[i]->inverse(last ? zi : math::concat(std::vector{h, zi}, -1));
  }
  return h;
}

Tensor MultiScale::initialize(const Tensor& x) {
  Tensor h = x;
  for (Sequential* scale : scales_) {
    const Tensor y = scale->initialize(h);
    if (scale != scales_.back()) h = math::slice(y, -1, 0, kept(scale->output_shape())[2]);
  }
  return forward(x).y.value();
}

std::string MultiScale::describe() const {
  return text("MultiScale, ", scales_.size(), " scales, ", input_, " -> ", output_);
}

}  // namespace bijou
