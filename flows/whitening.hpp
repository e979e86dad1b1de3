// Whitening as a flow, with its log-determinant: NICE section 5.1 whitens natural images before the couplings.
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Exact ZCA whitening of vectors [D], by the moments of the training part (constants, saved with the model): SVHN and
// CIFAR-10 in the paper. The paper does not say whether it counts this layer's log-determinant; here all layers' are
// counted, so that the density is that of the pixels.
class ZCA : public Flow {
 public:
  explicit ZCA(const Shape& input);
  // The mean [D] and the covariance [D, D], row-major. Variances below `floor` times the largest are raised to that,
  // and a warning says how many: the data lie (almost) in a subspace.
  void set(std::span<const double> mean, std::span<const double> covariance, double floor = 1e-7);
  std::string describe() const override { return "ZCA whitening"; }
  std::string equation() const override { return "y = E diag(lambda)^-1/2 E' (x - m)    NICE section 5.1"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  Tensor &mean_, &basis_, &variance_;
};

// Approximate whitening, learned: TFD in the paper. Trained together with the rest here; the paper trains it first, by
// itself, under a Gaussian prior.
class TriangularWhitening : public Flow {
 public:
  explicit TriangularWhitening(const Shape& input);
  std::string describe() const override { return "TriangularWhitening"; }
  std::string equation() const override { return "y = L x + b    NICE section 5.1"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  Variable l() const;
  Variable &below_, &log_diagonal_, &b_;
  Tensor strictly_lower_;
};

}  // namespace bijou
