// Convolution's kernels: their parts against naive twins, the same bytes on any number of threads, NaNs, memory, and
// what bad input gets. (That every way of convolving is the definition: tests/laws/convolutions.cpp.)
#include "autograd/kernels/conv.hpp"
#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/machine.hpp"
#include "autograd/kernels/panel_product.hpp"
#include "autograd/kernels/winograd.hpp"
#include "autograd/math.hpp"
#include "autograd/ops.hpp"
#include "tests/helpers.hpp"
#include "tests/random_values.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

using namespace bijou;
using bijou_tests::message;

namespace {

constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();

// A convolution's three functions.
struct Results {
  Values y, dx, dw;
  explicit Results(const kernels::ConvShape& s)
      : y(s.pixels() * s.out, kNaN), dx(s.pixels() * s.in, kNaN), dw(s.patch() * s.out, kNaN) {}
};
Results convolve(const kernels::ConvShape& s) {
  Rng rng(1, stream("conv"));
  const Values x = randn(s.pixels() * s.in, rng), w = randn(s.patch() * s.out, rng), bias = randn(s.out, rng),
               dy = randn(s.pixels() * s.out, rng);
  Results r(s);
  kernels::conv2d(s, x.data(), w.data(), {bias.data(), nullptr, true}, r.y.data());
  kernels::conv2d_backward_data(s, dy.data(), w.data(), r.dx.data());
  kernels::conv2d_backward_weights(s, x.data(), dy.data(), r.dw.data());
  return r;
}
bool same_bytes(const Values& a, const Values& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Real)) == 0;
}

// Of each way (kernels/conv.cpp) one shape with several tasks.
const kernels::ConvShape kWays[] = {{8, 40, 37, 16, 24, 3, 3},  {9, 4, 4, 70, 80, 3, 3},   {8, 40, 37, 3, 24, 3, 3},
                                    {8, 40, 37, 24, 3, 3, 3},   {2, 40, 39, 13, 70, 5, 5}, {4, 40, 41, 30, 50, 1, 1},
                                    {4, 40, 41, 60, 150, 1, 1}, {90, 3, 2, 20, 30, 3, 3}};

Tensor ones(const Shape& s) { return Tensor::full(s, 1); }

}  // namespace

TEST_CASE("conv2d: one tile by Winograd's matrices is the definition") {
  Rng rng(1, stream("tile"));
  double d[6][6], g[3][3], dy[4][4], y[4][4], dg[3][3];
  for (auto& row : d) std::ranges::generate(row, [&] { return rng.normal(); });
  for (auto& row : g) std::ranges::generate(row, [&] { return rng.normal(); });
  for (auto& row : dy) std::ranges::generate(row, [&] { return rng.normal(); });
  kernels::winograd::tile_naive(d, g, y);
  kernels::winograd::tile_backward_weights_naive(d, dy, dg);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      double sum = 0;
      for (int tap = 0; tap < 9; ++tap) sum += d[i + tap / 3][j + tap % 3] * g[tap / 3][tap % 3];
      CHECK(y[i][j] == doctest::Approx(sum).epsilon(1e-12));
    }
  }
  for (int tap = 0; tap < 9; ++tap) {
    double sum = 0;
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) sum += d[i + tap / 3][j + tap % 3] * dy[i][j];
    CHECK(dg[tap / 3][tap % 3] == doctest::Approx(sum).epsilon(1e-12));
  }
}

// The fast transforms hold the matrices as sums. Images that are a tile each.
TEST_CASE("conv2d: Winograd's kernels are the tile by matrices") {
  Rng rng(2, stream("tile"));
  const kernels::ConvShape s{4, 4, 4, 6, 7, 3, 3};
  const Values x = randn(s.pixels() * s.in, rng), w = randn(s.patch() * s.out, rng),
               dy = randn(s.pixels() * s.out, rng);
  Values y(dy.size(), kNaN), dw(w.size(), kNaN);
  kernels::conv2d(s, x.data(), w.data(), {}, y.data());
  kernels::conv2d_backward_weights(s, x.data(), dy.data(), dw.data());
  std::vector<double> expected(y.size()), expected_dw(dw.size());
  for (int64_t n = 0; n < s.n; ++n) {
    for (int64_t c = 0; c < s.in; ++c) {
      for (int64_t o = 0; o < s.out; ++o) {
        double d[6][6]{}, g[3][3], r[4][4], part[4][4], dg[3][3];
        for (int64_t i = 0; i < 16; ++i) {
          d[1 + i / 4][1 + i % 4] = x[(n * 16 + i) * s.in + c];
          r[i / 4][i % 4] = dy[(n * 16 + i) * s.out + o];
        }
        for (int64_t tap = 0; tap < 9; ++tap) g[tap / 3][tap % 3] = w[(tap * s.in + c) * s.out + o];
        kernels::winograd::tile_naive(d, g, part);
        kernels::winograd::tile_backward_weights_naive(d, r, dg);
        for (int64_t i = 0; i < 16; ++i) expected[(n * 16 + i) * s.out + o] += part[i / 4][i % 4];
        for (int64_t tap = 0; tap < 9; ++tap) expected_dw[(tap * s.in + c) * s.out + o] += dg[tap / 3][tap % 3];
      }
    }
  }
  for (size_t i = 0; i < y.size(); ++i) REQUIRE(std::abs(y[i] - expected[i]) < 3e-5 * 10);
  for (size_t i = 0; i < dw.size(); ++i) REQUIRE(std::abs(dw[i] - expected_dw[i]) < 3e-5 * 10);
}

