// How well a model inverts itself, on some examples: the figures that a run's log has for each epoch.
#pragma once
#include "datasets/loader.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct RoundTrip {
  double worst_inverse;  // largest |f^-1(f(x)) - x|, in the data's units
  double log_det;        // mean of log|det df/dx|, nats
};
RoundTrip round_trip(const FlowModel& model, const Examples& examples, int levels);  // of the first 64 at most

}  // namespace bijou
