// What tests of several rooms share.
#pragma once
#include "autograd/tensor.hpp"

#include <iostream>
#include <sstream>
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

// The lines of warning that f writes to stderr.
template <class F>
std::string warnings(const F& f) {
  std::ostringstream caught;
  std::streambuf* before = std::cerr.rdbuf(caught.rdbuf());
  f();
  std::cerr.rdbuf(before);
  return caught.str();
}

}  // namespace bijou_tests
