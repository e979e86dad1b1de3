#include "datasets/covariance.hpp"

#include "datasets/loader.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {

CovarianceSum::CovarianceSum(int64_t dimensions)
    : dimensions_(dimensions), sum_(dimensions), products_(dimensions * dimensions) {}

// With sums of x alone, E[x x'] - mean mean' would cancel where the mean is large beside the deviation. The first
// portion's mean as the origin leaves little to cancel.
void CovarianceSum::add(std::span<const double> rows) {
  const int64_t d = dimensions_, n = d ? static_cast<int64_t>(rows.size()) / d : 0;
  require(n * d == static_cast<int64_t>(rows.size()), "CovarianceSum", rows.size(), " numbers are no rows of ", d);
  if (n == 0) return;
  if (count_ == 0) {
    origin_.assign(d, 0);
    for (int64_t r = 0; r < n; ++r)
      for (int64_t j = 0; j < d; ++j) origin_[j] += rows[r * d + j] / static_cast<double>(n);
  }
  std::vector<double> centred(rows.begin(), rows.end());
  for (int64_t r = 0; r < n; ++r)
    for (int64_t j = 0; j < d; ++j) sum_[j] += centred[r * d + j] -= origin_[j];
  for (int64_t i = 0; i < d; ++i) {
    double* const out = &products_[i * d];
    int64_t r = 0;
    for (; r + 4 <= n; r += 4) {  // four rows at once: a quarter of the traffic with `out`
      const double *const a = &centred[r * d], *const b = a + d, *const c = b + d, *const e = c + d;
      for (int64_t j = 0; j <= i; ++j) out[j] += a[i] * a[j] + b[i] * b[j] + c[i] * c[j] + e[i] * e[j];
    }
    for (; r < n; ++r) {
      const double* const a = &centred[r * d];
      for (int64_t j = 0; j <= i; ++j) out[j] += a[i] * a[j];
    }
  }
  count_ += n;
}

Covariance CovarianceSum::result() const {
  require(count_ > 0, "CovarianceSum", "no examples, no covariance");
  const int64_t d = dimensions_;
  const auto n = static_cast<double>(count_);
  Covariance c{origin_, products_};
  for (int64_t i = 0; i < d; ++i) c.mean[i] += sum_[i] / n;
  for (int64_t i = 0; i < d; ++i)
    for (int64_t j = 0; j <= i; ++j)
      c.covariance[i * d + j] = c.covariance[j * d + i] = products_[i * d + j] / n - sum_[i] / n * (sum_[j] / n);
  return c;
}

Covariance covariance_of(const Tensor& x, int levels, uint64_t seed) {
  check(x.rank() >= 1, "covariance_of", "expects examples [n, ...], got ", x.shape());
  const int64_t n = x.shape()[0];
  require(n > 0, "covariance_of", "no examples, no covariance: got ", x.shape());
  constexpr int64_t kRows = 64;  // at a time: they stay in the cache while the covariance passes by
  CovarianceSum sum(x.numel() / n);
  for (int64_t begin = 0; begin < n; begin += kRows) {
    const Tensor rows = dequantise(x.rows(begin, std::min(n, begin + kRows)), levels, seed, 0, begin);
    sum.add(std::vector<double>(rows.data().begin(), rows.data().end()));
  }
  return sum.result();
}

}  // namespace bijou
