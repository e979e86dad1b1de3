// Glow's learned top prior, z ~ N(mu, sigma^2), as the last layer of the bijection: see coupling_laws.cpp,
// ConditionalNormalLaw, for why. Released code, `learntop`; the paper does not mention it.
#pragma once
#include "flows/flow.hpp"
#include "nn/networks.hpp"

namespace bijou::inline BIJOU_SCALAR {

class LearnedPrior : public Flow {
 public:
  // (mu, log sigma) for each channel: parameters.
  explicit LearnedPrior(const Shape& input);
  // (mu, log sigma) = network(0): the released code convolves an image of zeros, so that what its padding adds can
  // differ between the border and the inside.
  LearnedPrior(const Shape& input, std::unique_ptr<Network> network);
  std::string describe() const override { return "LearnedPrior"; }
  std::string equation() const override { return "z = (x - mu) / sigma    Glow's learned top prior"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& z) const override;

 private:
  struct Moments {
    Variable mu, log_sigma;  // [1, input]: one for each value, so that their sum is the log-determinant
  };
  Moments moments() const;
  Network& network_;
};

}  // namespace bijou
