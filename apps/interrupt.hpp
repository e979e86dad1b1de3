// Ctrl-C and SIGTERM: the step is finished, the state saved, then the program ends. A second Ctrl-C ends it at once.
#pragma once
#include "autograd/real.hpp"

namespace bijou::inline BIJOU_SCALAR {

bool interrupted();

class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

}  // namespace bijou
