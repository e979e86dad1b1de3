// A convolution's weights [kh, kw, in, out] as they are, or turned by 180 degrees with in and out exchanged, which is
// what the gradient of the image is convolved with: read where they stand.
#pragma once
#include "autograd/real.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

struct KernelView {
  const Real* w;
  int64_t taps, in, out;  // of the convolution that sees it so
  bool turned;

  Real at(int64_t tap, int64_t c, int64_t o) const {
    return turned ? w[((taps - 1 - tap) * out + o) * in + c] : w[(tap * in + c) * out + o];
  }
};

}  // namespace bijou
