// Activation normalisation: Glow section 3.1. A scale and an offset for each channel that start from data.
#pragma once
#include "nn/module.hpp"

namespace bijou::inline BIJOU_SCALAR {

// y = s * x + b per channel, s = exp(log_s) and b learned.
//
// initialize() sets them so that each channel of the given batch comes out with mean 0 and variance 1; forward never
// does. So nothing can initialise them twice: a loaded model has the weights of its file, and that is all.
//
// The parameter is log s, as in the released code: s cannot change its sign, and a step changes it by a ratio.
// Departure from that code: it computes (x + b) * exp(3 logs); the factor 3 only makes its learning rate for logs
// three times as large.
class ActNorm : public Module {
 public:
  explicit ActNorm(int64_t channels);
  Variable operator()(const Variable& x) const;  // [N, ..., C]
  // From the moments over all axes but the last. A channel whose variance is below kVarianceFloor gets the floor's
  // scale, and a warning names it: is it constant in these data?
  Tensor initialize(const Tensor& x);
  static constexpr double kVarianceFloor = 1e-7;

  const Variable& log_s() const { return log_s_; }
  Variable s() const;  // NonFiniteError when a channel's scale is zero or not finite: no inverse
  const Variable& b() const { return b_; }
  std::string describe() const override { return text("ActNorm, ", log_s_.shape()[0], " channels"); }

 private:
  Variable &log_s_, &b_;
};

}  // namespace bijou
