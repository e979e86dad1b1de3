#include "datasets/baselines.hpp"

#include "datasets/covariance.hpp"
#include "datasets/loader.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr int64_t kBlock = 64;  // rows at a time: they stay in the cache while the covariance passes by

struct Logit {
  double alpha;
  int levels;
  double operator()(double x) const {
    const double p = alpha + (1 - 2 * alpha) * x / levels;
    return std::log(p / (1 - p));
  }
  double log_derivative(double x) const {  // log dy/dx
    const double p = alpha + (1 - 2 * alpha) * x / levels;
    return std::log((1 - 2 * alpha) / levels) - std::log(p * (1 - p));
  }
};

struct Gaussian {
  int64_t dimensions;
  std::vector<double> mean;
  std::vector<double> factor;  // L of covariance = L L', row-major, lower triangle
};

// The block's rows in logit space, row-major; adds up log |det dy/dx|.
std::vector<double> to_logit(const Tensor& noisy, const Logit& logit, double& log_det) {
  std::vector<double> y;
  y.reserve(noisy.numel());
  for (Real x : noisy.data()) {
    y.push_back(logit(static_cast<double>(x)));
    log_det += logit.log_derivative(static_cast<double>(x));
  }
  return y;
}

// Calls body(rows in logit space, log |det dy/dx| of the block), block by block.
template <class Body>
void for_each_block(const Tensor& x, const Logit& logit, uint64_t seed, uint64_t draw, const Body& body) {
  const int64_t n = x.shape()[0];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    double log_det = 0;
    const Tensor rows = x.rows(begin, std::min(n, begin + kBlock));
    const Tensor noisy = dequantise(rows, logit.levels, seed, draw, begin);
    const std::vector<double> y = to_logit(noisy, logit, log_det);
    body(y, log_det);
  }
}

// A = L L' in place, lower triangle: Cholesky, row by row.
void factor_in_place(std::vector<double>& a, int64_t d) {
  for (int64_t i = 0; i < d; ++i) {
    double* const row = &a[i * d];
    for (int64_t j = 0; j <= i; ++j) {
      const double* const other = &a[j * d];
      double sum = row[j];
      for (int64_t k = 0; k < j; ++k) sum -= row[k] * other[k];
      if (j < i) {
        row[j] = sum / other[j];
      } else {
        require(sum > 0, "gaussian_logit_baseline", "the covariance is singular at dimension ", i,
                "; give more training images");
        row[i] = std::sqrt(sum);
      }
    }
  }
}

Gaussian fit(const Tensor& train, const Logit& logit, uint64_t seed) {
  const int64_t n = train.shape()[0], d = train.numel() / n;
  CovarianceSum sum(d);
  for_each_block(train, logit, seed, 0, [&](const std::vector<double>& y, double) { sum.add(y); });
  auto [mean, covariance] = sum.result();
  Gaussian g{d, std::move(mean), std::move(covariance)};
  double trace = 0;
  for (int64_t i = 0; i < d; ++i) trace += g.factor[i * d + i];
  for (int64_t i = 0; i < d; ++i) g.factor[i * d + i] += 1e-6 * trace / static_cast<double>(d);
  factor_in_place(g.factor, d);
  return g;
}

// log N(y; mean, L L') = -(D log 2 pi + |v|^2) / 2 - sum_i log L_ii,  L v = y - mean
double log_density(const Gaussian& g, const double* y, std::vector<double>& v) {
  const int64_t d = g.dimensions;
  double log_p = -0.5 * static_cast<double>(d) * std::log(2 * std::numbers::pi);
  for (int64_t i = 0; i < d; ++i) {
    const double* const row = &g.factor[i * d];
    double sum = y[i] - g.mean[i];
    for (int64_t k = 0; k < i; ++k) sum -= row[k] * v[k];
    const double vi = v[i] = sum / row[i];
    log_p -= 0.5 * vi * vi + std::log(row[i]);
  }
  return log_p;
}

void check_images(const Tensor& train, const Tensor& test, int levels, const char* where) {
  check(train.rank() >= 2 && test.rank() == train.rank() && train.shape().from(1) == test.shape().from(1) &&
            train.numel() > 0 && test.numel() > 0,
        where, "expects two sets of images of one size, got ", train.shape(), " and ", test.shape());
  require(levels >= 2, where, "needs images of at least two levels, got ", levels);
}

}  // namespace

double gaussian_logit_baseline(const Tensor& train, const Tensor& test, int levels, double alpha, uint64_t seed) {
  check_images(train, test, levels, "gaussian_logit_baseline");
  require(alpha > 0 && alpha < 0.5, "gaussian_logit_baseline", "alpha must be between 0 and 1/2, got ", alpha);
  const Logit logit{alpha, levels};
  const Gaussian g = fit(train, logit, seed);
  const int64_t d = g.dimensions;
  double log_p = 0;
  std::vector<double> v(d);
  for_each_block(test, logit, seed, 1, [&](const std::vector<double>& y, double log_det) {
    log_p += log_det;
    for (size_t begin = 0; begin < y.size(); begin += d) log_p += log_density(g, &y[begin], v);
  });
  return -log_p / (static_cast<double>(test.numel()) * std::numbers::ln2);
}

double histogram_baseline(const Tensor& train, const Tensor& test, int levels) {
  check_images(train, test, levels, "histogram_baseline");
  const int64_t n = train.shape()[0];
  const auto d = static_cast<size_t>(train.numel() / n), bins = static_cast<size_t>(levels);
  const auto bin = [&](std::span<const Real> values, size_t i) {  // of value i: pixel i mod D, then level
    const Real v = values[i];
    require(v >= 0 && v < static_cast<Real>(levels) && v == std::floor(v), "histogram_baseline",
            "expects integers 0 .. ", levels - 1, ", found ", v);
    return i % d * bins + static_cast<size_t>(v);
  };
  std::vector<double> count(d * bins, 1);
  for (size_t i = 0; i < train.data().size(); ++i) count[bin(train.data(), i)] += 1;
  double bits = 0;
  for (size_t i = 0; i < test.data().size(); ++i)
    bits += std::log2(static_cast<double>(n) + levels) - std::log2(count[bin(test.data(), i)]);
  return bits / static_cast<double>(test.numel());
}

}  // namespace bijou
