// Eigenvalues of symmetric matrices, in double also in the float build: a whitening divides by their square roots,
// the smallest of which are rounding errors in float.
#pragma once
#include "autograd/real.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {

// A = V diag(values) V',  V'V = I,  by LAPACK's divide and conquer (dsyevd) on the calling thread.
//
// a [n, n], row-major; only its lower triangle is read. On return column k of a is the eigenvector that belongs to
// values[k], and values [n] increases. An eigenvector's sign is free: here its largest entry is positive (the first of
// those that are as large but for rounding). Of equal eigenvalues, the vectors are some orthonormal basis.
// false, and a is of no use: a is not finite, or the iteration did not converge.
bool symmetric_eigen(int64_t n, double* a, double* values);
inline constexpr int64_t kLargestEigen = 30'000;  // the largest n: LAPACK counts its 2 n^2 workspace by an int

}  // namespace bijou
