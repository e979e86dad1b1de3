// Training without files, a step at a time: the steps of Trainer (apps/trainer.cpp), for tests that look at them.
#pragma once
#include "apps/fit.hpp"
#include "apps/options.hpp"
#include "datasets/loader.hpp"
#include "nn/batch_statistics.hpp"
#include "nn/optimizer.hpp"

namespace bijou::inline BIJOU_SCALAR {

class ShortTraining {
 public:
  ShortTraining(const Dataset& data, const Preset& preset, int64_t steps, uint64_t seed)
      : settings_(preset.training),
        model_(build_flow(preset.model, seed)),
        loader_(data.train, data.levels, settings_.batch_size, seed),
        schedule_{.learning_rate = settings_.learning_rate, .total_steps = steps},
        optimizer_(*model_, {.clip_norm = settings_.clip_norm}),
        average_(*model_, settings_.average_decay) {
    fit_to_data(*model_, data, seed);
  }

  // The average -log p(x) of the next batch, in nats, before the weights move.
  double step() {
    const Batch batch = loader_.batch(step_);
    Tape tape;
    const BatchStatistics batch_moments;
    Variable nll, loss;
    {
      const Tape::Recording on(tape);
      nll = -mean(model_->has_classes() ? model_->log_prob(batch.x, batch.labels) : model_->log_prob(batch.x));
      loss = settings_.weight_norm_l2 > 0 ? nll + weight_norm_penalty(*model_) * settings_.weight_norm_l2 : nll;
    }
    tape.backward(loss);
    optimizer_.step(schedule_.at(step_++));
    batch_moments.commit(settings_.batch_norm_momentum);
    average_.update();
    return nll.item();
  }

  std::vector<double> steps(int64_t count) {
    std::vector<double> nll;
    for (int64_t i = 0; i < count; ++i) nll.push_back(step());
    return nll;
  }

  FlowModel& model() { return *model_; }
  MovingAverage& average() { return average_; }

 private:
  TrainSettings settings_;
  std::unique_ptr<FlowModel> model_;
  Loader loader_;
  Schedule schedule_;
  Adam optimizer_;
  MovingAverage average_;
  int64_t step_ = 0;
};

}  // namespace bijou
