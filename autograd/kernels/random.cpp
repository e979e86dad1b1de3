#include "autograd/kernels/random.hpp"

#include "autograd/kernels/parallel.hpp"

#include <bit>
#include <cmath>
#include <numbers>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

double to_unit(uint32_t high, uint32_t low) {  // 53 bits -> [0, 1)
  return static_cast<double>((static_cast<uint64_t>(high) << 32 | low) >> 11) * 0x1p-53;
}

}  // namespace

double Draws::uniform(uint64_t position) const {
  const auto r = block(position);
  return to_unit(r[0], r[1]);
}

namespace {

// log u for u in [2^-53, 1], within 2 units in the last place: u = 2^e m, m in [sqrt(1/2), sqrt(2)), and
// log m = 2 artanh(s), s = (m - 1) / (m + 1), by its power series. Plain arithmetic, so that a loop of it vectorises.
inline double log_of_unit(double u) {
  const int64_t bits = std::bit_cast<int64_t>(u) - 0x3FE6A09E667F3BCD;  // of sqrt(1/2)
  const double e = static_cast<double>(bits >> 52);
  const double m = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD);
  const double s = (m - 1) / (m + 1), t = s * s;
  double series = 0;
  for (const int k : {21, 19, 17, 15, 13, 11, 9, 7, 5, 3}) series = (series + 1.0 / k) * t;
  return e * std::numbers::ln2 + 2 * (s + s * series);
}

// cos(2 pi v) for v in [0, 1): by the quarter q that v is nearest to, and the power series of cos or sin of the rest.
inline double cos_of_turns(double v) {
  const int64_t q = static_cast<int64_t>(4 * v + 0.5);
  const double a = (4 * v - static_cast<double>(q)) * (std::numbers::pi / 2), t = a * a;
  double cosine = 0, sine = 0;
  for (const int k : {16, 14, 12, 10, 8, 6, 4, 2}) cosine = (1 - cosine) * t / (k * (k - 1));
  for (const int k : {17, 15, 13, 11, 9, 7, 5, 3}) sine = (1 - sine) * t / (k * (k - 1));
  const double value = (q & 1) != 0 ? -a * (1 - sine) : 1 - cosine;
  return (q & 2) != 0 ? -value : value;
}

inline double normal_of(const std::array<uint32_t, 4>& r) {
  const double u = 1.0 - to_unit(r[0], r[1]);  // (0, 1]: its logarithm is finite
  return std::sqrt(-2.0 * log_of_unit(u)) * cos_of_turns(to_unit(r[2], r[3]));
}

}  // namespace

double Draws::normal(uint64_t position) const { return normal_of(block(position)); }

void normals(const Draws& draws, uint64_t position, int64_t n, Real* y) {
  constexpr int64_t kDraws = 1024;  // a block: a draw costs as much as a hundred additions
  for_blocks(n, kDraws, [&](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      y[i] = static_cast<Real>(normal_of(draws.block(position + static_cast<uint64_t>(i))));
    }
  });
}

}  // namespace bijou
