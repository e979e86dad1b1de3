// Fixed permutations of the channels: what the 1x1 convolution generalises. Glow section 3.2 compares it with
// `reverse` (as NICE and RealNVP's alternation has it) and with a random `shuffle` (section 5.1, figure 3).
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

//   y[.., c] = x[.., order[c]]      dy/dx a permutation matrix      log|det dy/dx| = 0      x[.., order[c]] = y[.., c]
class Permutation : public Flow {
 public:
  Permutation(const Shape& input, std::vector<int64_t> order);
  static std::vector<int64_t> reversed(int64_t channels);
  static std::vector<int64_t> shuffled(int64_t channels, Rng& rng);
  std::string describe() const override { return text("Permutation of ", input_[-1], " channels"); }
  std::string equation() const override { return "y_c = x_order(c)    Glow section 3.2"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  Tensor& order_;  // saved with the model
};

// A permutation 0 .. n-1 that is kept in a tensor, as whole numbers. CheckpointError names the module when it is none.
std::vector<int64_t> as_permutation(const Tensor& order, const Module& owner);
std::vector<int64_t> inverse_permutation(const std::vector<int64_t>& order);

}  // namespace bijou
