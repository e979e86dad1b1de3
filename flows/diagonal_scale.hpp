// The diagonal scaling layer S on top of NICE: section 3.3, "allowing rescaling".
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Of vectors [D].
class DiagonalScale : public Flow {
 public:
  // identity: S starts as I, as in the paper. data: initialize() makes each dimension's variance over the batch that of
  // a standard normal, 1; not in the paper.
  enum class From { identity, data };
  explicit DiagonalScale(const Shape& input, From from = From::identity);
  Tensor initialize(const Tensor& x) override;
  // sigma_d = 1 / S_dd in falling order: the paper's figure of how much each dimension varies (section 3.3).
  std::vector<double> spectrum() const;
  std::string describe() const override { return "DiagonalScale"; }
  std::string equation() const override { return "h = exp(s) x    NICE section 3.3"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  Variable scale() const;  // the diagonal of S
  From from_;
  Variable& s_;
};

}  // namespace bijou