TEST_CASE("panel_product is its naive twin, for any number of rows and lanes") {
  Rng rng(1, stream("panel"));
  const int64_t lane = kernels::lane_values(), panel = kernels::panel_values();
  for (int64_t rows = 1; rows <= 25; ++rows) {
    for (int64_t width = lane; width <= panel; width += lane) {
      for (const auto& shape : {std::pair{1, 1}, {7, 1}, {5, 3}}) {
        const int run = shape.first, runs = shape.second;
        CAPTURE(text(rows, " rows, width ", width, ", ", runs, " runs of ", run));
        const Values a = randn(40 * 40 * 3, rng), b = randn(run * runs * width, rng), c = randn(rows * width, rng);
        for (const kernels::Runs& left : {kernels::Runs{a.data(), 40, 1, run, runs, 1600},     // row by row
                                          kernels::Runs{a.data(), 1, 40, run, runs, 1600}}) {  // transposed
          for (const bool add : {false, true}) {
            Values fast = add ? c : Values(c.size(), kNaN), naive = fast;
            kernels::panel_product(rows, width, left, b.data(), add, fast.data());
            kernels::panel_product_naive(rows, width, left, b.data(), add, naive.data());
            double worst = 0;
            for (size_t i = 0; i < fast.size(); ++i) {
              const double e = std::abs(fast[i] - naive[i]);
              worst = e <= worst ? worst : e;
            }
            CHECK(worst < 1e-5);
          }
        }
      }
    }
  }
}

TEST_CASE("conv2d: the same bytes on 1, 2 and 4 threads, and in every call, whichever way") {
  const int before = kernels::threads();
  for (const kernels::ConvShape& s : kWays) {
    CAPTURE(text(s.h, " x ", s.w, ", channels ", s.in, " -> ", s.out, ", kernel ", s.kh));
    kernels::set_threads(1);
    const Results first = convolve(s);
    for (const int threads : {1, 2, 4}) {
      kernels::set_threads(threads);
      const Results r = convolve(s);
      CHECK_MESSAGE(same_bytes(r.y, first.y), threads, " threads");
      CHECK_MESSAGE(same_bytes(r.dx, first.dx), threads, " threads");
      CHECK_MESSAGE(same_bytes(r.dw, first.dw), threads, " threads");
    }
  }
  kernels::set_threads(before);
}

TEST_CASE("conv2d: a NaN in a pixel stays in every output that reads it, and three pixels around at most") {
  Rng rng(1, stream("nan"));
  for (const auto& channels : {std::pair{16, 24}, {3, 24}, {24, 3}, {70, 6}}) {
    const int64_t in = channels.first, out = channels.second;
    CAPTURE(text(in, " -> ", out));
    const int64_t row = 9, column = 6;
    const kernels::ConvShape s{2, 17, 19, in, out, 3, 3};
    Values x = randn(s.pixels() * in, rng), w = randn(s.patch() * out, rng), dy = randn(s.pixels() * out, rng);
    Values y(dy.size()), dw(w.size());
    const int64_t pixel = (s.h + row) * s.w + column;  // of the second image
    x[pixel * in + in / 2] = kNaN;
    kernels::conv2d(s, x.data(), w.data(), {nullptr, nullptr, true}, y.data());
    kernels::conv2d_backward_weights(s, x.data(), dy.data(), dw.data());
    for (int64_t p = 0; p < s.pixels(); ++p) {
      const int64_t n = p / (s.h * s.w), di = std::abs(p / s.w % s.h - row), dj = std::abs(p % s.w - column);
      for (int64_t o = 0; o < out; ++o) {
        const bool is_nan = std::isnan(y[p * out + o]);
        if (n == 1 && di <= 1 && dj <= 1) REQUIRE(is_nan);
        if (n == 0 || di > 3 || dj > 3) REQUIRE(!is_nan);
      }
    }
    for (int64_t tap = 0; tap < 9; ++tap) {
      for (int64_t o = 0; o < out; ++o) REQUIRE(std::isnan(dw[(tap * in + in / 2) * out + o]));
    }
  }
}

