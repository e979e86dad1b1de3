#include "flows/model.hpp"

#include <cmath>
#include <numbers>

namespace bijou::inline BIJOU_SCALAR {

Variable StandardNormal::log_prob(const Variable& z) const {
  return sum_per_sample(square(z) + std::log(2 * std::numbers::pi)) * -0.5;
}

Tensor StandardNormal::sample(int64_t n, Rng& rng, double temperature) const {
  require(temperature >= 0, "StandardNormal::sample", "the temperature must not be negative, got ", temperature);
  return math::scale_offset(Tensor::randn({n, dimensions_}, rng), temperature, 0);
}

FlowModel::FlowModel(std::string title, std::unique_ptr<Flow> bijection, std::unique_ptr<Base> base)
    : title_(std::move(title)),
      bijection_(adopt("flow", std::move(bijection))),
      base_(adopt("base", std::move(base))) {}

Variable FlowModel::log_prob(const Variable& x) const {
  const auto [z, log_det] = bijection_.forward(x);
  return base_.log_prob(z) + log_det;
}

Tensor FlowModel::sample(int64_t n, Rng& rng, double temperature) const {
  return bijection_.inverse(base_.sample(n, rng, temperature));
}

double bits_per_dim(double nll_nats, int64_t dimensions) {
  return nll_nats / (static_cast<double>(dimensions) * std::numbers::ln2);
}

}  // namespace bijou
