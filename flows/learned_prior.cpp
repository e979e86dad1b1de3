#include "flows/learned_prior.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// The same numbers whatever it is asked.
class Constant : public Network {
 public:
  explicit Constant(int64_t channels)
      : channels_(channels), value_(parameter("value", Tensor::zeros({2 * channels}))) {}
  Variable operator()(const Variable& x) const override {
    Shape s = x.shape();
    return Variable(Tensor::zeros(s.with(s.rank() - 1, 2 * channels_))) + value_;
  }
  std::string describe() const override { return "constant"; }

 private:
  int64_t channels_;
  Variable& value_;
};

}  // namespace

LearnedPrior::LearnedPrior(const Shape& input) : LearnedPrior(input, std::make_unique<Constant>(input[-1])) {}

LearnedPrior::LearnedPrior(const Shape& input, std::unique_ptr<Network> network)
    : Flow(input, input), network_(adopt("net", std::move(network))) {}

LearnedPrior::Moments LearnedPrior::moments() const {
  Shape one{1};
  for (const int64_t d : input_) one.append(d);
  const auto parts = split(network_(Tensor::zeros(one)), -1, {input_[-1], input_[-1]});
  return {parts[0], parts[1]};
}

// A learned prior as a layer                                              mu, sigma the same for all examples
//
//   z = (x - mu) / sigma        dz/dx = diag(1 / sigma)        log|det dz/dx| = -sum log sigma        x = mu + sigma z
//
// The sum is over all h w C values; with a sigma for each channel, that is -h w sum_c log sigma_c.
FlowResult LearnedPrior::transform(const Variable& x) const {
  const auto [mu, log_sigma] = moments();
  // [Glow released code: learned top prior]
  return {(x - mu) * exp(-log_sigma), constant_log_det(x, 0) - sum(log_sigma)};
}

Tensor LearnedPrior::invert(const Tensor& z) const {
  const auto [mu, log_sigma] = moments();
  return (mu + exp(log_sigma) * z).value();
}

}  // namespace bijou
