// Several operations in one pass over memory. Each stands as its plain formula in ops_fused.cpp.
#pragma once
#include "autograd/real.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

// y = x e^s + t,   its inverse x = (y - t) e^-s,   and its gradient dx = dy e^s, ds = dy x e^s
void affine_coupling(int64_t n, const Real* x, const Real* s, const Real* t, Real* y);
void affine_coupling_inverse(int64_t n, const Real* y, const Real* s, const Real* t, Real* x);
void affine_coupling_backward(int64_t n, const Real* dy, const Real* x, const Real* s, Real* dx, Real* ds);

// Column by column of x [rows, columns]: y = f(z), z = (x - mean) scale + offset; f is the identity, or max(0, .).
struct ChannelAffine {
  const Real *mean, *scale, *offset;
  bool relu;
};
void channel_affine(int64_t rows, int64_t columns, const ChannelAffine& p, const Real* x, Real* y);

// With g = dy f'(z): the column sums of g and of g (x - mean).
void channel_affine_sums(int64_t rows, int64_t columns, const ChannelAffine& p, const Real* dy, const Real* x,
                         Real* sum_g, Real* sum_gx);
// The same sums, and dx = g scale in the same pass.
void channel_affine_backward(int64_t rows, int64_t columns, const ChannelAffine& p, const Real* dy, const Real* x,
                             Real* dx, Real* sum_g, Real* sum_gx);
// dx = scale (g - mean_g - (x - mean) slope), the last two given per column: the mean and the scale move with x
void batch_norm_backward(int64_t rows, int64_t columns, const ChannelAffine& p, const Real* mean_g, const Real* slope,
                         const Real* dy, const Real* x, Real* dx);

// y = f(y + bias) in place; da = dy f'(a) by y = f(a), and its column sums
void add_bias(int64_t rows, int64_t columns, const Real* bias, bool relu, Real* y);
void relu_bias_backward(int64_t rows, int64_t columns, const Real* dy, const Real* y, Real* da, Real* sum);

// Per column: the norm of v; and dv = scale (dw - slope v).
void column_norms(int64_t rows, int64_t columns, const Real* v, Real* norm);
void weight_norm_backward(int64_t rows, int64_t columns, const Real* scale, const Real* slope, const Real* dw,
                          const Real* v, Real* dv);

}  // namespace bijou
