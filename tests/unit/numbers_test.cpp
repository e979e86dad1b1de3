// Element by element: accuracy, NaNs and infinities. Determinants. The random numbers.
#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/machine.hpp"
#include "autograd/kernels/update.hpp"
#include "autograd/math.hpp"
#include "autograd/tensor.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <limits>
#include <utility>

using namespace bijou;

namespace {

constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN(), kInfinity = std::numeric_limits<Real>::infinity();

// The kernel's value for x at each place of a vector, the places of the loop's remainder among them; -1
// elsewhere. They must all be the same (or all NaN).
Real at_every_place(kernels::Unary* kernel, Real x) {
  constexpr int kSize = 37;
  Real result = 0;
  for (int place = 0; place < kSize; ++place) {
    std::vector<Real> in(kSize, 1), out(kSize);
    in[place] = x;
    kernel(kSize, in.data(), out.data());
    if (place == 0) result = out[0];
    CHECK((out[place] == result || (std::isnan(out[place]) && std::isnan(result))));
  }
  return result;
}

// As at_every_place, for a gradient: dy = 1.
Real gradient_at(kernels::Backward* kernel, Real xy, Real dy = 1) {
  Real dx = 0;
  kernel(1, &dy, &xy, &dx);
  return dx;
}

}  // namespace

