// Evaluating a model on a set of examples.
#pragma once
#include "datasets/loader.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

// The average -log p(x) in nats per example. Images are dequantised by a fixed draw, the same for every model and every call,
// so that figures can be compared.
double average_nll(const FlowModel& model, const Examples& examples, int levels);

}  // namespace bijou
