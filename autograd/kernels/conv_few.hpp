// Convolutions with few channels on one side: a model's first and last ones.
//
// Few in, y = x * w:  the patch [kh kw in] of a pixel is short. It is not copied: the rows of the image are, once,
// with zeros around them, and in these the patches of neighbouring pixels are kh runs of kw * in values, `in` apart,
// which is how panel_product reads its left operand.
//
// Few out:  one product of the pixels with all taps at once, z [pixels, kh kw out] = x [pixels, in] w [in, kh kw out],
// then each output adds up its taps' values, shifted:  y[i, j] = sum_{u, v} z[i + u - top, j + v - left, (u, v)].
//
// The gradients of one kind are of the other: that in x of few-in is few-out with the kernel turned, and so on. That in w
// is a sum over pixels of patch times dy for few in, of pixel times a patch of dy for few out.
#pragma once
#include "autograd/kernels/conv.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

// w [kh, kw, in, out], or turned by 180 degrees with in and out exchanged; `top` and `left` are the zeros before the
// first row and column.
struct FewKernel {
  const Real* w;
  bool turned;
  int64_t top, left;
};
void conv2d_few_in(const ConvShape& s, const Real* x, const FewKernel& k, const Real* bias, bool relu, Real* y);
void conv2d_few_out(const ConvShape& s, const Real* x, const FewKernel& k, const Real* bias, bool relu, Real* y);
void conv2d_few_in_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw);
void conv2d_few_out_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw);

}  // namespace bijou
