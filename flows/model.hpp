// A model is a bijection and a base density on its latents.
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

// A density on latents z [N, D].
class Base : public Module {
 public:
  virtual Variable log_prob(const Variable& z) const = 0;                    // [N], in nats
  virtual Tensor sample(int64_t n, Rng& rng, double temperature) const = 0;  // [n, D]; temperature scales the deviation
};

// log N(z; 0, I) = -1/2 sum_d (z_d^2 + log 2 pi)
class StandardNormal : public Base {
 public:
  explicit StandardNormal(int64_t dimensions) : dimensions_(dimensions) {}
  Variable log_prob(const Variable& z) const override;
  Tensor sample(int64_t n, Rng& rng, double temperature) const override;
  std::string describe() const override { return text("StandardNormal in ", dimensions_, " dimensions"); }

 private:
  int64_t dimensions_;
};

class FlowModel : public Module {
 public:
  FlowModel(std::string title, std::unique_ptr<Flow> bijection, std::unique_ptr<Base> base);

  // log p(x) = log p_Z(f(x)) + log|det df/dx|     RealNVP eqs. (2)-(3)     [N], in nats
  Variable log_prob(const Variable& x) const;
  Tensor sample(int64_t n, Rng& rng, double temperature = 1) const;  // g(z), z from the base

  const Flow& bijection() const { return bijection_; }
  Flow& bijection() { return bijection_; }
  const Base& base() const { return base_; }
  std::string describe() const override { return title_; }

 private:
  std::string title_;
  Flow& bijection_;
  Base& base_;
};

// nats -> bits per dimension: -log_prob / (D ln 2).
double bits_per_dim(double nll_nats, int64_t dimensions);

}  // namespace bijou
