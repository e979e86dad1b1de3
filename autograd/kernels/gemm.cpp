#include "autograd/kernels/gemm.hpp"

#include "autograd/check.hpp"
#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/parallel.hpp"

#include <cblas.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <string_view>
#include <vector>

// Of an OpenBLAS that has kernels for many processors (DYNAMIC_ARCH); null in another one.
extern "C" {
[[gnu::weak]] void gotoblas_dynamic_init();
[[gnu::weak]] void gotoblas_dynamic_quit();
}

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

CBLAS_TRANSPOSE op(bool transpose) { return transpose ? CblasTrans : CblasNoTrans; }

[[maybe_unused]] inline void blas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const float* a,
                                       int lda, const float* b, int ldb, float beta, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}
[[maybe_unused]] inline void blas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const double* a,
                                       int lda, const double* b, int ldb, double beta, double* c, int ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}
[[maybe_unused]] inline void blas_trsm(CBLAS_UPLO uplo, CBLAS_TRANSPOSE t, CBLAS_DIAG diag, int n, int m,
                                       const float* a, float* x) {
  cblas_strsm(CblasRowMajor, CblasLeft, uplo, t, diag, n, m, 1, a, n, x, m);
}
[[maybe_unused]] inline void blas_trsm(CBLAS_UPLO uplo, CBLAS_TRANSPOSE t, CBLAS_DIAG diag, int n, int m,
                                       const double* a, double* x) {
  cblas_dtrsm(CblasRowMajor, CblasLeft, uplo, t, diag, n, m, 1, a, n, x, m);
}

// OpenBLAS tells processors apart by their model numbers, and gives one that is newer than itself the kernels of the
// first 64-bit Pentium ("Prescott"): on an Intel Xeon of 2023 (model 207), 0.3.21 computes 46 GFLOP/s in place of 316.
// Then the kernels are chosen again, by what the processor can do; unless OPENBLAS_CORETYPE says which to take. Before
// main(), as nothing may be computed in between.
struct KernelChoice {
  KernelChoice() {
#ifdef __x86_64__
    __builtin_cpu_init();
    if (!gotoblas_dynamic_init || !gotoblas_dynamic_quit || std::getenv("OPENBLAS_CORETYPE")) return;
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (__builtin_cpu_supports("avx512bf16")) choose("Cooperlake");
    if (avx512) choose("SkylakeX");
    choose("Haswell");
#endif
  }

  // An older OpenBLAS may not know the name; then the next one is tried.
  static void choose(const char* kernels) {
    if (!blas_kernels_are_outdated()) return;
    setenv("OPENBLAS_CORETYPE", kernels, 1);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
    unsetenv("OPENBLAS_CORETYPE");  // programs that this one starts choose for themselves
  }
};
const KernelChoice kernel_choice;

}  // namespace

void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const Real* a, int64_t lda, const Real* b, int64_t ldb,
          Real beta, Real* c, int64_t ldc) {
  count_flops(2 * m * n * k);
  blas_gemm(op(ta), op(tb), static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), a, static_cast<int>(lda), b,
            static_cast<int>(ldb), beta, c, static_cast<int>(ldc));
}

void matmul(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const Real* a, const Real* b, Real* c) {
  if (m == 0 || n == 0) return;
  if (k == 0) return std::fill(c, c + m * n, Real{0});
  constexpr int64_t most = std::numeric_limits<int>::max();
  check(std::max(n, k) <= most && (m <= most || !ta), "matmul", "[", m, ", ", k, "] times [", k, ", ", n,
        "]: the BLAS counts up to ", most, " rows and columns");
  const int64_t lda = ta ? m : k, ldb = tb ? k : n;
  // C is cut in blocks, halved along the longer side: up to 4 of 4 MFLOP, up to 16 of 16 MFLOP. The BLAS copies its
  // operands for each, so blocks should be large, and square rather than thin. A function of the shape alone.
  int64_t rows = m, columns = n;
  const auto blocks = [](int64_t length, int64_t block) { return (length + block - 1) / block; };
  const int64_t mflop = 2 * m * n * k / 1'000'000;
  const int64_t most_blocks = std::max(std::clamp<int64_t>(mflop / 4, 1, 4), std::min<int64_t>(mflop / 16, 16));
  const auto halved = [](int64_t block) { return std::max<int64_t>(16, (block / 2 + 15) / 16 * 16); };
  while (2 * blocks(m, rows) * blocks(n, columns) <= most_blocks && std::max(rows, columns) > 16) {
    int64_t& longer = rows >= columns ? rows : columns;
    longer = halved(longer);
  }
  // A small matrix for each of many rows (Glow's W for every pixel): the BLAS has kernels that copy nothing for products
  // below a million multiply-adds. 16384 x 12 -> 12 on 2 cores: 80 us in two blocks, 26 us in blocks of 512 rows.
  if (std::max(n, k) <= 48) rows = std::min<int64_t>(rows, 512);
  if (rows < m) took(Branch::matmul_by_rows);
  if (columns < n) took(Branch::matmul_by_columns);
  const int64_t across = blocks(n, columns);
  for_tasks(blocks(m, rows) * across, [&](int64_t t) {
    const int64_t i = t / across * rows, j = t % across * columns;
    gemm(ta, tb, std::min(rows, m - i), std::min(columns, n - j), k, a + (ta ? i : i * lda), lda,
         b + (tb ? j * ldb : j), ldb, 0, c + i * n + j, n);
  });
}

