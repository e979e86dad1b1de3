#include "apps/training_step.hpp"

#include "nn/batch_statistics.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Each image mirrored left to right with probability 1/2, by a draw of its own for each epoch.
Tensor flipped(const Batch& batch, uint64_t seed) {
  const Shape s = batch.x.shape();
  Tensor out = batch.x.clone();
  auto values = out.mutable_data();
  for (int64_t n = 0; n < s[0]; ++n) {
    Rng rng(seed, stream("flip", static_cast<uint64_t>(batch.epoch), static_cast<uint64_t>(batch.index[n])));
    if (rng.uniform() < 0.5) continue;
    for (int64_t row = n * s[1]; row < (n + 1) * s[1]; ++row) {
      for (int64_t j = 0; j < s[2]; ++j) {
        const Real* from = batch.x.data().data() + (row * s[2] + s[2] - 1 - j) * s[3];
        std::copy_n(from, s[3], values.begin() + (row * s[2] + j) * s[3]);
      }
    }
  }
  return out;
}

std::unique_ptr<Optimizer> make_optimizer(const FlowModel& model, const TrainSettings& s) {
  const OptimizerOptions options{
      .beta1 = s.beta1, .beta2 = s.beta2, .eps = s.eps, .clip_norm = s.clip_norm, .weight_decay = s.weight_decay};
  if (s.rule == TrainSettings::Rule::adamax) return std::make_unique<Adamax>(model, options);
  return std::make_unique<Adam>(model, options);
}

}  // namespace

TrainingStep::TrainingStep(FlowModel& model, const TrainSettings& settings, uint64_t seed)
    : model_(model),
      settings_(settings),
      seed_(seed),
      optimizer_(make_optimizer(model, settings)),
      average_(model, settings.average_decay) {}

Tensor TrainingStep::input_of(const Batch& batch) const {
  return settings_.horizontal_flips ? flipped(batch, seed_) : batch.x;
}

// loss = -1/N sum_n log p(x_n) + l2 * (sum of squared weight-norm gains), in nats per example; of a class-conditional
// model log p(x_n | y_n).
TrainingStep::Loss TrainingStep::loss(const Batch& batch) const {
  const Tensor x = input_of(batch);
  // [Glow eq. 1]
  const Variable nll = -mean(model_.has_classes() ? model_.log_prob(x, batch.labels) : model_.log_prob(x));
  return {nll, settings_.weight_norm_l2 > 0 ? nll + weight_norm_penalty(model_) * settings_.weight_norm_l2 : nll};
}

TrainingStep::Report TrainingStep::take(const Batch& batch, double learning_rate) {
  Tape tape;
  const BatchStatistics batch_moments;
  const auto [nll, loss] = [&] {
    const Tape::Recording on(tape);
    return this->loss(batch);
  }();
  if (!std::isfinite(loss.item())) fail<NonFiniteError>("the loss is ", std::isnan(loss.item()) ? NAN : loss.item());
  tape.backward(loss);
  const auto report = optimizer_->step(learning_rate);
  batch_moments.commit(settings_.batch_norm_momentum);
  average_.update();
  return {nll.item(), report.gradient_norm, report.clipped};
}

}  // namespace bijou
