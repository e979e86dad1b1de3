// Preprocessing as flows: with their log-determinants counted like any other layer's, the density that a model
// reports is that of the data as they came, and bits/dim = -log p(x) / (D ln 2) holds without further constants.
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Integers 0 .. levels-1, dequantised to x + u with u in [0, 1), onto [low, high):
//
//   y = low + a x,  a = (high - low) / levels        dy/dx = a I        log|det dy/dx| = D log a        x = (y - low) / a
//
// high is 1; low is 0, or -1 as in NICE's experiments on CIFAR-10. Glow's code takes [-1/2, 1/2).
class Rescale : public Flow {
 public:
  Rescale(const Shape& input, int levels, double low = 0, double high = 1);
  std::string describe() const override { return text("Rescale 0..", levels_, " to ", low_, "..", high_); }
  std::string equation() const override { return "y = low + a x"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  int levels_;
  double low_, high_, a_;
};

// RealNVP section 4.1: the density is modelled in logit space, p pulled into (alpha, 1 - alpha) first.
//
//   p = alpha + (1 - 2 alpha) x      y = logit(p) = log p - log(1 - p)      x = (sigmoid(y) - alpha) / (1 - 2 alpha)
//   dy/dx = diag( (1 - 2 alpha) / (p (1 - p)) )
//   log|det dy/dx| = sum_i [ log(1 - 2 alpha) + softplus(y_i) + softplus(-y_i) ]        as p = sigmoid(y)
//
// Departure: the paper prints logit(alpha + (1 - alpha) x), which is infinite at x = 1; the released code uses the
// symmetric form above (0.05 + 0.9 x), and so does everyone: adopted.
class Logit : public Flow {
 public:
  Logit(const Shape& input, double alpha);
  std::string describe() const override { return text("Logit, alpha ", alpha_); }
  std::string equation() const override { return "y = logit(alpha + (1 - 2 alpha) x)    RealNVP section 4.1"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  double alpha_;
};

// Columns of a table to mean 0 and standard deviation 1, by the training part's moments (constants: saved with the
// model, never averaged):
//
//   y = (x - m) / sd        dy/dx = diag(1 / sd)        log|det dy/dx| = -sum_i log sd_i        x = sd y + m
class Standardize : public Flow {
 public:
  explicit Standardize(const Shape& input);
  void set(std::span<const double> mean, std::span<const double> deviation);
  std::string describe() const override { return "Standardize"; }
  std::string equation() const override { return "y = (x - m) / sd"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  Tensor &mean_, &deviation_;
};

}  // namespace bijou
