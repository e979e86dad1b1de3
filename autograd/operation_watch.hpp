// While it lives, the first operation of this thread whose value or gradient is not finite throws NonFiniteError with its
// name. Training repeats a failed step under it, so that a NaN gets the name of the operation it came from.
#pragma once
#include "autograd/tensor.hpp"

namespace bijou::inline BIJOU_SCALAR {

class OperationWatch {
 public:
  OperationWatch() : before_(active_) { active_ = true; }
  ~OperationWatch() { active_ = before_; }
  OperationWatch(const OperationWatch&) = delete;
  OperationWatch& operator=(const OperationWatch&) = delete;

  static void see_value(const char* operation, const Tensor& y) {
    if (active_) check(operation, y, "gave a value");
  }
  static void see_gradient(const char* operation, const Tensor& dx) {
    if (active_) check(operation, dx, "gave a gradient");
  }

 private:
  static void check(const char* operation, const Tensor& t, const char* what);
  static thread_local bool active_;
  bool before_;
};

}  // namespace bijou
