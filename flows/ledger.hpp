// The ledger: the terms whose sum is -log p(x), so that a figure can be compared with another one term by term.
//
//   -log p(x) = -log p_Z(z)  - sum_k log|det df_k|  + D log levels
//                prior, by scale   each kind of layer, preprocessing   quantisation
//
// The prior of a scale is the density of the latents that leave there, with Glow's learned mean and deviation (which
// are a layer here, flows/coupling_laws.cpp). Quantisation is what the step from integers 0 .. levels-1 to [0, 1)
// costs: its log2(levels) bits/dim are those of a model that is uniform on [0, 1].
#pragma once
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

// A mean over examples, and its standard error: the examples' deviation / sqrt(n); NaN of a single one.
struct Estimate {
  double mean = 0, error = 0;
};
Estimate estimate(const std::vector<double>& values);

class Ledger {
 public:
  struct Term {
    std::string name;
    std::vector<double> nats;  // what it adds to each example's -log p(x)
  };
  explicit Ledger(int64_t examples) : examples_(static_cast<size_t>(examples)) {}

  // Adds `weight` times the terms of the examples x, of which the first one is number `first`.
  void enter(const FlowModel& model, const Tensor& x, int levels, int64_t first, double weight = 1);

  const std::vector<Term>& terms() const { return terms_; }  // as listed above; those of layers as x meets them
  Estimate total() const;                                    // of -log p(x)
  Estimate behind_preprocessing() const;                     // of -log p of what the preprocessing makes of x

 private:
  Estimate sum_of(const std::function<bool(const Term&)>& counts) const;
  void add(const std::string& name, const std::vector<double>& log_p, int64_t first, double weight);
  size_t examples_;
  std::vector<Term> terms_;
};

}  // namespace bijou
