// The multi-scale architecture as one bijection: RealNVP section 3.6, eqs. (13)-(16) and figure 4.
#pragma once
#include "flows/sequential.hpp"

namespace bijou::inline BIJOU_SCALAR {

class MultiScale : public Flow {
 public:
  // One flow for each scale, from what it takes and its number. After each but the last, the second half of the
  // channels is factored out: scale i + 1 takes the first half of what scale i gives.
  using Build = std::function<std::unique_ptr<Sequential>(const Shape& input, int scale, bool last)>;
  MultiScale(const Shape& input, int scales, const Build& build);
  static Shape kept(const Shape& image);  // what the next scale sees of a scale's output
  std::string describe() const override;
  std::string equation() const override { return "z = (z_1, ..., z_L)    RealNVP eqs. (13)-(16)"; }
  Tensor initialize(const Tensor& x) override;
  bool composite() const override { return true; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;
  FlowResult keep_less(const Variable& x) const override { return transform(x); }  // each scale is a chain

 private:
  std::vector<Sequential*> scales_;
};

}  // namespace bijou
