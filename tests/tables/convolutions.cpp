// Convolution, whichever way it goes (kernels/conv.cpp), against its definition, in either scalar.
#include "autograd/check.hpp"
#include "autograd/kernels/conv.hpp"
#include "autograd/random.hpp"
#include "tests/random_values.hpp"
#include "tests/tables/door.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Winograd's error; those of the other ways are a tenth of it (kernels/winograd.hpp).
constexpr double kBound = sizeof(Real) == 4 ? 3e-5 : 1e-13;

// The largest difference relative to the largest value.
double error(const Values& y, const Values& expected) {
  double scale = std::numeric_limits<double>::min(), worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    if (!std::isfinite(y[i])) return y[i];
    scale = std::max(scale, std::abs(double{expected[i]}));
    worst = std::max(worst, std::abs(double{y[i]} - expected[i]));
  }
  return worst / scale;
}

struct Offences {
  std::vector<std::string> lines;
  void check(const kernels::ConvShape& s, const char* what, const Values& y, const Values& expected) {
    const double e = error(y, expected);
    if (e < kBound) return;
    lines.push_back(text(what, " of images ", s.n, " x ", s.h, " x ", s.w, ", channels ", s.in, " -> ", s.out,
                         ", kernel ", s.kh, " x ", s.kw, ": off by ", e));
  }
};

void compare(const kernels::ConvShape& s, Rng& rng, Offences& offences) {
  constexpr Real nan = std::numeric_limits<Real>::quiet_NaN();
  const Values x = randn(s.pixels() * s.in, rng), w = randn(s.patch() * s.out, rng), b = randn(s.out, rng),
               dy = randn(s.pixels() * s.out, rng), r = randn(s.pixels() * s.out, rng);
  const bool relu = rng.below(2);
  const kernels::Epilogue epilogue{rng.below(2) ? b.data() : nullptr, rng.below(2) ? r.data() : nullptr, relu};
  Values fast(dy.size(), nan), naive(dy.size());
  kernels::conv2d(s, x.data(), w.data(), epilogue, fast.data());
  kernels::conv2d_naive(s, x.data(), w.data(), epilogue, naive.data());
  offences.check(s, "values", fast, naive);
  Values dx(x.size(), nan), dx_naive(x.size()), dw(w.size(), nan), dw_naive(w.size());
  kernels::conv2d_backward_data(s, dy.data(), w.data(), dx.data());
  kernels::conv2d_backward_data_naive(s, dy.data(), w.data(), dx_naive.data());
  offences.check(s, "gradient of x", dx, dx_naive);
  kernels::conv2d_backward_weights(s, x.data(), dy.data(), dw.data());
  kernels::conv2d_backward_weights_naive(s, x.data(), dy.data(), dw_naive.data());
  offences.check(s, "gradient of w", dw, dw_naive);
}

}  // namespace
}  // namespace bijou

namespace bijou_door {

std::vector<std::string> BIJOU_DOOR(convolution_offences)() {
  using namespace bijou;
  Rng rng(1, stream("convolutions"));
  const auto up_to = [&](int64_t high) { return between(1, high, rng); };
  Offences offences;
  for (int i = 0; i < 200; ++i) compare({up_to(5), up_to(19), up_to(19), up_to(40), up_to(40), 3, 3}, rng, offences);
  for (int i = 0; i < 30; ++i) compare({up_to(5), up_to(19), up_to(19), up_to(8), up_to(150), 3, 3}, rng, offences);
  for (int i = 0; i < 30; ++i) compare({up_to(5), up_to(19), up_to(19), up_to(150), up_to(8), 3, 3}, rng, offences);
  for (int i = 0; i < 40; ++i) compare({up_to(3), up_to(12), up_to(12), up_to(90), up_to(90), 1, 1}, rng, offences);
  const std::pair<int, int> others[] = {{5, 5}, {2, 2}, {4, 4}, {1, 3}, {3, 1}, {2, 5}, {7, 3}};
  for (const auto& [kh, kw] : others) {  // kernels wider than the image, too
    for (int i = 0; i < 12; ++i) compare({up_to(3), up_to(9), up_to(9), up_to(9), up_to(9), kh, kw}, rng, offences);
    compare({1, 6, 5, 1, 1, kh, kw}, rng, offences);
    compare({2, 9, 8, 33, 70, kh, kw}, rng, offences);
  }
  for (const kernels::ConvShape& many :
       {kernels::ConvShape{32, 32, 32, 8, 8, 3, 3},     // thousands of tiles
        kernels::ConvShape{2, 33, 29, 130, 140, 3, 3},  // several panels of channels
        kernels::ConvShape{9, 4, 4, 150, 200, 3, 3},    // few tiles
        kernels::ConvShape{2, 3, 130, 40, 24, 3, 3},    // a wide image
        kernels::ConvShape{8, 33, 70, 3, 40, 3, 3},     // few channels in,
        kernels::ConvShape{8, 33, 70, 40, 3, 3, 3},     // and out: several bands
        kernels::ConvShape{1, 3, 1100, 30, 2, 3, 3},    // a row longer than a band
        kernels::ConvShape{4, 17, 31, 270, 200, 1, 1}, kernels::ConvShape{5, 21, 19, 6, 10, 1, 1},
        kernels::ConvShape{4, 40, 41, 30, 50, 1, 1}, kernels::ConvShape{2, 40, 39, 13, 17, 5, 5},
        kernels::ConvShape{40, 9, 3, 30, 40, 5, 5}}) {
    compare(many, rng, offences);
  }
  return offences.lines;
}

}  // namespace bijou_door