void matmul_naive(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const Real* a, const Real* b, Real* c) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l)
        sum += double{ta ? a[l * m + i] : a[i * k + l]} * (tb ? b[j * k + l] : b[l * n + j]);
      c[i * n + j] = static_cast<Real>(sum);
    }
  }
}

void solve_triangular(bool upper, bool transpose, bool unit, int64_t n, int64_t m, const Real* a, const Real* b,
                      Real* x) {
  std::copy(b, b + n * m, x);
  if (n == 0 || m == 0) return;
  for_tasks(1, [&](int64_t) {
    blas_trsm(upper ? CblasUpper : CblasLower, op(transpose), unit ? CblasUnit : CblasNonUnit, static_cast<int>(n),
              static_cast<int>(m), a, x);
  });
}

Determinant determinant(int64_t n, const Real* a, double* inverse) {
  std::vector<double> lu(a, a + n * n);
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  Determinant det{0, 1};
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      if (std::abs(lu[i * n + k]) > std::abs(lu[pivot * n + k])) pivot = i;
    }
    if (pivot != k) {
      std::swap_ranges(&lu[k * n], &lu[k * n] + n, &lu[pivot * n]);
      std::swap(order[k], order[pivot]);
      det.sign = -det.sign;
    }
    const double p = lu[k * n + k];
    if (p == 0) return {-INFINITY, 0};
    if (p < 0) det.sign = -det.sign;
    det.log_abs += std::log(std::abs(p));
    for (int64_t i = k + 1; i < n; ++i) {
      const double f = lu[i * n + k] /= p;
      for (int64_t j = k + 1; j < n; ++j) lu[i * n + j] -= f * lu[k * n + j];
    }
  }
  if (!inverse) return det;
  // L U X = P I, all columns of X at a time: row i less multiples of the rows that are known.
  const auto subtract = [&](int64_t i, int64_t j) {
    const double f = lu[i * n + j];
#pragma omp simd
    for (int64_t c = 0; c < n; ++c) inverse[i * n + c] -= f * inverse[j * n + c];
  };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t c = 0; c < n; ++c) inverse[i * n + c] = order[i] == c ? 1 : 0;
    for (int64_t j = 0; j < i; ++j) subtract(i, j);
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    for (int64_t j = i + 1; j < n; ++j) subtract(i, j);
    for (int64_t c = 0; c < n; ++c) inverse[i * n + c] /= lu[i * n + i];
  }
  return det;
}

bool blas_kernels_are_outdated() {
#ifdef __x86_64__
  constexpr std::array<std::string_view, 12> before_avx2 = {"Katmai",     "Coppermine", "Northwood",   "Prescott",
                                                            "Banias",     "Atom",       "Core2",       "Penryn",
                                                            "Dunnington", "Nehalem",    "Sandybridge", "Barcelona"};
  return gotoblas_dynamic_init && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         std::ranges::find(before_avx2, std::string_view(openblas_get_corename())) != before_avx2.end();
#else
  return false;
#endif
}

std::string blas_complaint() {
#ifdef _OPENMP
  const int parallel = openblas_get_parallel();
  if (parallel == OPENBLAS_OPENMP) return "";
  return std::string("the OpenBLAS that was loaded is its ") +
         (parallel == OPENBLAS_THREAD ? "pthread" : "sequential") +
         " build, which is many times slower here and not reproducible; install the OpenMP build"
         " (libopenblas-openmp-dev) and run make again";
#else
  return "";
#endif
}

std::string blas_description() { return openblas_get_config(); }

}  // namespace bijou
