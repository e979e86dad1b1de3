// Batch normalisation as a flow: RealNVP section 3.7, eqs. (17)-(18).
#pragma once
#include "flows/flow.hpp"
#include "nn/batch_statistics.hpp"

namespace bijou::inline BIJOU_SCALAR {

class BatchNormFlow : public Flow {
 public:
  explicit BatchNormFlow(const Shape& input, double eps = 1e-4);
  std::string describe() const override { return text("BatchNormFlow, eps ", eps_); }
  std::string equation() const override { return "y = (x - mu) / sqrt(v + eps)    RealNVP eqs. (17)-(18)"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  double eps_;
  RunningMoments& statistics_;
};

}  // namespace bijou
