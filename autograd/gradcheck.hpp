// Gradients against finite differences, and Jacobians by automatic differentiation.
#pragma once
#include "autograd/ops.hpp"

#include <string>

namespace bijou::inline BIJOU_SCALAR {

using Function = std::function<Variable(const std::vector<Variable>&)>;

struct GradientError {
  int argument;
  Shape shape;
  double error;                 // max over entries of |g - fd| / max(|g|, |fd|, 1e-3)
  int64_t entry;                // where that is
  double gradient, difference;  // the two numbers there
};

// The gradient of <R, f(inputs)>, R a fixed random tensor of the result's shape, with respect to every entry of every
// input, against central differences of fourth order: (8 (f(+h) - f(-h)) - (f(+2h) - f(-2h))) / 12h. When the whole
// Jacobian has at most `full` entries, each of its rows is checked in the same way (R = a unit vector).
// Meant for the double build, where errors are below 1e-7. Inputs that require no gradient are held constant.
struct GradcheckOptions {
  double h = 1e-3;
  uint64_t seed = 1;
  int64_t full = 256;
};
std::vector<GradientError> check_gradients(const Function& f, const std::vector<Tensor>& inputs,
                                           GradcheckOptions options = {});

// df/dx as a matrix [values of f(x), values of x], one sweep of the tape for each row.
Tensor jacobian(const std::function<Variable(const Variable&)>& f, const Tensor& x);

// The same for an f that treats the examples of a batch apart, x [1, ...]: D copies of x, one sweep in all.
Tensor jacobian_of_one(const std::function<Variable(const Variable&)>& f, const Tensor& x);

}  // namespace bijou
