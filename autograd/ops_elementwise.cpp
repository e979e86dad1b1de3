// y = f(x), element by element: dx = dy f'(x). With two operands, broadcasting's adjoint is a sum: sum_to.
#include "autograd/ops.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

using math::sum_to;

// d(a + b) = da + db
Variable operator+(const Variable& a, const Variable& b) {
  return record("add", math::add(a.value(), b.value()),
                wrt(a, [s = a.shape()](const Tensor& dy) { return sum_to(dy, s); }),
                wrt(b, [s = b.shape()](const Tensor& dy) { return sum_to(dy, s); }));
}

// d(a - b) = da - db
Variable operator-(const Variable& a, const Variable& b) {
  return record("subtract", math::subtract(a.value(), b.value()),
                wrt(a, [s = a.shape()](const Tensor& dy) { return sum_to(dy, s); }),
                wrt(b, [s = b.shape()](const Tensor& dy) { return sum_to(math::negate(dy), s); }));
}

// d(a b) = b da + a db
Variable operator*(const Variable& a, const Variable& b) {
  const Tensor A = a.value(), B = b.value();
  return record("multiply", math::multiply(A, B),
                wrt(a, [B, s = A.shape()](const Tensor& dy) { return math::sum_product_to(dy, B, s); }),
                wrt(b, [A, s = B.shape()](const Tensor& dy) { return math::sum_product_to(dy, A, s); }));
}

// d(a / b) = da / b - (a / b) db / b
Variable operator/(const Variable& a, const Variable& b) {
  const Tensor B = b.value(), Y = math::divide(a.value(), B);
  return record("divide", Y, wrt(a, [B, s = a.shape()](const Tensor& dy) { return sum_to(math::divide(dy, B), s); }),
                wrt(b, [B, Y](const Tensor& dy) {
                  return sum_to(math::negate(math::divide(math::multiply(dy, Y), B)), B.shape());
                }));
}

// d(scale x + offset) = scale dx
static Variable scale_offset(const Variable& x, double scale, double offset) {
  return record("scale_offset", math::scale_offset(x.value(), scale, offset),
                wrt(x, [scale](const Tensor& dy) { return math::scale_offset(dy, scale, 0); }));
}
Variable operator-(const Variable& x) { return scale_offset(x, -1, 0); }
Variable operator+(const Variable& x, double c) { return scale_offset(x, 1, c); }
Variable operator-(const Variable& x, double c) { return scale_offset(x, 1, -c); }
Variable operator*(const Variable& x, double c) { return scale_offset(x, c, 0); }
Variable operator/(const Variable& x, double c) { return scale_offset(x, 1 / c, 0); }
Variable operator+(double c, const Variable& x) { return scale_offset(x, 1, c); }
Variable operator-(double c, const Variable& x) { return scale_offset(x, -1, c); }
Variable operator*(double c, const Variable& x) { return scale_offset(x, c, 0); }

// d e^x = e^x dx
Variable exp(const Variable& x) {
  const Tensor Y = math::exp(x.value());
  return record("exp", Y, wrt(x, [Y](const Tensor& dy) { return math::multiply(dy, Y); }));
}

// d log x = dx / x
Variable log(const Variable& x) {
  const Tensor X = x.value();
  return record("log", math::log(X), wrt(x, [X](const Tensor& dy) { return math::divide(dy, X); }));
}

// d tanh x = (1 - tanh^2 x) dx
Variable tanh(const Variable& x) {
  const Tensor Y = math::tanh(x.value());
  return record("tanh", Y, wrt(x, [Y](const Tensor& dy) { return math::tanh_backward(dy, Y); }));
}

// d sigmoid(x) = sigmoid(x) (1 - sigmoid(x)) dx
Variable sigmoid(const Variable& x) {
  const Tensor Y = math::sigmoid(x.value());
  return record("sigmoid", Y, wrt(x, [Y](const Tensor& dy) { return math::sigmoid_backward(dy, Y); }));
}

// d log(1 + e^x) = sigmoid(x) dx
Variable softplus(const Variable& x) {
  const Tensor X = x.value();
  return record("softplus", math::softplus(X),
                wrt(x, [X](const Tensor& dy) { return math::softplus_backward(dy, X); }));
}

// d max(0, x) = [x > 0] dx
Variable relu(const Variable& x) {
  const Tensor Y = math::relu(x.value());
  return record("relu", Y, wrt(x, [Y](const Tensor& dy) { return math::relu_backward(dy, Y); }));
}

// d x^2 = 2 x dx
Variable square(const Variable& x) {
  const Tensor X = x.value();
  return record("square", math::square(X),
                wrt(x, [X](const Tensor& dy) { return math::scale_offset(math::multiply(dy, X), 2, 0); }));
}

// d sqrt x = dx / (2 sqrt x)
Variable sqrt(const Variable& x) {
  const Tensor Y = math::sqrt(x.value());
  return record("sqrt", Y, wrt(x, [Y](const Tensor& dy) { return math::sqrt_backward(dy, Y); }));
}

// d |x| = sign(x) dx
Variable abs(const Variable& x) {
  const Tensor X = x.value();
  return record("abs", math::abs(X), wrt(x, [X](const Tensor& dy) { return math::abs_backward(dy, X); }));
}

}  // namespace bijou
