// Convolution (cross-correlation, as everywhere in deep learning), channels last, stride 1, "same" zero padding:
//
//   y[n, i, j, o] = sum_{u, v, c} x[n, i + u - (kh-1)/2, j + v - (kw-1)/2, c] * w[u, v, c, o]
//
// An even kernel pads one more below and to the right. Through the BLAS: the patches of a block of pixels are
// written side by side (im2col) as a matrix [pixels, kh kw c] that stays in the cache, times w [kh kw c, o].
// A 1x1 kernel needs no patches: the image itself is that matrix.
#pragma once
#include "autograd/real.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

struct ConvShape {
  int64_t n, h, w;  // images
  int64_t in, out;  // channels
  int64_t kh, kw;   // kernel
  int64_t pixels() const { return n * h * w; }
  int64_t patch() const { return kh * kw * in; }
};

// y = conv(x, w) + bias, then max(0, .) when `relu`; bias may be null.
void conv2d(const ConvShape& s, const Real* x, const Real* w, const Real* bias, bool relu, Real* y);
// dx: the convolution of dy with the kernel turned by 180 degrees and its channels exchanged.
void conv2d_backward_data(const ConvShape& s, const Real* dy, const Real* w, Real* dx);
// dw [kh, kw, in, out] = patches(x)' dy
void conv2d_backward_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw);

// The definition above, as loops.
void conv2d_naive(const ConvShape& s, const Real* x, const Real* w, const Real* bias, bool relu, Real* y);
void conv2d_backward_data_naive(const ConvShape& s, const Real* dy, const Real* w, Real* dx);
void conv2d_backward_weights_naive(const ConvShape& s, const Real* x, const Real* dy, Real* dw);

}  // namespace bijou
