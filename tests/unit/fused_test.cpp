// The fused kernels against their formulas written out number by number, in double; the same bytes on any number of
// threads; and the optimisers' loop over many arrays.
#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/fused.hpp"
#include "autograd/kernels/machine.hpp"
#include "autograd/kernels/reduce.hpp"
#include "autograd/kernels/update.hpp"
#include "autograd/ops.hpp"
#include "tests/random_values.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

using namespace bijou;

namespace {

using Values = std::vector<Real>;
constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();
constexpr double kBound = 1e-5;

Values randn(int64_t n, uint64_t seed) {
  Rng rng(seed, stream("fused"));
  return randn(n, rng);
}

// The largest difference, relative to the largest value (at least 1); NaN when one is.
double error(const Values& y, const std::vector<double>& expected) {
  REQUIRE(y.size() == expected.size());
  double scale = 1, worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    scale = std::max(scale, std::abs(expected[i]));
    worst = std::max(worst, std::abs(y[i] - expected[i]));
    if (std::isnan(y[i])) return kNaN;
  }
  return worst / scale;
}

// Runs the kernel on 1, 2 and 4 threads: the bytes of its results must not differ.
void check_deterministic(const char* name, size_t size, const std::function<void(Real*)>& kernel) {
  const int before = kernels::threads();
  Values first;
  for (const int threads : {1, 2, 4}) {
    kernels::set_threads(threads);
    Values y(size, kNaN);
    kernel(y.data());
    if (first.empty()) first = y;
    CHECK_MESSAGE(std::memcmp(first.data(), y.data(), y.size() * sizeof(Real)) == 0, name, " on ", threads, " threads");
  }
  kernels::set_threads(before);
}

