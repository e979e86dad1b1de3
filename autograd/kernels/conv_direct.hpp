// Convolution as matrix products with the patches where they stand (panel_product.hpp), for any kernel.
//
// direct:  y = patch(x) w. A patch is not copied: the rows of the image are, once, with zeros around them, and in these
//          the patches of neighbouring pixels are kh runs of kw * in values, `in` apart. A 1x1 kernel needs no zeros:
//          its patches are the pixels.
// taps:    one product of the pixels with all taps at once, z [pixels, kh kw out] = x [pixels, in] w [in, kh kw out],
//          then each output adds up its taps' values, shifted:
//            y[i, j] = sum_{u, v} z[i + u - top, j + v - left, (u, v)]
//          For few channels out, where `direct` would fill a fraction of a vector register.
//
// The gradient in x of either is the convolution with the kernel turned. That in w is a sum over pixels, of patch(x)
// times dy for direct, and of x times a patch of dy for taps.
#pragma once
#include "autograd/kernels/conv.hpp"
#include "autograd/kernels/kernel_view.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

namespace direct {
void forward(const ConvShape& s, Padding pad, const Real* x, const KernelView& w, const Epilogue& epilogue, Real* y);
void backward_weights(const ConvShape& s, Padding pad, const Real* x, const Real* dy, Real* dw);
}  // namespace direct

namespace taps {
void forward(const ConvShape& s, Padding pad, const Real* x, const KernelView& w, const Epilogue& epilogue, Real* y);
void backward_weights(const ConvShape& s, Padding pad, const Real* x, const Real* dy, Real* dw);
}  // namespace taps

}  // namespace bijou