TEST_CASE("conv2d: calls of the same sizes allocate nothing") {
  Rng rng(1, stream("memory"));
  const Tensor x = Tensor::randn({4, 20, 20, 16}, rng), w = Tensor::randn({3, 3, 16, 24}, rng);
  const auto step = [&] {
    const Tensor y = math::conv2d(x, w, Tensor(), true);
    math::conv2d_backward_data(y, w, x.shape());
    math::conv2d_backward_weights(x, y, w.shape());
  };
  step();
  const int64_t before = storage_statistics().allocations;
  step();
  CHECK(storage_statistics().allocations == before);
}

TEST_CASE("conv2d counts the operations of a direct convolution, whichever way") {
  for (const kernels::ConvShape& s : kWays) {
    CAPTURE(text(s.h, " x ", s.w, ", channels ", s.in, " -> ", s.out, ", kernel ", s.kh));
    const int64_t before = kernels::flops_done();
    convolve(s);
    CHECK(kernels::flops_done() - before == 3 * 2 * s.pixels() * s.patch() * s.out);
  }
}

TEST_CASE("conv2d: no images, no height, no width: no values, and a gradient of zero") {
  for (const Shape& shape : {Shape{0, 8, 8, 16}, Shape{4, 0, 8, 16}, Shape{4, 8, 0, 16}}) {
    for (const Shape& kernel : {Shape{3, 3, 16, 24}, Shape{3, 3, 16, 3}, Shape{1, 1, 16, 24}, Shape{2, 5, 16, 24}}) {
      CAPTURE(text(shape, " and ", kernel));
      const Tensor x(shape), w = ones(kernel), y = math::conv2d(x, w, Tensor(), true);
      CHECK(y.shape() == Shape{shape[0], shape[1], shape[2], kernel[3]});
      CHECK(math::conv2d_backward_data(y, w, shape).shape() == shape);
      for (const double g : bijou_tests::values(math::conv2d_backward_weights(x, y, kernel))) REQUIRE(g == 0);
    }
  }
}

TEST_CASE("conv2d: a kernel larger than the image sees what there is of it") {
  const Tensor y = math::conv2d(ones({1, 2, 2, 1}), ones({7, 9, 1, 1}), Tensor(), false);
  for (const double v : bijou_tests::values(y)) CHECK(v == 4);
}

TEST_CASE("conv2d: bad input is an error that says what and where") {
  const auto said = [](const std::function<void()>& f) { return message<ShapeError>(f); };
  CHECK(said([] {
          math::conv2d(ones({1, 4, 4, 3}), ones({3, 0, 3, 5}), Tensor(), false);
        }) == "conv2d: an empty kernel [3, 0, 3, 5]");
  CHECK(said([] {
          math::conv2d(ones({1, 4, 4, 0}), ones({3, 3, 0, 5}), Tensor(), false);
        }) == "conv2d: an empty kernel [3, 3, 0, 5]");
  CHECK(said([] {
          math::conv2d(ones({1, 4, 4, 3}), ones({3, 3, 3, 0}), Tensor(), false);
        }) == "conv2d: an empty kernel [3, 3, 3, 0]");
  CHECK(said([] {
          math::conv2d_backward_data(ones({1, 4, 4, 5}), ones({3, 3, 3, 6}), {1, 4, 4, 3});
        }) == "conv2d: the gradient [1, 4, 4, 5] of what has the shape [1, 4, 4, 6]");
  CHECK(said([] {
          math::conv2d_backward_weights(ones({1, 4, 4, 3}), ones({1, 4, 5, 6}), {3, 3, 3, 6});
        }) == "conv2d: the gradient [1, 4, 5, 6] of what has the shape [1, 4, 4, 6]");
}

TEST_CASE("conv2d: a result too large for the machine is an error with the bytes asked for") {
  const Tensor x = Tensor::zeros({1, 1024, 1024, 1}), w = Tensor::zeros({1, 1, 1, int64_t{1} << 22});
  const std::string said = message<StorageError>([&] { math::conv2d(x, w, Tensor(), false); });
  CHECK(said.starts_with("Storage: the machine has no memory for a tensor of 17592186044416 bytes: "));
}

TEST_CASE("matmul: more rows than the BLAS can count") {
  const int64_t many = int64_t{1} << 31;
  CHECK(message<ShapeError>([&] { kernels::matmul(false, false, 1, 1, many, nullptr, nullptr, nullptr); }) ==
        "matmul: [1, 2147483648] times [2147483648, 1]: the BLAS counts up to 2147483647 rows and columns");
}
