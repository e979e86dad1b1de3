// Ctrl-C and SIGTERM: the step is finished, the state saved, then the program ends. A second Ctrl-C ends it at once.
#pragma once
#include "autograd/check.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct Interrupted : Error {
  using Error::Error;
};  // a command that gave up what it was writing     exit 130

bool interrupted();

class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

}  // namespace bijou
