// The one door to the BLAS, and the small dense linear algebra.
//
// OpenBLAS (its OpenMP build) runs on the calling thread when it is called inside an active parallel region, and
// starts threads of its own otherwise, which would change how sums are formed. So `gemm` may be called only from
// within for_tasks (parallel.hpp); `matmul` does that itself.
#pragma once
#include "autograd/real.hpp"

#include <string>

namespace bijou::inline BIJOU_SCALAR::kernels {

// C [m, n] = op(A) [m, k]  op(B) [k, n] + beta C, row-major; op transposes when asked. Inside for_tasks only.
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const Real* a, int64_t lda,
          const Real* b, int64_t ldb, Real beta, Real* c, int64_t ldc);

// The same product over blocks of rows or columns of C, in parallel; beta = 0, all matrices packed.
void matmul(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const Real* a, const Real* b, Real* c);
void matmul_naive(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const Real* a, const Real* b,
                  Real* c);

// X [n, m] = op(A)^-1 B for a triangular A [n, n].
void solve_triangular(bool upper, bool transpose, bool unit_diagonal, int64_t n, int64_t m, const Real* a,
                      const Real* b, Real* x);

// LU with partial pivoting, in double: log|det A|, its sign, and A^-1 (row-major [n, n]) when asked for.
// A singular A gives log|det A| = -inf, sign 0, and an untouched inverse.
struct Determinant {
  double log_abs;
  int sign;
};
Determinant determinant(int64_t n, const Real* a, double* inverse = nullptr);

// Which OpenBLAS was loaded: "" when it is the OpenMP flavour, else what it is and how to mend it.
std::string blas_complaint();
std::string blas_description();
// Whether it computes by kernels without AVX2 on a processor that has it, though it has others. False, unless
// OPENBLAS_CORETYPE asked for them.
bool blas_kernels_are_outdated();

}  // namespace bijou
