// How much memory a training will take, found by trying one with two and with four examples.
#pragma once
#include "flows/zoo.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct MemoryForecast {
  int64_t fixed;        // bytes: parameters, their gradients, Adam's two moments, the moving average
  int64_t activations;  // bytes: what the tape holds for a batch
  int64_t total() const { return fixed + activations; }
};

// Of large images, small ones are tried: what the tape holds grows as the pixels do, and the machine may not have it.
MemoryForecast forecast_memory(FlowConfig config, int64_t batch_size);

// UsageError when the forecast is more than the machine has.
void refuse_too_much(const MemoryForecast& forecast, int64_t batch_size);

}  // namespace bijou
