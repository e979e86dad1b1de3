// How much memory a training will take, found by trying one with two and with four examples.
#pragma once
#include "flows/memory.hpp"
#include "flows/zoo.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct MemoryForecast {
  int64_t fixed;        // bytes: parameters, their gradients, Adam's two moments, the moving average
  int64_t activations;  // bytes: what is held for a batch, from forward to backward
  int64_t total() const { return fixed + activations; }
};

// Of large images, small ones are tried: what is held grows as the pixels do, and the machine may not have it.
MemoryForecast forecast_memory(FlowConfig config, int64_t batch_size, Memory way);

// UsageError when the forecast is more than the machine has.
void refuse_too_much(const MemoryForecast& forecast, int64_t batch_size, Memory way);

}  // namespace bijou