// Few columns and many, whole vectors and not, one block and several, a last wide row of fewer rows.
const std::pair<int64_t, int64_t> kSizes[] = {{1, 1},     {5, 1},     {7, 3},     {200, 3},   {20'011, 3},
                                              {5003, 12}, {33, 63},   {40, 64},   {1001, 65}, {300, 257},
                                              {3, 513},   {70, 1000}, {40, 2500}, {2, 70'000}};

}  // namespace

TEST_CASE("fused: the affine coupling, its inverse and its gradient are their formulas") {
  for (const int64_t n : {1, 7, 100'003}) {
    const Values x = randn(n, 1), s = randn(n, 2), t = randn(n, 3), dy = randn(n, 4);
    Values y(x.size(), kNaN), back(y), dx(y), ds(y);
    kernels::affine_coupling(n, x.data(), s.data(), t.data(), y.data());
    kernels::affine_coupling_inverse(n, y.data(), s.data(), t.data(), back.data());
    kernels::affine_coupling_backward(n, dy.data(), x.data(), s.data(), dx.data(), ds.data());
    std::vector<double> ey, ex(x.begin(), x.end()), edx, eds;
    for (size_t i = 0; i < x.size(); ++i) {
      const double e = std::exp(double{s[i]});
      ey.push_back(x[i] * e + t[i]);
      edx.push_back(dy[i] * e);
      eds.push_back(dy[i] * e * x[i]);
    }
    CHECK(error(y, ey) < kBound);
    CHECK(error(back, ex) < kBound);
    CHECK(error(dx, edx) < kBound);
    CHECK(error(ds, eds) < kBound);
  }
}

TEST_CASE("fused: the channel affine and its gradients are their formulas, with ReLU and without") {
  for (const auto& [rows, columns] : kSizes) {
    for (const bool relu : {false, true}) {
      CAPTURE(text("[", rows, ", ", columns, "], relu ", relu));
      const int64_t n = rows * columns;
      const Values x = randn(n, 1), dy = randn(n, 2), m = randn(columns, 3), s = randn(columns, 4),
                   b = randn(columns, 5), mg = randn(columns, 6), slope = randn(columns, 7);
      const kernels::ChannelAffine p{m.data(), s.data(), b.data(), relu};
      Values y(x.size(), kNaN), dx(y), bn(y), sum_g(columns, kNaN), sum_gx(sum_g), sums(sum_g), sums_x(sum_g);
      kernels::channel_affine(rows, columns, p, x.data(), y.data());
      kernels::channel_affine_sums(rows, columns, p, dy.data(), x.data(), sums.data(), sums_x.data());
      kernels::channel_affine_backward(rows, columns, p, dy.data(), x.data(), dx.data(), sum_g.data(), sum_gx.data());
      kernels::batch_norm_backward(rows, columns, p, mg.data(), slope.data(), dy.data(), x.data(), bn.data());
      std::vector<double> ey, edx, ebn, eg(columns), egx(columns);
      for (int64_t i = 0; i < n; ++i) {
        const int64_t c = i % columns;
        const double d = double{x[i]} - m[c], z = d * s[c] + b[c], g = relu && z <= 0 ? 0 : dy[i];
        ey.push_back(relu ? std::max(z, 0.0) : z);
        edx.push_back(g * s[c]);
        ebn.push_back(s[c] * (g - mg[c] - d * slope[c]));
        eg[c] += g;
        egx[c] += g * d;
      }
      CHECK(error(y, ey) < kBound);
      CHECK(error(dx, edx) < kBound);
      CHECK(error(bn, ebn) < kBound);
      CHECK(error(sum_g, eg) < kBound);
      CHECK(error(sum_gx, egx) < kBound);
      CHECK(sums == sum_g);
      CHECK(sums_x == sum_gx);
    }
  }
}

TEST_CASE("fused: bias with ReLU, and the pieces of weight normalisation, are their formulas") {
  for (const auto& [rows, columns] : kSizes) {
    CAPTURE(text("[", rows, ", ", columns, "]"));
    const int64_t n = rows * columns;
    const Values x = randn(n, 1), dy = randn(n, 2), b = randn(columns, 3), slope = randn(columns, 4);
    Values y = x, plain = x, da(x.size(), kNaN), db(columns, kNaN), norm(columns, kNaN), dv(x.size(), kNaN);
    kernels::add_bias(rows, columns, b.data(), true, y.data());
    kernels::add_bias(rows, columns, b.data(), false, plain.data());
    kernels::relu_bias_backward(rows, columns, dy.data(), y.data(), da.data(), db.data());
    kernels::column_norms(rows, columns, x.data(), norm.data());
    kernels::weight_norm_backward(rows, columns, b.data(), slope.data(), dy.data(), x.data(), dv.data());
    std::vector<double> ey, eplain, eda, edb(columns), enorm(columns), edv;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t c = i % columns;
      eplain.push_back(double{x[i]} + b[c]);
      ey.push_back(std::max(0.0, eplain.back()));
      eda.push_back(y[i] > 0 ? dy[i] : 0);
      edb[c] += eda.back();
      enorm[c] += double{x[i]} * x[i];
      edv.push_back(b[c] * (dy[i] - double{slope[c]} * x[i]));
    }
    for (double& e : enorm) e = std::sqrt(e);
    CHECK(error(y, ey) < kBound);
    CHECK(error(plain, eplain) < kBound);
    CHECK(error(da, eda) < kBound);
    CHECK(error(db, edb) < kBound);
    CHECK(error(norm, enorm) < kBound);
    CHECK(error(dv, edv) < kBound);
  }
}

TEST_CASE("fused: moments and sums down columns, for every way of cutting them") {
  for (const auto& [rows, columns] : kSizes) {
    CAPTURE(text("[", rows, ", ", columns, "]"));
    Values x = randn(rows * columns, 1);
    for (Real& v : x) v = 300 + v;  // E[x^2] - E[x]^2 would lose five digits
    Values mean(columns, kNaN), variance(mean), sum(mean);
    kernels::moments(rows, columns, x.data(), mean.data(), variance.data());
    kernels::sum_middle(1, rows, columns, x.data(), sum.data());
    std::vector<double> em(columns), ev(columns), es(columns);
    for (int64_t i = 0; i < rows * columns; ++i) es[i % columns] += x[i];
    for (int64_t c = 0; c < columns; ++c) em[c] = es[c] / static_cast<double>(rows);
    for (int64_t i = 0; i < rows * columns; ++i) {
      ev[i % columns] += std::pow(x[i] - em[i % columns], 2) / static_cast<double>(rows);
    }
    CHECK(error(mean, em) < 1e-6);
    CHECK(error(variance, ev) < kBound);
    CHECK(error(sum, es) < kBound);
  }
  const Values with_nan = {1, kNaN, 3, 4};
  Real mean = 0, variance = 0;
  kernels::moments(4, 1, with_nan.data(), &mean, &variance);
  CHECK(std::isnan(mean));
  CHECK(std::isnan(variance));
}

TEST_CASE("fused: a NaN passes through, and a ReLU that was off lets no gradient by") {
  const Real x[] = {kNaN, -1, 0, 2}, zero = 0, one = 1, dy[] = {7, 7, 7, 7};
  Real y[4], dx[4], sum_g = 0, sum_gx = 0;
  const kernels::ChannelAffine p{&zero, &one, &zero, true};
  kernels::channel_affine(4, 1, p, x, y);
  CHECK(std::isnan(y[0]));
  CHECK((y[1] == 0 && y[2] == 0 && y[3] == 2));
  kernels::channel_affine_backward(4, 1, p, dy, x, dx, &sum_g, &sum_gx);
  CHECK((dx[1] == 0 && dx[2] == 0 && dx[3] == 7));
  const Real edge[] = {-0.f, 0.f, std::numeric_limits<Real>::denorm_min(), -std::numeric_limits<Real>::denorm_min()};
  kernels::relu_backward(4, dy, edge, dx);
  CHECK((dx[0] == 0 && dx[1] == 0 && dx[2] == 7 && dx[3] == 0));
}

TEST_CASE("fused: the same bytes on 1, 2 and 4 threads") {
  constexpr int64_t kRows = 30'000, kColumns = 7, kSize = kRows * kColumns;
  const Values x = randn(kSize, 1), dy = randn(kSize, 2), v = randn(4 * kColumns, 3);
  const kernels::ChannelAffine p{v.data(), v.data() + kColumns, v.data() + 2 * kColumns, true};
  check_deterministic("affine_coupling", kSize,
                      [&](Real* y) { kernels::affine_coupling(kSize, x.data(), dy.data(), x.data(), y); });
  check_deterministic("channel_affine", kSize,
                      [&](Real* y) { kernels::channel_affine(kRows, kColumns, p, x.data(), y); });
  check_deterministic("channel_affine_backward", kSize + 2 * kColumns, [&](Real* y) {
    kernels::channel_affine_backward(kRows, kColumns, p, dy.data(), x.data(), y, y + kSize, y + kSize + kColumns);
  });
  check_deterministic("batch_norm_backward", kSize, [&](Real* y) {
    kernels::batch_norm_backward(kRows, kColumns, p, v.data(), v.data(), dy.data(), x.data(), y);
  });
  check_deterministic("relu_bias_backward", kSize + kColumns, [&](Real* y) {
    kernels::relu_bias_backward(kRows, kColumns, dy.data(), x.data(), y, y + kSize);
  });
  check_deterministic("sums of many columns", 3000, [&](Real* y) { kernels::sum_middle(1, 70, 3000, x.data(), y); });
  check_deterministic("adam", kSize, [&](Real* y) {
    std::copy(x.begin(), x.end(), y);
    Values m(kSize), second(kSize);
    std::vector<kernels::Parameter> all;
    for (int64_t at = 0, n = 1; at < kSize; at += n, n = std::min(kSize - at, 3 * n)) {
      all.push_back({n, dy.data() + at, m.data() + at, second.data() + at, y + at});
    }
    kernels::adam(all, {0.9f, 0.99f, 0.01f, 1, 1e-8f, 1});
  });
}

TEST_CASE("fused: an optimiser's loop reaches every number of every array once") {
  std::vector<Values> g, m, u, w;
  std::vector<kernels::Parameter> all;
  std::vector<kernels::Average> averages;
  double squares = 0;
  for (const int64_t n : {3, 0, 40'000, 1, 32'768, 32'769, 70'001, 5}) {
    g.push_back(randn(n, 1)), m.emplace_back(n), u.emplace_back(n), w.emplace_back(n, Real{1});
  }
  for (size_t k = 0; k < g.size(); ++k) {
    all.push_back({static_cast<int64_t>(g[k].size()), g[k].data(), m[k].data(), u[k].data(), w[k].data()});
    averages.push_back({static_cast<int64_t>(g[k].size()), w[k].data(), g[k].data()});
    for (const Real v : g[k]) squares += double{v} * v;
  }
  CHECK(kernels::sum_squares_of_gradients(all) == doctest::Approx(squares).epsilon(1e-12));
  kernels::adamax(all, {0.5f, 0.5f, 1, 1e-30f, 1});  // from zero moments: w -= 0.5 g / |g|
  bool right = true;
  for (size_t k = 0; k < g.size(); ++k) {
    for (size_t i = 0; i < g[k].size(); ++i) right = right && w[k][i] == (g[k][i] > 0 ? 0.5f : 1.5f);
  }
  CHECK(right);
  kernels::move_averages(averages, 0.25f);
  for (size_t k = 0; k < g.size(); ++k) {
    for (size_t i = 0; i < g[k].size(); ++i) {
      const double before = g[k][i] > 0 ? 0.5 : 1.5;
      right = right && std::abs(w[k][i] - (0.75 * before + 0.25 * g[k][i])) < 1e-6;
    }
  }
  CHECK(right);
}

TEST_CASE("fused: a convolution added to something is the sum of both, to the last byte") {
  Rng rng(5);
  const std::pair<Shape, Shape> cases[] = {// an image and a kernel for each way to convolve
                                           {{3, 9, 7, 12}, {3, 3, 12, 10}},
                                           {{2, 9, 7, 3}, {5, 5, 3, 20}},
                                           {{2, 9, 7, 20}, {3, 3, 20, 4}},
                                           {{2, 9, 7, 64}, {1, 1, 64, 64}},
                                           {{2, 9, 7, 12}, {1, 1, 12, 10}}};
  for (const auto& [image, kernel] : cases) {
    CAPTURE(kernel);
    const Variable x = Tensor::randn(image, rng), w = Tensor::randn(kernel, rng), b = Tensor::randn({kernel[3]}, rng),
                   r = Tensor::randn(image.with(3, kernel[3]), rng);
    const Tensor one = add_conv2d(r, x, w, b).value(), two = (r + conv2d(x, w, b)).value();
    CHECK(std::ranges::equal(one.data(), two.data()));
  }
  const Variable x = Tensor::zeros({1, 4, 4, 3}), w = Tensor::zeros({3, 3, 3, 5}), b = Tensor::zeros({5});
  CHECK_THROWS_WITH_AS(add_conv2d(x, x, w, b), "conv2d: a sum of [1, 4, 4, 3] and [1, 4, 4, 5]", ShapeError);
}

TEST_CASE("fused: shapes that do not fit are refused by name") {
  const Variable x = Tensor::zeros({4, 3}), two = Tensor::zeros({2}), three = Tensor::zeros({3});
  CHECK_THROWS_WITH_AS(channel_affine(x, two, three), "channel_affine: expects [3] per channel of [4, 3], got [2]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(affine_coupling(x, x, three), "affine_coupling: expects one shape, got [4, 3] and [3]",
                       ShapeError);
  CHECK_THROWS_AS(linear(x, Tensor::zeros({3, 2}), three), ShapeError);
  CHECK_THROWS_AS(batch_norm(x, two, three, 1e-4), ShapeError);
  CHECK_THROWS_AS(weight_norm(x, two), ShapeError);
}
