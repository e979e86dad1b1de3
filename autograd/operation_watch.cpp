#include "autograd/operation_watch.hpp"

#include "autograd/check.hpp"
#include "autograd/math.hpp"

namespace bijou::inline BIJOU_SCALAR {

thread_local bool OperationWatch::active_ = false;

void OperationWatch::check(const char* operation, const Tensor& t, const char* what) {
  if (!math::all_finite(t)) fail<NonFiniteError>("operation ", operation, " ", what, " that is not finite");
}

}  // namespace bijou
