#include "nn/actnorm.hpp"

#include "nn/scale.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

ActNorm::ActNorm(int64_t channels)
    : log_s_(parameter("log_s", Tensor::zeros({channels}))), b_(parameter("b", Tensor::zeros({channels}))) {}

Variable ActNorm::s() const { return nonzero_scale(exp(log_s_), *this); }

Variable ActNorm::operator()(const Variable& x) const {
  const Variable y = channel_affine(x, s(), b_);
  FiniteWatch::see(*this, y);
  return y;
}

// s = 1 / sd,   b = -mean / sd
Tensor ActNorm::initialize(const Tensor& x) {
  const auto [mean, variance] = math::moments(x);
  Tensor log_s(mean.shape()), b(mean.shape());
  for (size_t c = 0; c < mean.data().size(); ++c) {
    const double v = variance.data()[c];
    if (v < kVarianceFloor) {
      warn("ActNorm ", path(), ": channel ", c, " is constant in the data that it starts from (variance ", v,
           "); its scale starts from a variance of ", kVarianceFloor);
    }
    const double sd = std::sqrt(std::max(v, kVarianceFloor));
    // [Glow section 3.1: data-dependent initialisation]
    log_s.mutable_data()[c] = static_cast<Real>(-std::log(sd));
    b.mutable_data()[c] = static_cast<Real>(-mean.data()[c] / sd);
  }
  log_s_.set_value(log_s);
  b_.set_value(b);
  return (*this)(Variable(x)).value();
}

}  // namespace bijou
