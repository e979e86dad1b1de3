// ActNorm as a flow: Glow section 3.1 and table 1, first row.
#pragma once
#include "flows/flow.hpp"
#include "nn/actnorm.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Of images [H, W, C], or of vectors [D] (then h = w = 1, C = D).
class ActNormFlow : public Flow {
 public:
  explicit ActNormFlow(const Shape& input) : Flow(input, input), affine_(child<ActNorm>("affine", input[-1])) {}
  Tensor initialize(const Tensor& x) override { return affine_.initialize(x); }
  std::string describe() const override { return "ActNormFlow"; }
  std::string equation() const override { return "y = s x + b per channel    Glow table 1"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  ActNorm& affine_;
};

}  // namespace bijou
