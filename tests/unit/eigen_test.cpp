// Eigenvalues of symmetric matrices: what defines them, in double and in the program's float.
#include "autograd/kernels/eigen.hpp"
#include "autograd/kernels/machine.hpp"
#include "autograd/math.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace bijou;
using bijou_tests::message;
using bijou_tests::values;

namespace {

using Doubles = std::vector<double>;

Doubles random_symmetric(int64_t n, uint64_t seed) {
  Rng rng(seed, stream("eigen"));
  Doubles a(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j <= i; ++j) a[i * n + j] = a[j * n + i] = rng.normal();
  return a;
}

Doubles diagonal(const Doubles& d) {
  Doubles a(d.size() * d.size());
  for (size_t i = 0; i < d.size(); ++i) a[i * d.size() + i] = d[i];
  return a;
}

// The largest entries of A V - V diag(values) and of V'V - I.
std::pair<double, double> residuals(int64_t n, const Doubles& a, const Doubles& v, const Doubles& values) {
  double equation = 0, orthonormal = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < n; ++k) {
      double av = 0, vv = 0;
      for (int64_t j = 0; j < n; ++j) {
        av += a[i * n + j] * v[j * n + k];
        vv += v[j * n + i] * v[j * n + k];
      }
      equation = std::max(equation, std::abs(av - v[i * n + k] * values[k]));
      orthonormal = std::max(orthonormal, std::abs(vv - (i == k ? 1 : 0)));
    }
  }
  return {equation, orthonormal};
}

void check_eigen(int64_t n, const Doubles& a) {
  CAPTURE(n);
  Doubles v = a, values(static_cast<size_t>(n));
  REQUIRE(kernels::symmetric_eigen(n, v.data(), values.data()));
  const auto [equation, orthonormal] = residuals(n, a, v, values);
  CHECK(equation < 1e-12);
  CHECK(orthonormal < 1e-12);
  CHECK(std::ranges::is_sorted(values));
  for (int64_t k = 0; k < n; ++k) {
    double largest = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (std::abs(v[i * n + k]) > std::abs(largest)) largest = v[i * n + k];
    }
    CHECK(largest > 0);
  }
}

}  // namespace

TEST_CASE("eigen: A V = V diag(values), V'V = I, increasing, the largest entry positive") {
  for (const int64_t n : {1, 2, 3, 7, 50}) {
    for (uint64_t seed = 0; seed < 5; ++seed) check_eigen(n, random_symmetric(n, seed));
  }
  check_eigen(5, diagonal({1, 1, 1, 1, 1}));
  check_eigen(4, diagonal({2, -1, 2, 0}));
  check_eigen(3, Doubles(9, 0));
  check_eigen(3, Doubles(9, 1));  // of rank 1
}

TEST_CASE("eigen: known values, signs that rounding does not choose, and one triangle that is read") {
  for (const double above : {1.0, 77.0}) {
    Doubles v = {2, above, 1, 2}, values(2);
    REQUIRE(kernels::symmetric_eigen(2, v.data(), values.data()));
    CHECK(values[0] == doctest::Approx(1).epsilon(1e-14));
    CHECK(values[1] == doctest::Approx(3).epsilon(1e-14));
    const double h = std::sqrt(0.5), expected[] = {h, h, -h, h};
    for (size_t i = 0; i < 4; ++i) CHECK(v[i] == doctest::Approx(expected[i]).epsilon(1e-14));
  }
  double nothing = 5;
  CHECK(kernels::symmetric_eigen(0, &nothing, &nothing));
  CHECK(nothing == 5);
}

TEST_CASE("eigen: what is not finite is refused") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Doubles v = {1, 0, bad, 1}, values(2);
    CHECK_FALSE(kernels::symmetric_eigen(2, v.data(), values.data()));
  }
}

TEST_CASE("eigen: the same bytes on 1, 2 and 4 threads") {
  constexpr int64_t n = 300;
  const Doubles a = random_symmetric(n, 1);
  const int before = kernels::threads();
  Doubles first, first_values;
  for (const int threads : {1, 2, 4}) {
    kernels::set_threads(threads);
    Doubles v = a, values(n);
    REQUIRE(kernels::symmetric_eigen(n, v.data(), values.data()));
    if (first.empty()) first = v, first_values = values;
    CHECK(std::memcmp(first.data(), v.data(), sizeof(double) * v.size()) == 0);
    CHECK(std::memcmp(first_values.data(), values.data(), sizeof(double) * values.size()) == 0);
  }
  kernels::set_threads(before);
}

TEST_CASE("eigen: of a tensor, column k of the vectors belongs to values[k]") {
  constexpr int64_t n = 12;
  const Tensor a = Tensor::from({n, n}, random_symmetric(n, 3));
  const auto [w, v] = math::eigen_symmetric(a);
  REQUIRE(w.shape() == Shape{n});
  REQUIRE(v.shape() == Shape{n, n});
  const auto [equation, orthonormal] = residuals(n, values(a), values(v), values(w));
  CHECK(equation < 1e-5);
  CHECK(orthonormal < 1e-5);
}

TEST_CASE("eigen: errors say what is wrong, and where") {
  const auto refused = [](const Tensor& a) { return message<ValueError>([&] { math::eigen_symmetric(a); }); };
  for (const Shape& shape : {Shape{3}, Shape{2, 3}, Shape{2, 2, 2}}) {
    CHECK(message<ShapeError>([&] { math::eigen_symmetric(Tensor::zeros(shape)); }) ==
          text("eigen_symmetric: expects a square matrix, got ", shape));
  }
  CHECK(refused(Tensor::from({2, 2}, {1, 2, 2.5, 1})) ==
        "eigen_symmetric: the matrix [2, 2] is not symmetric: at [1, 0] it is 2.5, at [0, 1] it is 2");
  CHECK(refused(Tensor::from({2, 2}, {1, NAN, 2, 1})) == "eigen_symmetric: the matrix [2, 2] is not finite");
  // Rounding is no asymmetry: relative to the largest entry.
  CHECK(refused(Tensor::from({2, 2}, {1e4, 1, 1.005, 1})) == "(nothing was thrown)");
  CHECK(refused(Tensor::from({2, 2}, {1e4, 1, 1.02, 1})) ==
        "eigen_symmetric: the matrix [2, 2] is not symmetric: at [1, 0] it is 1.02, at [0, 1] it is 1");
}
