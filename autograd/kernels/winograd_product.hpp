// The matrix product of the Winograd kernels: a thin panel of columns at a time.
//
//   C [rows, width] = A [rows, depth]  B [depth, width]  (+ C when `add`)
//
// C and B are packed, 64-byte aligned, and `width`, a multiple of kLane (lanes.hpp), is at most kPanel; A's value at
// (i, k) is a[i * row + k * column], so that it may stand transposed. A block of C (six rows of four lanes: 24 of
// AVX-512's 32 registers) stays in registers while k runs; a step loads four lanes of B and multiplies each by six
// values of A. The BLAS does the same, but must first find out what it was given and copy A and B into this order: at
// 36 products of about [30, 64] [64, 64] a block of tiles that costs more than a tenth of the time.
#pragma once
#include "autograd/kernels/lanes.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

#if defined(__AVX512F__)
inline constexpr int64_t kPanelLanes = 4;
#else
inline constexpr int64_t kPanelLanes = 2;  // 16 registers: 12 for C, 2 for B, 1 for A
#endif
inline constexpr int64_t kPanel = kPanelLanes * kLane;

struct Strided {
  const Real* data;
  int64_t row, column;
};
void panel_product(int64_t rows, int64_t width, int64_t depth, Strided a, const Real* b, bool add, Real* c);
void panel_product_naive(int64_t rows, int64_t width, int64_t depth, Strided a, const Real* b, bool add, Real* c);

}  // namespace bijou
