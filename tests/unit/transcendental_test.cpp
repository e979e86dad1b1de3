// exp, log, tanh, sigmoid and softplus of the float build against the standard library in double: how many units in the
// last place they are off over all floats, their special values, and that a value's place in an array changes nothing.
#include "autograd/check.hpp"
#include "autograd/kernels/elementwise.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace bijou;

namespace {

constexpr double kBound = 4;  // units in the last place
constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN(), kInfinity = std::numeric_limits<Real>::infinity();

struct Function {
  const char* name;
  kernels::Unary* kernel;
  double (*exact)(double);
};
const Function kFunctions[] = {
    {"exp", kernels::exp, [](double x) { return std::exp(x); }},
    {"log", kernels::log, [](double x) { return std::log(x); }},
    {"tanh", kernels::tanh, [](double x) { return std::tanh(x); }},
    {"sigmoid", kernels::sigmoid,
     [](double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }},
    {"softplus", kernels::softplus, [](double x) { return (x < 0 ? 0 : x) + std::log1p(std::exp(-std::abs(x))); }}};

// In units of the last place of the exact value, also of subnormal ones; past the largest float infinity is right.
double units_off(Real y, double exact) {
  if (std::isnan(exact) || std::isnan(y)) return std::isnan(exact) && std::isnan(y) ? 0 : INFINITY;
  if (y == static_cast<Real>(exact)) return 0;
  if (std::isinf(y)) return exact > FLT_MAX ? 0 : INFINITY;
  const int exponent = exact == 0 ? FLT_MIN_EXP - 1 : std::max(std::ilogb(exact), FLT_MIN_EXP - 1);
  return std::abs(y - exact) / std::ldexp(1.0, exponent - (FLT_MANT_DIG - 1));
}

Real at(kernels::Unary* kernel, Real x) {
  Real y = kNaN;
  kernel(1, &x, &y);
  return y;
}

}  // namespace

TEST_CASE("transcendental: at most 4 units in the last place, over all floats") {
  constexpr uint64_t kStride = 509;  // a prime: 8.4 million of the 2^32 patterns, both signs, NaNs and subnormals
  for (const Function& f : kFunctions) {
    double worst = 0;
    Real where = 0;
    std::vector<Real> x, y;
    for (uint64_t u = 0; u <= UINT32_MAX;) {
      x.clear();
      for (; u <= UINT32_MAX && x.size() < 1'000'000; u += kStride) {
        x.push_back(std::bit_cast<Real>(static_cast<uint32_t>(u)));
      }
      y.assign(x.size(), kNaN);
      f.kernel(static_cast<int64_t>(x.size()), x.data(), y.data());
      for (size_t i = 0; i < x.size(); ++i) {
        const double off = units_off(y[i], f.exact(x[i]));
        if (off > worst) worst = off, where = x[i];
      }
    }
    MESSAGE(std::string(f.name), ": ", worst, " units in the last place at ", where);
    CHECK_MESSAGE(worst <= kBound, f.name, " at ", where);
    CHECK(worst > 0);  // a float cannot be exact everywhere: was anything measured?
  }
}

TEST_CASE("transcendental: the values that must be exact") {
  using namespace kernels;
  for (const Real zero : {Real{0}, -Real{0}}) {
    CHECK(at(exp, zero) == 1);
    CHECK(at(sigmoid, zero) == 0.5f);
    CHECK(at(log, zero) == -kInfinity);
    CHECK(std::signbit(at(tanh, zero)) == std::signbit(zero));
    CHECK(at(tanh, zero) == 0);
  }
  CHECK(at(log, 1) == 0);
  CHECK(at(exp, 88.72283f) < kInfinity);  // the last float whose exponential is one
  CHECK(at(exp, 88.72284f) == kInfinity);
  CHECK(at(exp, -103.97f) == std::numeric_limits<Real>::denorm_min());
  CHECK(at(exp, -103.98f) == 0);
  CHECK(at(log, std::numeric_limits<Real>::denorm_min()) == doctest::Approx(-149 * std::log(2.0)));
  CHECK(std::isnan(at(log, -std::numeric_limits<Real>::denorm_min())));
  CHECK(std::isnan(at(log, -kInfinity)));
  for (const Real x : {1e-45f, 1e-30f, 0.1f, 0.6249999f, 0.625f, 1.f, 5.f, 9.1f, 100.f, FLT_MAX, kInfinity}) {
    CHECK(at(tanh, -x) == -at(tanh, x));
    CHECK(at(tanh, x) <= 1);
    CHECK(at(sigmoid, x) <= 1);
  }
  for (const Real x : {1e-45f, 1e-40f, 1e-10f}) CHECK(at(tanh, x) == x);
  for (const Real x : {20.f, 100.f, FLT_MAX, kInfinity}) {
    CHECK(at(tanh, x) == 1);
    CHECK(at(sigmoid, x) == 1);
    CHECK(at(softplus, x) == x);
  }
  for (const Real x : {-104.f, -FLT_MAX, -kInfinity}) {
    CHECK(at(sigmoid, x) == 0);
    CHECK(at(softplus, x) == 0);
  }
  CHECK(at(sigmoid, -100) > 0);  // where 1 / (1 + e^-x) would have overflowed
}

TEST_CASE("transcendental: a value's place in an array never changes its bytes") {
  constexpr int64_t kSize = 77;  // whole vectors, and a tail
  for (const Function& f : kFunctions) {
    CAPTURE(f.name);
    for (uint64_t u = 0; u <= UINT32_MAX; u += 3'000'017) {
      const std::vector<Real> x(kSize, std::bit_cast<Real>(static_cast<uint32_t>(u)));
      std::vector<Real> y(kSize);
      f.kernel(kSize, x.data(), y.data());
      bool same = true;
      for (const Real v : y)
        same = same && (std::memcmp(&v, &y[0], sizeof v) == 0 || (std::isnan(v) && std::isnan(y[0])));
      for (const int64_t n : {1, 2, 3, 7}) {
        std::vector<Real> few(static_cast<size_t>(n));
        f.kernel(n, x.data(), few.data());
        same = same && (few.back() == y[0] || std::isnan(y[0]));
      }
      CHECK_MESSAGE(same, "of ", x[0]);
    }
  }
}
