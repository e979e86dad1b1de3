// What tests of several rooms share.
#pragma once
#include "autograd/tensor.hpp"

#include <string>
#include <vector>

namespace bijou_tests {

inline std::vector<double> values(const bijou::Tensor& t) { return {t.data().begin(), t.data().end()}; }

// The message of the error of type E that f throws.
template <class E, class F>
std::string message(const F& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "(nothing was thrown)";
}

}  // namespace bijou_tests
