// The kernels: the fast ones against their naive twins or plain loops over many random odd shapes, the same
// bytes on any number of threads, NaNs and infinities, and the random numbers.
#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/layout.hpp"
#include "autograd/kernels/machine.hpp"
#include "autograd/kernels/reduce.hpp"
#include "autograd/math.hpp"
#include "autograd/tensor.hpp"
#include "tests/random_values.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>

using namespace bijou;

namespace {

constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN(), kInfinity = std::numeric_limits<Real>::infinity();

// The largest difference, relative to the scale of the values (at least that of the inputs, 1).
template <class Expected>
double error(const Values& y, const Expected& expected) {
  REQUIRE(y.size() == expected.size());
  double scale = 1, worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    scale = std::max(scale, std::abs(static_cast<double>(expected[i])));
    worst = std::max(worst, std::abs(static_cast<double>(y[i]) - expected[i]));
    if (std::isnan(y[i])) return kNaN;
  }
  return worst / scale;
}

constexpr double kBound = 1e-5;

// Runs the kernel on 1, 2 and 4 threads: the bytes of its results must not differ.
void check_deterministic(const char* name, int64_t size, const std::function<void(Real*)>& kernel) {
  CAPTURE(name);
  const int before = kernels::threads();
  Values first;
  for (const int threads : {1, 2, 4}) {
    kernels::set_threads(threads);
    Values y(static_cast<size_t>(size), kNaN);
    kernel(y.data());
    if (first.empty()) first = y;
    CHECK_MESSAGE(std::memcmp(first.data(), y.data(), y.size() * sizeof(Real)) == 0, "on ", threads, " threads");
  }
  kernels::set_threads(before);
}

}  // namespace

TEST_CASE("kernels: matmul is its naive twin, transposed or not") {
  Rng rng(1, stream("matmul"));
  const auto check_product = [&](int64_t m, int64_t n, int64_t k) {
    const Values a = randn(m * k, rng), b = randn(k * n, rng);
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        CAPTURE(text("[", m, ", ", k, "] [", k, ", ", n, "], transposed: ", ta, " ", tb));
        Values fast(static_cast<size_t>(m * n), kNaN), naive(fast.size());
        kernels::matmul(ta, tb, m, n, k, a.data(), b.data(), fast.data());
        kernels::matmul_naive(ta, tb, m, n, k, a.data(), b.data(), naive.data());
        CHECK(error(fast, naive) < kBound);
      }
    }
  };
  for (int i = 0; i < 60; ++i) check_product(between(1, 40, rng), between(1, 40, rng), between(1, 40, rng));
  for (int i = 0; i < 60; ++i) {  // a few numbers along one side
    const int64_t few = between(1, 5, rng), x = between(1, 300, rng), y = between(1, 300, rng);
    check_product(few, x, y);
    check_product(x, few, y);
    check_product(x, y, few);
  }
  check_product(301, 97, 203);
  check_product(97, 301, 203);
  check_product(3, 1, 0);
}

TEST_CASE("kernels: solve_triangular solves") {
  Rng rng(1, stream("solve"));
  for (const int64_t n : {1, 2, 7, 20}) {
    const int64_t m = between(1, 6, rng);
    Values a = randn(n * n, rng);
    const Values b = randn(n * m, rng);
    for (Real& v : a) v *= static_cast<Real>(0.3);
    for (int64_t i = 0; i < n; ++i) a[i * n + i] += 2;
    for (const bool upper : {false, true}) {
      for (const bool transpose : {false, true}) {
        for (const bool unit : {false, true}) {
          CAPTURE(text("n = ", n, ", upper ", upper, ", transposed ", transpose, ", unit ", unit));
          Values x(b.size(), kNaN), product(b.size());
          kernels::solve_triangular(upper, transpose, unit, n, m, a.data(), b.data(), x.data());
          for (int64_t i = 0; i < n; ++i) {
            for (int64_t l = 0; l < n; ++l) {
              const int64_t row = transpose ? l : i, column = transpose ? i : l;
              if (upper ? column < row : column > row) continue;
              const Real v = unit && row == column ? 1 : a[row * n + column];
              for (int64_t j = 0; j < m; ++j) product[i * m + j] += v * x[l * m + j];
            }
          }
          CHECK(error(product, b) < kBound);
        }
      }
    }
  }
}

