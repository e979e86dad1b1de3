// bijou train --profile: where the time of a training step goes, operation by operation.
#pragma once
#include "apps/training_step.hpp"
#include "autograd/profile.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct StepProfile {
  int64_t steps;                   // how many were counted
  double step_seconds;             // of one, on the average
  std::vector<Profile::Row> rows;  // of all of them, longest first
};

// Fits the model to the data (fit.hpp), and moves its weights by some steps: two to warm up, then at least three, for
// about two seconds.
StepProfile profile_step(FlowModel& model, const Dataset& data, const TrainSettings& settings, uint64_t seed);

void print(const StepProfile& profile, const TrainSettings& settings);  // to stdout

}  // namespace bijou
