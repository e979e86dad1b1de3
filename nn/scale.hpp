// Scales that a layer divides by: none may be zero or infinite.
#pragma once
#include "nn/module.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

// s itself. NonFiniteError, naming the module and the channel, when an entry of s is zero or not finite: the module
// would have no inverse.
inline Variable nonzero_scale(const Variable& s, const Module& owner) {
  const auto values = s.value().data();
  for (size_t c = 0; c < values.size(); ++c) {
    if (values[c] != 0 && std::isfinite(values[c])) continue;
    fail<NonFiniteError>(owner.path(), " (", owner.describe(), "): its scale ", c, " is ", values[c],
                         ", so the layer has no ",
                         "inverse (in training, try a smaller learning rate; a file with such a model is damaged)");
  }
  return s;
}

}  // namespace bijou
