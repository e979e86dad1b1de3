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
  struct Diverted {  // also when f throws
    explicit Diverted(std::streambuf* to) : before(std::cerr.rdbuf(to)) {}
    ~Diverted() { std::cerr.rdbuf(before); }
    std::streambuf* before;
  } const diverted(caught.rdbuf());
  f();
  return caught.str();
}

}  // namespace bijou_tests
