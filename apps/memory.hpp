// How much memory a training will take, found by trying one with one and with two examples.
#pragma once
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct MemoryForecast {
  int64_t fixed;          // bytes: parameters, their gradients, Adam's two moments, the moving average
  int64_t activations;    // bytes: what the tape holds for a batch
  int64_t total() const { return fixed + activations; }
};

MemoryForecast forecast_memory(const FlowModel& model, int64_t batch_size);

// UsageError when the forecast is more than the machine has.
void refuse_too_much(const MemoryForecast& forecast, int64_t batch_size);

}  // namespace bijou
