// Convolution by the BLAS: the patches of a block of pixels are written side by side (im2col) as a matrix
// [pixels, kh kw in] that stays in the cache, times w [kh kw in, out]. A 1x1 kernel needs no patches: the image itself
// is that matrix.
#pragma once
#include "autograd/kernels/conv.hpp"
#include "autograd/kernels/kernel_view.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels::patches {

void forward(const ConvShape& s, Padding pad, const Real* x, const KernelView& w, const Epilogue& epilogue, Real* y);
void backward_weights(const ConvShape& s, Padding pad, const Real* x, const Real* dy, Real* dw);

}  // namespace bijou
