#include "nn/optimizer.hpp"

#include "autograd/profile.hpp"

#include <cmath>
#include <numbers>
#include <utility>

namespace bijou::inline BIJOU_SCALAR {

Optimizer::Optimizer(const Module& model, OptimizerOptions options) : options_(options) {
  for (const auto& p : model.parameters()) {
    entries_.push_back({p.name, p.variable, Tensor::zeros(p.variable->shape()), Tensor::zeros(p.variable->shape()),
                        p.role == Module::Role::weight});
  }
}

void Optimizer::clear_gradients() {
  for (Entry& e : entries_) e.parameter->clear_gradient();
}

SavedState Optimizer::state() {
  SavedState s{{}, &t_};
  for (Entry& e : entries_) {
    s.tensors.emplace_back("first." + e.name, &e.first);
    s.tensors.emplace_back("second." + e.name, &e.second);
  }
  return s;
}

Optimizer::Report Optimizer::step(double learning_rate) {
  std::vector<math::Parameter> used;  // those that a gradient flowed to
  for (Entry& e : entries_) {
    const Tensor g = e.parameter->gradient();
    const double keep = e.decays ? 1 - learning_rate * options_.weight_decay : 1;
    if (g.defined()) used.push_back({g, &e.first, &e.second, &e.parameter->mutable_value(), keep});
  }
  const double norm = std::sqrt(math::sum_squares_of_gradients(used));
  if (!std::isfinite(norm)) fail<NonFiniteError>(name(), ": the gradient is not finite");
  const bool clipped = options_.clip_norm > 0 && norm > options_.clip_norm;
  update({++t_, learning_rate, clipped ? options_.clip_norm / norm : 1}, used);
  clear_gradients();
  Profile::report(name(), Profile::Phase::step);
  return {norm, clipped};
}

void Adam::update(const Step& step, std::span<const math::Parameter> parameters) const {
  const math::AdamRule rule{.beta1 = options_.beta1,
                            .beta2 = options_.beta2,
                            .rate = step.learning_rate / (1 - std::pow(options_.beta1, step.t)),
                            .root_correction = 1 / std::sqrt(1 - std::pow(options_.beta2, step.t)),
                            .eps = options_.eps,
                            .gradient_scale = step.gradient_scale};
  math::adam(rule, parameters);
}

void Adamax::update(const Step& step, std::span<const math::Parameter> parameters) const {
  const double correction = std::sqrt(1 - std::pow(options_.beta2, step.t)) / (1 - std::pow(options_.beta1, step.t));
  const math::AdamaxRule rule{.beta1 = options_.beta1,
                              .beta2 = options_.beta2,
                              .rate = step.learning_rate * correction,
                              .eps = options_.eps,
                              .gradient_scale = step.gradient_scale};
  math::adamax(rule, parameters);
}

Variable weight_norm_penalty(const Module& model) {
  Variable total = Tensor::scalar(0);
  for (const auto& p : model.parameters()) {
    if (p.role == Module::Role::weight_norm_gain) total = total + sum(square(*p.variable));
  }
  return total;
}

double Schedule::at(int64_t step) const {
  const double s = static_cast<double>(step), warm = static_cast<double>(warmup_steps);
  if (s < warm) return learning_rate * (s + 1) / (warm + 1);
  if (kind == Kind::constant) return learning_rate;
  if (kind == Kind::step) return learning_rate * std::pow(factor, step / every);
  const double done = (s - warm) / std::max(1.0, static_cast<double>(total_steps) - warm);
  return learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, done)));
}

namespace {

// Rounding an average of equal numbers can change them: an index of 3 must not become 2.9999998.
std::vector<Module::NamedBuffer> moving_buffers(const Module& model) {
  std::vector<Module::NamedBuffer> moving;
  for (const auto& b : model.buffers()) {
    if (!b.constant) moving.push_back(b);
  }
  return moving;
}

}  // namespace

MovingAverage::MovingAverage(const Module& model, double decay) : model_(model), decay_(decay) {
  for (const auto& p : model.parameters()) parameters_.push_back(p.variable->value().clone());
  for (const Module::NamedBuffer& b : moving_buffers(model)) buffers_.push_back(b.tensor->clone());
}

void MovingAverage::update() {
  const double t = static_cast<double>(t_++), d = std::min(decay_, (1 + t) / (10 + t));
  std::vector<math::Average> all;
  const auto parameters = model_.parameters();
  for (size_t i = 0; i < parameters.size(); ++i)
    all.push_back({&parameters_[i], &parameters[i].variable->mutable_value()});
  const auto buffers = moving_buffers(model_);
  for (size_t i = 0; i < buffers.size(); ++i) all.push_back({&buffers_[i], buffers[i].tensor});
  math::move_averages(all, 1 - d);
}

SavedState MovingAverage::state() {
  SavedState s{{}, &t_};
  const auto parameters = model_.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) s.tensors.emplace_back(parameters[i].name, &parameters_[i]);
  const auto buffers = moving_buffers(model_);
  for (size_t i = 0; i < buffers.size(); ++i) s.tensors.emplace_back(buffers[i].name, &buffers_[i]);
  return s;
}

void MovingAverage::exchange() {
  const auto parameters = model_.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) std::swap(parameters_[i], parameters[i].variable->mutable_value());
  const auto buffers = moving_buffers(model_);
  for (size_t i = 0; i < buffers.size(); ++i) std::swap(buffers_[i], *buffers[i].tensor);
}

}  // namespace bijou
