// Derivatives by finite differences, of functions that may have kinks (ReLU).
//
// A difference quotient with a kink inside is no derivative. So steps shrink until two quotients in a row agree,
// which says that the function is smooth around here. That is decided by the function's values alone: a wrong
// gradient cannot hide behind it.
#pragma once
#include "autograd/tensor.hpp"

#include <functional>
#include <optional>

namespace bijou::inline BIJOU_SCALAR {

// |a - b| relative to the larger of the two, or to `floor` where both are below it.
double relative_error(double a, double b, double floor);

// The derivative at 0 of a function of one number, by central differences and extrapolation; nothing where a kink is too
// close. spread(h) is f(h) - f(-h), computed so that what f has in common at both places cancels. A first quotient that
// is as `expected` ends the search: what is wrong gets no such help, what is right is measured in half the time.
std::optional<double> derivative(const std::function<double(double)>& spread, double expected, double floor);

// d f / d x at one example x [1, ...] as a matrix [values of f, values of x]. f treats the examples of a batch apart.
// Each column has its own step, as small as it takes; a column that never settles is the best there was.
Tensor jacobian_by_differences(const std::function<Tensor(const Tensor&)>& f, const Tensor& x);

}  // namespace bijou
