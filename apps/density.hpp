// Evaluating a model on a set of examples.
#pragma once
#include "datasets/loader.hpp"
#include "flows/model.hpp"

#include <functional>

namespace bijou::inline BIJOU_SCALAR {

// The average -log p(x) in nats per example. Images are dequantised by a fixed draw, the same for every model and
// every call, so that figures can be compared.
double average_nll(const FlowModel& model, const Examples& examples, int levels);

// `count` samples, a block at a time: take([rows, ...]).
void for_each_sample(const FlowModel& model, int64_t count, double temperature, uint64_t seed,
                     const std::function<void(const Tensor&)>& take);

}  // namespace bijou
