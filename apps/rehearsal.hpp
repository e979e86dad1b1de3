// bijou train --dry-run: what a training takes, in bytes and seconds, found by taking some of its steps.
#pragma once
#include "apps/training_step.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct Rehearsal {
  int64_t parameters;        // how many numbers the model learns
  int64_t parameter_bytes;   // these
  int64_t optimizer_bytes;   // their gradients, the optimiser's two moments, the moving average
  int64_t activation_bytes;  // what a step takes beside that: the batch, and what is held from forward to backward
  int64_t peak_bytes;        // of these three; or of evaluation and of the start, if they take more
  double step_seconds;       // the median
  int64_t steps_per_epoch;
  double epoch_seconds;  // its steps, and the evaluation behind them
};

// Fits the model to the data (fit.hpp), and moves its weights by some steps: at least four, for about half a second.
Rehearsal rehearse(FlowModel& model, const Dataset& data, const TrainSettings& settings, uint64_t seed);

void print(const Rehearsal& rehearsal, const TrainSettings& settings);  // to stdout

}  // namespace bijou