TEST_CASE("kernels: sums are plain loops") {
  Rng rng(1, stream("sum"));
  const auto check_sum = [&](int64_t outer, int64_t reduced, int64_t inner) {
    CAPTURE(text("[", outer, ", ", reduced, ", ", inner, "]"));
    const Values x = randn(outer * reduced * inner, rng);
    Values y(static_cast<size_t>(outer * inner), kNaN);
    std::vector<double> expected(y.size());
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t r = 0; r < reduced; ++r)
        for (int64_t i = 0; i < inner; ++i) expected[o * inner + i] += x[(o * reduced + r) * inner + i];
    kernels::sum_middle(outer, reduced, inner, x.data(), y.data());
    CHECK(error(y, expected) < kBound);
  };
  for (int i = 0; i < 60; ++i) check_sum(between(1, 7, rng), between(0, 40, rng), between(1, 7, rng));
  for (int i = 0; i < 20; ++i) check_sum(1, between(0, 300, rng), between(1, 130, rng));
  check_sum(1, 100'001, 1);
  check_sum(5000, 13, 1);
  check_sum(1, 40'001, 3);
  check_sum(7, 1001, 30);
  check_sum(5, 1, 7000);
}

TEST_CASE("kernels: moments, normalize, sum_and_dot and sum_squares are plain loops") {
  Rng rng(1, stream("moments"));
  for (const auto& shape : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {1, 5}, {2, 3}, {17, 1}, {63, 64}, {65, 63}, {100, 130}, {30'001, 3}, {9001, 12}}) {
    const int64_t rows = shape.first, columns = shape.second;
    CAPTURE(text("[", rows, ", ", columns, "]"));
    Values x = randn(rows * columns, rng);
    const Values b = randn(rows * columns, rng);
    for (Real& v : x) v += 3;
    std::vector<double> mean(columns), variance(columns), dot(columns);
    double squares = 0;
    for (int64_t i = 0; i < rows * columns; ++i) {
      mean[i % columns] += static_cast<double>(x[i]) / static_cast<double>(rows);
      dot[i % columns] += static_cast<double>(x[i]) * b[i];
      squares += static_cast<double>(x[i]) * x[i];
    }
    for (int64_t i = 0; i < rows * columns; ++i) {
      variance[i % columns] += std::pow(x[i] - mean[i % columns], 2) / static_cast<double>(rows);
    }
    Values m(columns, kNaN), v(columns, kNaN), sum_a(columns, kNaN), sum_ab(columns, kNaN), y(x.size(), kNaN);
    kernels::moments(rows, columns, x.data(), m.data(), v.data());
    CHECK(error(m, mean) < kBound);
    CHECK(error(v, variance) < kBound);
    kernels::sum_and_dot(rows, columns, x.data(), b.data(), sum_a.data(), sum_ab.data());
    for (double& total : mean) total *= static_cast<double>(rows);
    CHECK(error(sum_a, mean) < kBound);
    CHECK(error(sum_ab, dot) < kBound);
    CHECK(kernels::sum_squares(rows * columns, x.data()) == doctest::Approx(squares).epsilon(1e-12));
    const Values r = randn(columns, rng);
    kernels::normalize(rows, columns, x.data(), m.data(), r.data(), y.data());
    std::vector<double> expected(x.size());
    for (int64_t i = 0; i < rows * columns; ++i) expected[i] = (double{x[i]} - m[i % columns]) * r[i % columns];
    CHECK(error(y, expected) < kBound);
  }
  const Values far = {10'000, 10'001, 10'002, 10'003};  // E[x^2] - E[x]^2 would have no digit right
  Real mean = 0, variance = 0;
  kernels::moments(4, 1, far.data(), &mean, &variance);
  CHECK(mean == doctest::Approx(10'001.5));
  CHECK(variance == doctest::Approx(1.25));
}

TEST_CASE("kernels: logsumexp neither overflows nor loses a NaN") {
  const auto logsumexp = [](const Values& row) {
    Real y = 0;
    kernels::logsumexp(1, static_cast<int64_t>(row.size()), row.data(), &y);
    return y;
  };
  CHECK(logsumexp({0, 0, 0}) == doctest::Approx(std::log(3.0)));
  CHECK(logsumexp({1000, 1000}) == doctest::Approx(1000 + std::log(2.0)));
  CHECK(logsumexp({-1000, -1000}) == doctest::Approx(-1000 + std::log(2.0)));
  CHECK(logsumexp({5, -kInfinity}) == doctest::Approx(5));
  CHECK(logsumexp({-kInfinity, -kInfinity}) == -kInfinity);
  CHECK(logsumexp({0, kInfinity}) == kInfinity);
  for (const Real other : {Real{0}, -kInfinity, kInfinity}) {
    CHECK(std::isnan(logsumexp({kNaN, other})));
    CHECK(std::isnan(logsumexp({other, kNaN})));
  }
}

TEST_CASE("kernels: logsumexp is a plain loop, over tiles and blocks of rows") {
  Rng rng(2, stream("logsumexp"));
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{3, 1}, {700, 2}, {20'000, 3}, {513, 10}, {77, 600}}) {
    const Values x = randn(rows * columns, rng);
    Values y(static_cast<size_t>(rows), kNaN);
    kernels::logsumexp(rows, columns, x.data(), y.data());
    std::vector<double> expected(y.size());
    for (int64_t i = 0; i < rows * columns; ++i) expected[i / columns] += std::exp(double{x[i]});
    for (double& e : expected) e = std::log(e);
    CHECK(error(y, expected) < kBound);
  }
}

TEST_CASE("kernels: take, swap_middle and copy_runs are plain loops") {
  Rng rng(1, stream("layout"));
  for (int i = 0; i < 80; ++i) {
    const int64_t outer = between(1, 6, rng), from = between(1, 9, rng), inner = between(1, 18, rng);
    const Values x = randn(outer * from * inner, rng);
    std::vector<int64_t> index(static_cast<size_t>(between(1, 12, rng)));
    for (int64_t& k : index) k = between(-1, from - 1, rng);
    if (i % 3 == 0) {  // two long runs, the second of zeros
      for (size_t k = 0; k < index.size(); ++k)
        index[k] = static_cast<int64_t>(k) < from ? static_cast<int64_t>(k) : -1;
    }
    const int64_t count = static_cast<int64_t>(index.size());
    Values y(static_cast<size_t>(outer * count * inner), kNaN), expected;
    kernels::take(outer, from, inner, index, x.data(), y.data());
    for (int64_t o = 0; o < outer; ++o)
      for (const int64_t k : index)
        for (int64_t c = 0; c < inner; ++c) expected.push_back(k < 0 ? 0 : x[(o * from + k) * inner + c]);
    CHECK(y == expected);

    const int64_t b = between(1, 7, rng);
    const Values cube = randn(outer * from * b * inner, rng);
    Values swapped(cube.size(), kNaN);
    kernels::swap_middle(outer, from, b, inner, cube.data(), swapped.data());
    expected.clear();
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t j = 0; j < b; ++j)
        for (int64_t k = 0; k < from; ++k)
          for (int64_t c = 0; c < inner; ++c) expected.push_back(cube[((o * from + k) * b + j) * inner + c]);
    CHECK(swapped == expected);

    Values copied(static_cast<size_t>(outer * (from + 2)), -1);
    kernels::copy_runs(outer, from, x.data(), from * inner, copied.data(), from + 2);
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t k = 0; k < from + 2; ++k) {
        CHECK(copied[o * (from + 2) + k] == (k < from ? x[o * from * inner + k] : -1));
      }
    }
  }
}

TEST_CASE("kernels: squeeze2d and unsqueeze2d move each pixel to the channel (dy * f + dx) * C + c") {
  Rng rng(1, stream("squeeze"));
  for (int i = 0; i < 40; ++i) {
    const int64_t n = between(1, 3, rng), h = between(1, 4, rng), w = between(1, 4, rng), c = between(1, 5, rng),
                  f = between(1, 4, rng);
    const Tensor x = Tensor::randn({n, h * f, w * f, c}, rng), y = math::squeeze2d(x, f);
    REQUIRE(y.shape() == Shape{n, h, w, f * f * c});
    bool right = true;
    for (int64_t a = 0, at = 0; a < n; ++a)
      for (int64_t row = 0; row < h; ++row)
        for (int64_t column = 0; column < w; ++column)
          for (int64_t dy = 0; dy < f; ++dy)
            for (int64_t dx = 0; dx < f; ++dx)
              for (int64_t k = 0; k < c; ++k, ++at) {
                right =
                    right && y.data()[at] == x.data()[((a * h * f + row * f + dy) * w * f + column * f + dx) * c + k];
              }
    CHECK(right);
    CHECK(std::ranges::equal(math::unsqueeze2d(y, f).data(), x.data()));
  }
}

TEST_CASE("kernels: the same bytes on 1, 2 and 4 threads") {
  Rng rng(1, stream("threads"));
  const Values dy = randn(300'000, rng), v = randn(300'000, rng);
  for (const bool transposed : {false, true}) {
    check_deterministic("matmul by rows", 100'000, [&](Real* y) {
      kernels::matmul(transposed, transposed, 500, 200, 300, v.data(), dy.data(), y);
    });
    check_deterministic("matmul by columns", 100'000, [&](Real* y) {
      kernels::matmul(transposed, transposed, 200, 500, 300, v.data(), dy.data(), y);
    });
  }
  check_deterministic("sum of all", 1, [&](Real* y) { kernels::sum_middle(1, 300'000, 1, v.data(), y); });
  check_deterministic("sum of rows", 3000, [&](Real* y) { kernels::sum_middle(3000, 100, 1, v.data(), y); });
  check_deterministic("sum of columns", 3, [&](Real* y) { kernels::sum_middle(1, 100'000, 3, v.data(), y); });
  check_deterministic("sum of the middle", 3000, [&](Real* y) { kernels::sum_middle(100, 100, 30, v.data(), y); });
  check_deterministic("moments", 12, [&](Real* y) { kernels::moments(50'000, 6, v.data(), y, y + 6); });
  check_deterministic("sum_and_dot", 12,
                      [&](Real* y) { kernels::sum_and_dot(40'000, 6, v.data(), dy.data(), y, y + 6); });
  check_deterministic("sum_squares", 1,
                      [&](Real* y) { *y = static_cast<Real>(kernels::sum_squares(300'000, v.data())); });
  check_deterministic("logsumexp", 30'000, [&](Real* y) { kernels::logsumexp(30'000, 10, v.data(), y); });
  check_deterministic("tanh", 300'000, [&](Real* y) { kernels::tanh(300'000, v.data(), y); });
  check_deterministic("take", 300'000, [&](Real* y) {
    kernels::take(3000, 10, 10, std::vector<int64_t>{9, 8, 0, 1, 2, 3, -1, 4, 5, 6}, v.data(), y);
  });
  check_deterministic("swap_middle", 300'000, [&](Real* y) { kernels::swap_middle(3000, 5, 4, 5, v.data(), y); });
}

TEST_CASE("kernels: the loaded BLAS is the one that runs on our threads") { CHECK(kernels::blas_complaint() == ""); }

TEST_CASE("kernels: the loaded BLAS uses what this processor has") {
  CHECK((std::getenv("OPENBLAS_CORETYPE") || !kernels::blas_kernels_are_outdated()));
}
