// The matrix product of the convolutions: a thin panel of columns at a time.
//
//   C [rows, width] = A [rows, depth]  B [depth, width]  (+ C when `add`)
//
// C and B are packed and 64-byte aligned; `width`, a multiple of kLane (lanes.hpp), is at most kPanel. A is read where
// it stands: a row is `runs` runs of `run` values, so a patch of an image needs no copy, and A may be transposed.
//
// A block of C (six rows of four lanes: 24 of AVX-512's 32 registers) stays in registers while k runs; a step loads
// four lanes of B and multiplies each by six values of A. The BLAS does the same, but must first find out what it was
// given, and copy A and B into this order.
#pragma once
#include "autograd/real.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

// A(i, r * run + k) = data[i * row + r * jump + k * column]
struct Runs {
  const Real* data;
  int64_t row, column;
  int64_t run, runs = 1, jump = 0;
};
void panel_product(int64_t rows, int64_t width, const Runs& a, const Real* b, bool add, Real* c);
void panel_product_naive(int64_t rows, int64_t width, const Runs& a, const Real* b, bool add, Real* c);
int64_t lane_values();  // kLane and kPanel, as panel_product was compiled
int64_t panel_values();

}  // namespace bijou