TEST_CASE("elementwise: within a few units in the last place of the double functions") {
  struct Row {
    const char* name;
    kernels::Unary* kernel;
    double (*exact)(double);
    double low, high;
  };
  const Row rows[] = {
      {"negate", kernels::negate, [](double x) { return -x; }, -10, 10},
      {"exp", kernels::exp, [](double x) { return std::exp(x); }, -80, 80},
      {"log", kernels::log, [](double x) { return std::log(x); }, 1e-30, 100},
      {"tanh", kernels::tanh, [](double x) { return std::tanh(x); }, -10, 10},
      {"sigmoid", kernels::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 80},
      {"softplus", kernels::softplus,
       [](double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }, -80, 80},
      {"relu", kernels::relu, [](double x) { return x > 0 ? x : 0; }, -10, 10},
      {"square", kernels::square, [](double x) { return x * x; }, -10, 10},
      {"sqrt", kernels::sqrt, [](double x) { return std::sqrt(x); }, 0, 100},
      {"abs", kernels::abs, [](double x) { return std::abs(x); }, -10, 10}};
  Rng rng(1, stream("elementwise"));
  for (const Row& row : rows) {
    const Tensor x = Tensor::uniform({20'003}, rng, row.low, row.high);
    Tensor y(x.shape());
    row.kernel(x.numel(), x.data().data(), y.mutable_data().data());
    double worst = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
      const double exact = row.exact(x.data()[i]);
      worst = std::max(worst, std::abs(y.data()[i] - exact) / std::max(std::abs(exact), 1e-30));
    }
    CHECK_MESSAGE(worst < 4 * std::numeric_limits<Real>::epsilon(), row.name, " is off by ", worst);
  }
}

TEST_CASE("elementwise: NaNs stay NaNs, at every place of a vector") {
  for (kernels::Unary* kernel : {kernels::negate, kernels::exp, kernels::log, kernels::tanh, kernels::sigmoid,
                                 kernels::softplus, kernels::relu, kernels::square, kernels::sqrt, kernels::abs}) {
    CHECK(std::isnan(at_every_place(kernel, kNaN)));
  }
  CHECK(std::isnan(at_every_place(kernels::log, -1)));
  CHECK(std::isnan(at_every_place(kernels::sqrt, -1)));
  for (const bool with_bias : {false, true}) {  // also through the convolution's own relu
    const Tensor x = Tensor::full({1, 3, 3, 1}, kNaN), w = Tensor::full({1, 1, 1, 5}, 1),
                 y = math::conv2d(x, w, with_bias ? Tensor::zeros({5}) : Tensor(), true);
    for (const Real v : y.data()) CHECK(std::isnan(v));
  }
}

TEST_CASE("elementwise: infinities and overflow end where they must") {
  CHECK(at_every_place(kernels::exp, kInfinity) == kInfinity);
  CHECK(at_every_place(kernels::exp, -kInfinity) == 0);
  CHECK(at_every_place(kernels::exp, 1000) == kInfinity);
  CHECK(at_every_place(kernels::exp, -1000) == 0);
  CHECK(at_every_place(kernels::log, 0) == -kInfinity);
  CHECK(at_every_place(kernels::log, kInfinity) == kInfinity);
  CHECK(at_every_place(kernels::tanh, kInfinity) == 1);
  CHECK(at_every_place(kernels::tanh, -kInfinity) == -1);
  CHECK(at_every_place(kernels::sigmoid, kInfinity) == 1);
  CHECK(at_every_place(kernels::sigmoid, -kInfinity) == 0);
  CHECK(at_every_place(kernels::softplus, kInfinity) == kInfinity);
  CHECK(at_every_place(kernels::softplus, -kInfinity) == 0);
  CHECK(at_every_place(kernels::softplus, 1000) == 1000);
  CHECK(at_every_place(kernels::softplus, -1000) == 0);
  CHECK(at_every_place(kernels::softplus, -20) == doctest::Approx(std::exp(-20.0)).epsilon(1e-5));
  CHECK(at_every_place(kernels::relu, kInfinity) == kInfinity);
  CHECK(at_every_place(kernels::relu, -kInfinity) == 0);
  CHECK(at_every_place(kernels::abs, -kInfinity) == kInfinity);

  CHECK(gradient_at(kernels::softplus_backward, 1000) == 1);
  CHECK(gradient_at(kernels::softplus_backward, -1000) == 0);
  CHECK(gradient_at(kernels::softplus_backward, 0) == doctest::Approx(0.5));
  CHECK(gradient_at(kernels::tanh_backward, 1) == 0);
  CHECK(gradient_at(kernels::sigmoid_backward, 1) == 0);
  CHECK(gradient_at(kernels::relu_backward, 0) == 0);  // at the kink: 0, by convention
  CHECK(gradient_at(kernels::abs_backward, 0) == 0);
  CHECK(gradient_at(kernels::abs_backward, -3, 2) == -2);
}

TEST_CASE("elementwise: all_finite sees one bad value anywhere") {
  for (const int64_t n : {1, 2, 37, 70'001}) {
    Tensor x = Tensor::full({n}, std::numeric_limits<Real>::max());
    CHECK(math::all_finite(x));
    for (const int64_t place : {int64_t{0}, n / 2, n - 1}) {
      for (const Real bad : {kNaN, kInfinity, -kInfinity}) {
        const Real before = std::exchange(x.mutable_data()[place], bad);
        CHECK_FALSE(math::all_finite(x));
        x.mutable_data()[place] = before;
      }
    }
    CHECK(math::all_finite(x));
  }
  CHECK(math::all_finite(Tensor::zeros({0})));
}

TEST_CASE("elementwise: Adam's step is the formula") {
  const kernels::AdamStep step{0.9f, 0.99f, 0.01f, 2.f, 1e-4f, 0.5f};
  Rng rng(1, stream("adam"));
  Tensor g = Tensor::randn({133}, rng), m = Tensor::randn({133}, rng), v = Tensor::uniform({133}, rng),
         w = Tensor::randn({133}, rng);
  const Tensor m0 = m.clone(), v0 = v.clone(), w0 = w.clone();
  const kernels::Parameter all{133, g.data().data(), m.mutable_data().data(), v.mutable_data().data(),
                               w.mutable_data().data()};
  kernels::adam({&all, 1}, step);
  for (size_t i = 0; i < 133; ++i) {
    const double gi = 0.5 * g.data()[i], mi = 0.9 * m0.data()[i] + 0.1 * gi, vi = 0.99 * v0.data()[i] + 0.01 * gi * gi;
    CHECK(m.data()[i] == doctest::Approx(mi).epsilon(1e-5));
    CHECK(v.data()[i] == doctest::Approx(vi).epsilon(1e-5));
    CHECK(w.data()[i] == doctest::Approx(w0.data()[i] - 0.01 * mi / (std::sqrt(vi) * 2 + 1e-4)).epsilon(1e-5));
  }
}

TEST_CASE("elementwise: Adamax's step is the formula") {
  const kernels::AdamaxStep step{0.9f, 0.99f, 0.01f, 1e-4f, 0.5f};
  Rng rng(1, stream("adamax"));
  Tensor g = Tensor::randn({133}, rng), m = Tensor::randn({133}, rng), u = Tensor::uniform({133}, rng),
         w = Tensor::randn({133}, rng);
  const Tensor m0 = m.clone(), u0 = u.clone(), w0 = w.clone();
  const kernels::Parameter all{133, g.data().data(), m.mutable_data().data(), u.mutable_data().data(),
                               w.mutable_data().data()};
  kernels::adamax({&all, 1}, step);
  int by_gradient = 0;
  for (size_t i = 0; i < 133; ++i) {
    const double gi = 0.5 * g.data()[i], mi = 0.9 * m0.data()[i] + 0.1 * gi,
                 ui = std::max(0.99 * u0.data()[i], std::abs(gi));
    by_gradient += std::abs(gi) > 0.99 * u0.data()[i];
    CHECK(m.data()[i] == doctest::Approx(mi).epsilon(1e-5));
    CHECK(u.data()[i] == doctest::Approx(ui).epsilon(1e-5));
    CHECK(w.data()[i] == doctest::Approx(w0.data()[i] - 0.01 * mi / (ui + 1e-4)).epsilon(1e-5));
  }
  CHECK((10 < by_gradient && by_gradient < 123));  // both sides of the maximum
}

TEST_CASE("determinant: known matrices, their inverses, and none of a singular one") {
  const Real a[] = {2, -1, 0, -1, 2, -1, 0, -1, 2};
  double inverse[9];
  const auto det = kernels::determinant(3, a, inverse);
  CHECK(det.sign == 1);
  CHECK(det.log_abs == doctest::Approx(std::log(4.0)).epsilon(1e-14));
  const double expected[] = {0.75, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.75};
  for (int i = 0; i < 9; ++i) CHECK(inverse[i] == doctest::Approx(expected[i]).epsilon(1e-14));

  const Real permutation[] = {0, 0, 1, 1, 0, 0, 0, 1, 0};  // a cycle of three: even
  CHECK(kernels::determinant(3, permutation).sign == 1);
  const Real exchange[] = {0, 1, 1, 0};
  CHECK(kernels::determinant(2, exchange, inverse).sign == -1);
  CHECK(kernels::determinant(2, exchange).log_abs == 0);
  CHECK(inverse[1] == 1);
  const Real negative[] = {-3};
  CHECK(kernels::determinant(1, negative).sign == -1);

  Rng rng(1, stream("determinant"));
  const Tensor random = Tensor::randn({20, 20}, rng);
  const auto d = math::slogdet(random, true), t = math::slogdet(math::transpose(random), false);
  CHECK(d.log_abs == doctest::Approx(t.log_abs).epsilon(1e-12));
  CHECK(d.sign == t.sign);
  const Tensor identity = math::matmul(random, d.inverse_transposed, math::Trans::no, math::Trans::yes);
  for (int64_t i = 0; i < 400; ++i) CHECK(std::abs(identity.data()[i] - (i % 21 == 0)) < 1e-4);

  const Real singular[] = {1, 2, 2, 4};
  double untouched[] = {7, 7, 7, 7};
  const auto none = kernels::determinant(2, singular, untouched);
  CHECK(none.sign == 0);
  CHECK(none.log_abs == -std::numeric_limits<double>::infinity());
  for (const double v : untouched) CHECK(v == 7);
}

TEST_CASE("random: Philox4x32-10 gives the published vectors of Random123") {
  using Block = std::array<uint32_t, 4>;
  constexpr uint32_t f = 0xffffffff;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({f, f, f, f}, {f, f}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("random: the moments of uniform, normal and below") {
  Rng rng(1, stream("moments"));
  constexpr int n = 200'000;
  double u[2] = {}, z[4] = {};
  int count[7] = {};
  for (int i = 0; i < n; ++i) {
    const double v = rng.uniform(), w = rng.normal();
    REQUIRE((0 <= v && v < 1));
    u[0] += v / n, u[1] += v * v / n;
    for (int k = 0; k < 4; ++k) z[k] += std::pow(w, k + 1) / n;
    ++count[rng.below(7)];
  }
  // Bounds: five standard deviations of each mean.
  const double five = 5 / std::sqrt(static_cast<double>(n));
  CHECK(std::abs(u[0] - 1. / 2) < five * std::sqrt(1. / 12));
  CHECK(std::abs(u[1] - 1. / 3) < five * std::sqrt(4. / 45));
  CHECK(std::abs(z[0]) < five);
  CHECK(std::abs(z[1] - 1) < five * std::sqrt(2.));
  CHECK(std::abs(z[2]) < five * std::sqrt(15.));
  CHECK(std::abs(z[3] - 3) < five * std::sqrt(96.));
  for (const int c : count) CHECK(std::abs(c - n / 7.) < 5 * std::sqrt(n * 6 / 49.));
}

TEST_CASE("random: draws are the formulas of their bits") {
  const kernels::Draws draws{11, stream("formula")};
  const auto unit = [](uint32_t high, uint32_t low) {
    return static_cast<double>((static_cast<uint64_t>(high) << 32 | low) >> 11) * 0x1p-53;
  };
  constexpr int64_t n = 100'000;
  std::vector<double> expected(n);
  kernels::normals_naive(draws, 0, n, expected.data());
  double worst = 0, worst_naive = 0;
  bool uniform = true;
  for (int64_t i = 0; i < n; ++i) {
    const auto r = draws.block(i);
    uniform = uniform && draws.uniform(i) == unit(r[0], r[1]);
    const double radius = std::sqrt(-2 * std::log(1 - unit(r[0], r[1])));
    const double by_formula = radius * std::cos(2 * std::numbers::pi * unit(r[2], r[3]));
    worst_naive = std::max(worst_naive, std::abs(expected[i] - by_formula) / radius);
    worst = std::max(worst, std::abs(draws.normal(i) - expected[i]) / radius);
  }
  CHECK(uniform);
  CHECK(worst_naive < 1e-15);
  CHECK(worst < 2e-15);
}

TEST_CASE("random: many normals at once are those drawn one by one, on any number of threads") {
  const int before = kernels::threads();
  for (const int64_t n : {0, 1, 5, 16, 4095, 4096, 20'000}) {
    Rng one_by_one(9, stream("normals"));
    one_by_one.normal();
    std::vector<Real> expected(static_cast<size_t>(n));
    for (Real& x : expected) x = static_cast<Real>(one_by_one.normal());
    for (const int threads : {1, 3}) {
      kernels::set_threads(threads);
      Rng rng(9, stream("normals"));
      rng.normal();
      std::vector<Real> values(static_cast<size_t>(n));
      rng.normals(values);
      CHECK(values == expected);
      CHECK(rng.position() == one_by_one.position());
    }
  }
  kernels::set_threads(before);
}

TEST_CASE("random: a draw depends on seed, stream and position alone; streams are independent") {
  const auto draws = [](uint64_t seed, uint64_t stream) {
    Rng rng(seed, stream);
    std::vector<double> v(20'000);
    for (double& x : v) x = rng.normal();
    return v;
  };
  const auto first = draws(1, 0);
  CHECK(draws(1, 0) == first);
  const std::pair<uint64_t, uint64_t> others[] = {
      {2, 0}, {1, 1}, {0, 1}, {uint64_t{1} << 32, 0}, {1, uint64_t{1} << 32}};
  for (const auto& [seed, number] : others) {
    const auto other = draws(seed, number);
    double correlation = 0;
    for (size_t i = 0; i < other.size(); ++i) correlation += first[i] * other[i] / static_cast<double>(other.size());
    CHECK(std::abs(correlation) < 5 / std::sqrt(20'000.));
  }
  Rng rng(3, 4);
  rng.uniform();
  rng.normal();
  CHECK(rng.position() == 2);

  CHECK(stream("noise", 1, 2) == stream("noise", 1, 2));
  CHECK(stream("noise", 1, 2) != stream("noise", 2, 1));
  CHECK(stream("noise", 1) != stream("noise", 0, 1));
  CHECK(stream("noise") != stream("noisf"));
  CHECK(stream("noise") != stream(""));
}

TEST_CASE("random: a permutation holds every index once, and all orders occur") {
  Rng rng(1, stream("permutation"));
  int seen[6] = {};
  for (int i = 0; i < 6000; ++i) {
    const auto p = rng.permutation(3);
    auto sorted = p;
    std::ranges::sort(sorted);
    REQUIRE(sorted == std::vector<int64_t>{0, 1, 2});
    ++seen[p[0] * 2 + (p[1] > p[2])];
  }
  for (const int count : seen) CHECK(std::abs(count - 1000) < 5 * std::sqrt(6000 * 5 / 36.));
  CHECK(rng.permutation(0).empty());
}
