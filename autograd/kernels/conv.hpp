// Convolution (cross-correlation, as everywhere in deep learning), channels last, stride 1, "same" zero padding:
//
//   y[n, i, j, o] = sum_{u, v, c} x[n, i + u - (kh-1)/2, j + v - (kw-1)/2, c] * w[u, v, c, o]
//
// An even kernel pads one more below and to the right. Four ways lead to it, chosen by shape (conv.cpp): Winograd's
// (winograd.hpp), products with the patches in place and of all taps at once (conv_direct.hpp), patches and the BLAS
// (conv_patches.hpp). Their results agree to 3e-5 of the largest value in float.
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

struct Padding {  // zeros before the first row and column
  int64_t top, left;
};

// What is done with a result before it leaves the cache: y = max(0, conv + bias [out] + plus [pixels, out]).
struct Epilogue {
  const Real *bias = nullptr, *plus = nullptr;                                                // null: nothing is added
  bool relu = false;                                                                          // false: no max
  Epilogue from(int64_t value) const { return {bias, plus ? plus + value : nullptr, relu}; }  // of y + value
};
void conv2d(const ConvShape& s, const Real* x, const Real* w, const Epilogue& epilogue, Real* y);
// dx: the convolution of dy with the kernel turned by 180 degrees and its channels exchanged.
void conv2d_backward_data(const ConvShape& s, const Real* dy, const Real* w, Real* dx);
// dw [kh, kw, in, out] = patches(x)' dy
void conv2d_backward_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw);

// The definition above, as loops.
void conv2d_naive(const ConvShape& s, const Real* x, const Real* w, const Epilogue& epilogue, Real* y);
void conv2d_backward_data_naive(const ConvShape& s, const Real* dy, const Real* w, Real* dx);
void conv2d_backward_weights_naive(const ConvShape& s, const Real* x, const Real* dy, Real* dw);

}  // namespace bijou
