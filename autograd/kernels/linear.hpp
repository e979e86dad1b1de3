// A linear layer and its gradients. Each goes by the BLAS or as a pointwise convolution of n pixels, by the shape alone.
#pragma once
#include "autograd/kernels/conv.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

struct LinearShape {
  int64_t n, in, out;
};

void linear(const LinearShape& s, const Real* x, const Real* w, const Real* bias, bool relu,
            Real* y);                                                                         // y = max(0, x w + bias)
void linear_backward_data(const LinearShape& s, const Real* dy, const Real* w, Real* dx);     // dx = dy w'
void linear_backward_weights(const LinearShape& s, const Real* x, const Real* dy, Real* dw);  // dw = x' dy

}  // namespace bijou
