#include "autograd/kernels/linear.hpp"

#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/fused.hpp"
#include "autograd/kernels/gemm.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

// Microseconds on 2 cores, forward, data, weights:      convolution          BLAS, then the bias
//   512 x 128 -> 128                                     39   42   41         44   44   53
//   256 x  64 ->  64                                     10   10   11         10   10   11
//    64 x 200 -> 200                                     21   26   28         26   28   24
//   100 x 1000 -> 1000                                  507  652  514        497  530  460   large weights are packed
//   512 x 128 -> 2                                       3.9  3.1  2.7        2.8  5.2  2.5     for few rows
bool as_convolution(const LinearShape& s) {
  const bool so = std::min(s.in, s.out) >= 48 && s.in * s.out <= 65536 && s.n >= 48;
  if (so) took(Branch::linear_as_convolution);
  return so;
}

ConvShape column_of_pixels(const LinearShape& s) { return {1, s.n, 1, s.in, s.out, 1, 1}; }

}  // namespace

void linear(const LinearShape& s, const Real* x, const Real* w, const Real* bias, bool relu, Real* y) {
  if (as_convolution(s)) return conv2d(column_of_pixels(s), x, w, {bias, nullptr, relu}, y);
  matmul(false, false, s.n, s.out, s.in, x, w, y);
  add_bias(s.n, s.out, bias, relu, y);
}

void linear_backward_data(const LinearShape& s, const Real* dy, const Real* w, Real* dx) {
  if (as_convolution(s)) return conv2d_backward_data(column_of_pixels(s), dy, w, dx);
  matmul(false, true, s.n, s.in, s.out, dy, w, dx);
}

void linear_backward_weights(const LinearShape& s, const Real* x, const Real* dy, Real* dw) {
  if (as_convolution(s)) return conv2d_backward_weights(column_of_pixels(s), x, dy, dw);
  matmul(true, false, s.in, s.out, s.n, x, dy, dw);
}

}  // namespace bijou
