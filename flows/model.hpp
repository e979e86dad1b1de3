// A model is a bijection and a base density on its latents.
//
// Threads may share one: its const functions (each thread with an Rng of its own), and Tape::gradients with respect to x
// (each with a Tape of its own, Memory::stored), give the bytes that they give one thread. What writes the model wants
// it alone: backward() into its parameters, optimisers, BatchStatistics::commit, functions that are not const.
#pragma once
#include "flows/base.hpp"
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

class FlowModel : public Module {
 public:
  FlowModel(std::string title, std::unique_ptr<Flow> bijection, std::unique_ptr<Base> base);

  // log p(x) = log p_Z(f(x)) + log|det df/dx|     RealNVP eqs. (2)-(3)     [N], in nats
  Variable log_prob(const Variable& x) const;
  Tensor sample(int64_t n, Rng& rng, double temperature = 1) const;  // g(z), z from the base
  Tensor score(const Tensor& x) const;                               // d log p(x) / d x, example by example

  // Of models with a class-conditional base. ValueError for the others, and for a class that is none.
  bool has_classes() const { return conditional_ != nullptr; }
  int classes() const { return conditional_ ? conditional_->classes() : 0; }
  Variable log_prob(const Variable& x, std::span<const int> labels) const;  // log p(x | y)
  Variable log_joint(const Variable& x) const;                              // log p(x | y) p(y), [N, K]
  Tensor sample(std::span<const int> labels, Rng& rng, double temperature = 1) const;
  void set_class_frequencies(std::span<const double> counts);

  const Flow& bijection() const { return bijection_; }
  Flow& bijection() { return bijection_; }
  const Base& base() const { return base_; }
  const std::string& title() const { return title_; }
  std::string describe() const override { return title_; }

 private:
  ClassConditionalNormal& conditional() const;
  std::string title_;
  Flow& bijection_;
  Base& base_;
  ClassConditionalNormal* conditional_;  // base_, when it is one
};

// nats -> bits per dimension: -log_prob / (D ln 2).
double bits_per_dim(double nll_nats, int64_t dimensions);

}  // namespace bijou
