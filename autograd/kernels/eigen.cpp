#include "autograd/kernels/eigen.hpp"

#include "autograd/kernels/parallel.hpp"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

// OpenBLAS holds LAPACK, but has no header for it. What Fortran hides comes last: the lengths of the two words.
extern "C" void dsyevd_(const char* job, const char* triangle, const blasint* n, double* a, const blasint* lda,
                        double* values, double* work, const blasint* work_size, blasint* integers,
                        const blasint* integers_size, blasint* info, size_t job_length, size_t triangle_length);

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

// Entries that are equal but for rounding count as equal, so that rounding does not choose the sign.
bool points_backwards(int64_t n, const double* v) {
  double largest = 0;
  for (int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(v[i]));
  for (int64_t i = 0; i < n; ++i) {
    if (std::abs(v[i]) >= largest * (1 - 1e-8)) return v[i] < 0;
  }
  return false;
}

}  // namespace

bool symmetric_eigen(int64_t n, double* a, double* values) {
  if (n == 0) return true;
  if (n > kLargestEigen || !std::all_of(a, a + n * n, [](double x) { return std::isfinite(x); })) return false;
  const blasint size = static_cast<blasint>(n), work_size = 1 + 6 * size + 2 * size * size,
                integers_size = 3 + 5 * size;
  std::vector<double> work(static_cast<size_t>(work_size));
  std::vector<blasint> integers(static_cast<size_t>(integers_size));
  blasint info = 0;
  // By columns, as LAPACK sees it, the lower triangle is the upper one; and its columns, the vectors, are rows here.
  for_tasks(1, [&](int64_t) {
    dsyevd_("V", "U", &size, a, &size, values, work.data(), &work_size, integers.data(), &integers_size, &info, 1, 1);
  });
  if (info != 0) return false;
  for (int64_t k = 0; k < n; ++k) {
    double* const vector = a + k * n;
    if (points_backwards(n, vector)) std::transform(vector, vector + n, vector, [](double x) { return -x; });
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < i; ++k) std::swap(a[i * n + k], a[k * n + i]);
  }
  return true;
}

}  // namespace bijou
