#include "nn/init.hpp"

#include <numeric>

namespace bijou::inline BIJOU_SCALAR::init {

Tensor rotation(int64_t n, Rng& rng) {
  const Tensor normal = Tensor::randn({n, n}, rng);
  std::vector<double> q(normal.data().begin(), normal.data().end());
  const auto dot = [&](int64_t i, int64_t j) {
    double sum = 0;
    for (int64_t k = 0; k < n; ++k) sum += q[i * n + k] * q[j * n + k];
    return sum;
  };
  for (int64_t i = 0; i < n; ++i) {
    for (int pass = 0; pass < 2; ++pass) {  // the second takes away what rounding left
      for (int64_t j = 0; j < i; ++j) {
        const double along = dot(i, j);
        for (int64_t k = 0; k < n; ++k) q[i * n + k] -= along * q[j * n + k];
      }
      const double norm = std::sqrt(dot(i, i));
      for (int64_t k = 0; k < n; ++k) q[i * n + k] /= norm;
    }
  }
  return Tensor::from({n, n}, q);
}

PLU plu(const Tensor& a) {
  check(a.rank() == 2 && a.shape()[0] == a.shape()[1], "init::plu", "expects a square matrix, got ", a.shape());
  const int64_t n = a.shape()[0];
  std::vector<double> m(a.data().begin(), a.data().end());
  std::vector<int64_t> row(static_cast<size_t>(n));  // m's row i is a's row row[i]
  std::iota(row.begin(), row.end(), int64_t{0});
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      if (std::abs(m[i * n + k]) > std::abs(m[pivot * n + k])) pivot = i;
    }
    require(m[pivot * n + k] != 0, "init::plu", "the matrix ", a.shape(), " is singular");
    std::swap_ranges(m.begin() + k * n, m.begin() + (k + 1) * n, m.begin() + pivot * n);
    std::swap(row[k], row[pivot]);
    for (int64_t i = k + 1; i < n; ++i) {
      const double factor = m[i * n + k] /= m[k * n + k];
      for (int64_t j = k + 1; j < n; ++j) m[i * n + j] -= factor * m[k * n + j];
    }
  }
  std::vector<double> lower(m.size()), upper(m.size()), s, p(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) (j < i ? lower : upper)[i * n + j] = i == j ? 0 : m[i * n + j];
    s.push_back(m[i * n + i]);
    p[row[i]] = static_cast<double>(i);  // row i of L U is row row[i] of A = P (L U)
  }
  return {Tensor::from({n, n}, lower), Tensor::from({n, n}, upper), Tensor::from({n}, s), Tensor::from({n}, p)};
}

}  // namespace bijou
