// Sums. Partial sums are formed over blocks of a fixed size and added in order (see parallel.hpp).
#pragma once
#include "autograd/real.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

// x seen as [outer, reduced, inner] -> y [outer, inner]: the sum over the middle axis.
void sum_middle(int64_t outer, int64_t reduced, int64_t inner, const Real* x, Real* y);

double sum_squares(int64_t n, const Real* x);

// y[row] = log sum_j exp(x[row, j]), by way of the row's maximum.
void logsumexp(int64_t rows, int64_t columns, const Real* x, Real* y);

// Column by column of x [rows, columns]: the mean and the biased variance (1/rows).
void moments(int64_t rows, int64_t columns, const Real* x, Real* mean, Real* variance);

// The column sums of a and of a * b, in one pass.
void sum_and_dot(int64_t rows, int64_t columns, const Real* a, const Real* b, Real* sum_a, Real* sum_ab);

// Normalisation of columns, r = 1 / sqrt(variance + eps) given per column:
//   y = (x - mean) r
void normalize(int64_t rows, int64_t columns, const Real* x, const Real* mean, const Real* r, Real* y);

}  // namespace bijou
