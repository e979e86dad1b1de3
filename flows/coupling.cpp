#include "flows/coupling.hpp"

namespace bijou::inline BIJOU_SCALAR {

AffineCoupling::AffineCoupling(const Shape& input, std::unique_ptr<Partition> partition,
                               std::unique_ptr<Network> network, std::unique_ptr<ScaleLaw> law)
    : Flow(input, input),
      partition_(std::move(partition)),
      network_(adopt("net", std::move(network))),
      law_(adopt("scale", std::move(law))) {}

// One network gives both: the first half of its output channels is h, from which the law makes s; the second half
// is t.
AffineCoupling::ScaleAndShift AffineCoupling::scale_and_shift(const Variable& x1) const {
  const Variable outputs = partition_->select(network_(partition_->embed(x1)));
  const int64_t half = outputs.shape()[-1] / 2;
  const auto h_and_t = split(outputs, -1, {half, half});
  return {law_(h_and_t[0]), h_and_t[1]};
}

// Affine coupling: RealNVP section 3.2-3.3, eqs. (4)-(8)                x = (x1, x2) by partition_
//
//   y1 = x1                              dy/dx = [    I          0     ]      log|det dy/dx| = sum_j s(x1)_j
//   y2 = x2 * exp(s(x1)) + t(x1)                 [ dy2/dx1  diag(e^s) ]                              eqs. (5)-(6)
//
//   x2 = (y2 - t(y1)) * exp(-s(y1))                                                                  eq. (8)
//
// Departure: none. The released code computes (x2 + t) * exp(s), with the same determinant; rejected, to stay with
// eq. (5).
FlowResult AffineCoupling::transform(const Variable& x) const {
  const auto [x1, x2] = partition_->split(x);
  const auto [s, t] = scale_and_shift(x1);
  return {partition_->merge(x1, x2 * exp(s) + t), sum_per_sample(s)};
}

Tensor AffineCoupling::invert(const Tensor& y) const {
  const auto [y1, y2] = partition_->split(y);
  const auto [s, t] = scale_and_shift(y1);
  return partition_->merge(y1, (y2 - t) * exp(-s)).value();
}

std::string AffineCoupling::describe() const { return text("AffineCoupling by ", partition_->describe()); }

}  // namespace bijou
