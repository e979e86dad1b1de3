#include "flows/coupling_laws.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

struct Halves {
  Variable first, second;
};
Halves halves(const Variable& m) {
  const int64_t half = m.shape()[-1] / 2;
  const auto parts = split(m, -1, {half, half});
  return {parts[0], parts[1]};
}

}  // namespace

// Additive coupling law: NICE section 3.2, g(a; b) = a + b
//
//   y2 = x2 + m          dy2/dx2 = I          log|det dy2/dx2| = 0          x2 = y2 - m
//
// The layer keeps volumes, whatever the network does.
FlowResult AdditiveLaw::forward(const Variable& x2, const Variable& m) const {
  // [NICE section 1: building block] [NICE section 3.2: additive law]
  return {x2 + m, constant_log_det(x2, 0)};
}

// [NICE section 1: inverse of the building block] [NICE section 3.2: inverse of the additive law]
Tensor AdditiveLaw::inverse(const Tensor& y2, const Tensor& m) const { return math::subtract(y2, m); }

MultiplicativeLaw::MultiplicativeLaw(std::unique_ptr<ScaleLaw> scale) : scale_(adopt("scale", std::move(scale))) {}

// Multiplicative coupling law: NICE section 3.2, g(a; b) = a * b with b != 0; here b = e^s, so that it cannot be 0
//
//   y2 = x2 * e^s          dy2/dx2 = diag(e^s)          log|det dy2/dx2| = sum_j s_j          x2 = y2 * e^-s
FlowResult MultiplicativeLaw::forward(const Variable& x2, const Variable& m) const {
  const Variable s = scale_(m);
  // [NICE section 3.2: multiplicative law]
  return {x2 * exp(s), sum_per_sample(s)};
}

Tensor MultiplicativeLaw::inverse(const Tensor& y2, const Tensor& m) const { return (y2 * exp(-scale_(m))).value(); }

AffineLaw::AffineLaw(std::unique_ptr<ScaleLaw> scale) : scale_(adopt("scale", std::move(scale))) {}

// Affine coupling: RealNVP sections 3.2-3.3, eqs. (4)-(8); NICE section 3.2's g(a; b) = a * b1 + b2; Glow table 1
//
//   y1 = x1                              dy/dx = [    I          0     ]      log|det dy/dx| = sum_j s(x1)_j
//   y2 = x2 * exp(s(x1)) + t(x1)                 [ dy2/dx1  diag(e^s) ]                              eqs. (5)-(6)
//
//   x2 = (y2 - t(y1)) * exp(-s(y1))                                                                  eq. (8)
//
// Departure: none. The released codes compute (x2 + t) * exp(s), the law below; here only to load their weights.
FlowResult AffineLaw::forward(const Variable& x2, const Variable& m) const {
  const auto [h, t] = halves(m);
  const Variable s = scale_(h);
  // [RealNVP eq. 5] [RealNVP eq. 6] [NICE section 3.2: affine law] [Glow eq. 8] [Glow table 1: affine coupling]
  return {affine_coupling(x2, s, t), sum_per_sample(s)};
}

Tensor AffineLaw::inverse(const Tensor& y2, const Tensor& m) const {
  const auto [h, t] = halves(m);
  // [RealNVP eq. 8] [Glow table 1: reverse of the affine coupling]
  return math::affine_coupling_inverse(y2, scale_(h).value(), t.value());
}

ShiftThenScaleLaw::ShiftThenScaleLaw(std::unique_ptr<ScaleLaw> scale) : scale_(adopt("scale", std::move(scale))) {}

// The released RealNVP and Glow codes' order: shift, then scale
//
//   y2 = (x2 + t) * e^s      dy2/dx2 = diag(e^s)      log|det dy2/dx2| = sum_j s_j      x2 = y2 * e^-s - t
FlowResult ShiftThenScaleLaw::forward(const Variable& x2, const Variable& m) const {
  const auto [h, t] = halves(m);
  const Variable s = scale_(h);
  return {(x2 + t) * exp(s), sum_per_sample(s)};
}

Tensor ShiftThenScaleLaw::inverse(const Tensor& y2, const Tensor& m) const {
  const auto [h, t] = halves(m);
  return (y2 * exp(-scale_(h)) - t).value();
}

// A learned prior as part of the bijection: when x2 ~ N(mu(x1), sigma(x1)^2) given x1, then z2 is standard normal
//
//   z2 = (x2 - mu) / sigma      dz2/dx2 = diag(1 / sigma)      log|det dz2/dx2| = -sum_j log sigma_j
//   x2 = mu + sigma * z2                                       m = (mu, log sigma)
//
// log N(x2; mu, sigma^2) = log N(z2; 0, I) - sum log sigma: so the prior of Glow's splits is a coupling, and a
// multi-scale model has one base, N(0, I).
FlowResult ConditionalNormalLaw::forward(const Variable& x2, const Variable& m) const {
  const auto [mu, log_sigma] = halves(m);
  // [Glow released code: learned prior of a split]
  return {(x2 - mu) * exp(-log_sigma), -sum_per_sample(log_sigma)};
}

Tensor ConditionalNormalLaw::inverse(const Tensor& z2, const Tensor& m) const {
  const auto [mu, log_sigma] = halves(m);
  return (mu + exp(log_sigma) * z2).value();
}

}  // namespace bijou
