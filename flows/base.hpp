// Base densities: what the latents of a model follow.
#pragma once
#include "nn/module.hpp"

namespace bijou::inline BIJOU_SCALAR {

// A density on latents z [N, D].
class Base : public Module {
 public:
  virtual Variable log_prob(const Variable& z) const = 0;                    // [N], in nats
  virtual Tensor sample(int64_t n, Rng& rng, double temperature) const = 0;  // [n, D]; temperature scales the deviation
};

// log N(z; 0, I) = -1/2 sum_d (z_d^2 + log 2 pi)          NICE section 3.4, the Gaussian prior; RealNVP, Glow
class StandardNormal : public Base {
 public:
  explicit StandardNormal(int64_t dimensions) : dimensions_(dimensions) {}
  Variable log_prob(const Variable& z) const override;
  Tensor sample(int64_t n, Rng& rng, double temperature) const override;
  std::string describe() const override { return text("StandardNormal in ", dimensions_, " dimensions"); }

 private:
  int64_t dimensions_;
};

// log p(z) = -sum_d [ log(1 + e^z_d) + log(1 + e^-z_d) ]          NICE section 3.4, the logistic prior
//
// The paper prefers it to the Gaussian: its gradient, -tanh(z / 2), is bounded.
class StandardLogistic : public Base {
 public:
  explicit StandardLogistic(int64_t dimensions) : dimensions_(dimensions) {}
  Variable log_prob(const Variable& z) const override;
  Tensor sample(int64_t n, Rng& rng, double temperature) const override;
  std::string describe() const override { return text("StandardLogistic in ", dimensions_, " dimensions"); }

 private:
  int64_t dimensions_;
};

// The class-conditional top prior of Glow: given the class y, the last latents are N(mu_y, sigma_y^2), with mu_y and
// log sigma_y learned; all other latents are standard normal. log_prob without labels is the density of z whatever
// its class, log sum_y p(z | y) p(y).
//
// Departures from the released code (`ycond`): there a class moves the channels, alike at all places; here each
// latent has its own mu_y, as a digit's class is about where its strokes are (as a classifier of the digits, 88%
// right against 51%). And that code also trains a classifier on the top latents, with weight 0.01; here the density
// itself is the classifier: p(y | x) by Bayes' rule.
class ClassConditionalNormal : public Base {
 public:
  // top: how many of the last latents depend on the class.
  ClassConditionalNormal(int64_t dimensions, int64_t top, int classes);
  int classes() const { return classes_; }
  void set_class_frequencies(std::span<const double> counts);  // p(y); uniform before

  Variable log_prob(const Variable& z) const override;
  Variable log_prob(const Variable& z, std::span<const int> labels) const;  // log p(z | y) [N]
  Variable log_joint(const Variable& z) const;                              // log p(z | y) p(y) for each y, [N, K]
  Tensor sample(int64_t n, Rng& rng, double temperature) const override;    // of classes by p(y)
  Tensor sample(std::span<const int> labels, Rng& rng, double temperature) const;
  std::string describe() const override;

 private:
  Variable log_conditional(const Variable& z) const;  // log p(z | y) for each y, [N, K]
  int64_t dimensions_, top_;
  int classes_;
  Variable &mu_, &log_sigma_;  // [K, top]
  Tensor& log_frequency_;      // [K]
};

}  // namespace bijou
