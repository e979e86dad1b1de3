// A step of training: what Trainer repeats (trainer.hpp), and `bijou train --dry-run` tries (rehearsal.hpp).
#pragma once
#include "apps/options.hpp"
#include "datasets/loader.hpp"
#include "nn/optimizer.hpp"

namespace bijou::inline BIJOU_SCALAR {

class TrainingStep {
 public:
  TrainingStep(FlowModel& model, const TrainSettings& settings, uint64_t seed);

  struct Report {
    double nll;  // nats per example, before the weights moved
    double gradient_norm;
    bool clipped;
  };
  Report take(const Batch& batch, double learning_rate);  // NonFiniteError: the loss or a gradient
  struct Loss {
    Variable nll, total;  // total: with the penalty of weight normalisation
  };
  Loss loss(const Batch& batch) const;
  Tensor input_of(const Batch& batch) const;  // what the model sees of the batch: some images flipped
  Optimizer& optimizer() { return *optimizer_; }
  MovingAverage& average() { return average_; }

 private:
  FlowModel& model_;
  const TrainSettings& settings_;
  uint64_t seed_;
  std::unique_ptr<Optimizer> optimizer_;
  MovingAverage average_;
};

}  // namespace bijou
