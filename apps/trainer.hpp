// The training loop (Trainer::run, one screenful), and what happens at the end of an epoch.
#pragma once
#include "apps/density.hpp"
#include "apps/options.hpp"
#include "apps/pictures.hpp"
#include "apps/progress.hpp"
#include "apps/run_folder.hpp"
#include "apps/training_step.hpp"

#include <cmath>
#include <map>

namespace bijou::inline BIJOU_SCALAR {

class Trainer {
 public:
  // metadata: what every checkpoint says of itself, beside epoch and step.
  Trainer(FlowModel& model, const FlowConfig& config, const Dataset& data, const TrainSettings& settings, int64_t steps,
          uint64_t seed, RunFolder& folder, std::map<std::string, std::string> metadata);

  struct Outcome {
    std::vector<CurvePoint> history;
    int64_t best_epoch = 0;
    bool interrupted = false;  // by Ctrl-C or SIGTERM: the step was finished, the state saved
  };
  Outcome run();  // NonFiniteError: the loss or a gradient; the last good checkpoint stays in place

 private:
  void step(const Batch& batch, int64_t epoch, int64_t t, double learning_rate);
  void finish_epoch(int64_t epoch, int64_t step, double learning_rate);
  void save(const std::string& path, int64_t epoch, int64_t step);
  [[noreturn]] void explain(int64_t epoch, int64_t step, const std::string& what, const std::function<void()>& again);

  FlowModel& model_;
  const FlowConfig& config_;
  const Dataset& data_;
  const TrainSettings& settings_;
  int64_t steps_;
  RunFolder& folder_;
  std::map<std::string, std::string> metadata_;

  Loader loader_;
  Schedule schedule_;
  TrainingStep step_;
  Progress progress_;
  Outcome outcome_;
  double best_ = INFINITY, last_saved_ = 0;

  struct Epoch {  // sums since the last row of the log
    int64_t steps = 0, clipped = 0, flops = 0;
    double nll = 0, gradient_norm = 0;
  } epoch_;
};

}  // namespace bijou
