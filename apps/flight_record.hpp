// What is known of a step that failed: written when training stops at a value that is not finite, read by `bijou replay`.
//
// A record is a checkpoint of the weights before the step, with its batch as the model saw it, and the figures of the
// last steps.
#pragma once
#include "apps/training_step.hpp"
#include "flows/checkpoint.hpp"

#include <deque>

namespace bijou::inline BIJOU_SCALAR {

struct StepFigures {
  int64_t step;
  double nll, gradient_norm, learning_rate;
  bool clipped;
};

struct FlightRecord {
  Batch batch;  // x after flips, dequantised
  int64_t epoch = 0, step = 0;
  double learning_rate = 0, weight_norm_l2 = 0;
  std::string what;
  std::deque<StepFigures> last;  // the steps before, at most kLastSteps
  static constexpr size_t kLastSteps = 20;
};

void write_flight_record(const std::string& path, const FlightRecord& record, const FlowModel& model,
                         const FlowConfig& config, const std::map<std::string, std::string>& metadata);
FlightRecord read_flight_record(const SavedFlow& saved, const std::string& path);  // CheckpointError: it is none

// Does a failed step's sums again, and says which layer gave the first value that is not finite, which operation gave
// the first value or gradient, and which examples have no finite density.
std::string diagnose(const FlowModel& model, const Batch& batch, const std::function<Variable()>& loss);

}  // namespace bijou
