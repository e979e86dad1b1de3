// Element by element: y[i] = f(x[i]), and the products that their gradients need.
#pragma once
#include "autograd/real.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

using Unary = void(int64_t n, const Real* x, Real* y);
Unary negate, exp, log, tanh, sigmoid, softplus, relu, square, sqrt, abs;
void scale_offset(int64_t n, const Real* x, Real scale, Real offset, Real* y);  // y = scale * x + offset
void accumulate(int64_t n, const Real* x, Real* y);                             // y += x

// dx from dy and whichever of x, y is at hand.
using Backward = void(int64_t n, const Real* dy, const Real* xy, Real* dx);
Backward tanh_backward;      // of y:  dy (1 - y^2)
Backward sigmoid_backward;   // of y:  dy y (1 - y)
Backward softplus_backward;  // of x:  dy sigmoid(x)
Backward relu_backward;      // of y:  dy where y > 0
Backward sqrt_backward;      // of y:  dy / (2 y)
Backward abs_backward;       // of x:  dy sign(x)

// Two operands that broadcast: axes merged where both behave alike; a stride is 0 where the operand repeats.
struct BroadcastPlan {
  int rank;
  int64_t size[6], stride_a[6], stride_b[6];
};
using Binary = void(const BroadcastPlan& plan, const Real* a, const Real* b, Real* y);
Binary add, subtract, multiply, divide;

bool all_finite(int64_t n, const Real* x);

}  // namespace bijou
