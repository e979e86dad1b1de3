#include "flows/model.hpp"

#include <numbers>

namespace bijou::inline BIJOU_SCALAR {

FlowModel::FlowModel(std::string title, std::unique_ptr<Flow> bijection, std::unique_ptr<Base> base)
    : title_(std::move(title)),
      bijection_(adopt("flow", std::move(bijection))),
      base_(adopt("base", std::move(base))),
      conditional_(dynamic_cast<ClassConditionalNormal*>(&base_)) {}

Variable FlowModel::log_prob(const Variable& x) const {
  const auto [z, log_det] = bijection_.forward(x);
  // [NICE eq. 1] [NICE section 2: criterion] [RealNVP eq. 2] [RealNVP eq. 3] [Glow eq. 6]
  return base_.log_prob(z) + log_det;
}

Tensor FlowModel::sample(int64_t n, Rng& rng, double temperature) const {
  // [RealNVP eq. 1] [NICE section 1: sampling] [Glow eq. 4]
  return bijection_.inverse(base_.sample(n, rng, temperature));
}

Tensor FlowModel::score(const Tensor& x) const {
  const Variable leaf(x, true);
  Tape tape;
  Variable log_p;
  {
    const Tape::Recording on(tape);
    log_p = log_prob(leaf);
  }
  return tape.gradients({log_p}, {Tensor::full(log_p.shape(), 1)}, {leaf})[0];
}

ClassConditionalNormal& FlowModel::conditional() const {
  require(conditional_ != nullptr, "FlowModel", title_, " knows no classes: its base is a ", base_.describe());
  return *conditional_;
}

Variable FlowModel::log_prob(const Variable& x, std::span<const int> labels) const {
  const ClassConditionalNormal& base = conditional();
  const auto [z, log_det] = bijection_.forward(x);
  return base.log_prob(z, labels) + log_det;
}

Variable FlowModel::log_joint(const Variable& x) const {
  const ClassConditionalNormal& base = conditional();
  const auto [z, log_det] = bijection_.forward(x);
  return base.log_joint(z) + reshape(log_det, {x.shape()[0], 1});
}

Tensor FlowModel::sample(std::span<const int> labels, Rng& rng, double temperature) const {
  return bijection_.inverse(conditional().sample(labels, rng, temperature));
}

void FlowModel::set_class_frequencies(std::span<const double> counts) { conditional().set_class_frequencies(counts); }

double bits_per_dim(double nll_nats, int64_t dimensions) {
  return nll_nats / (static_cast<double>(dimensions) * std::numbers::ln2);
}

}  // namespace bijou
