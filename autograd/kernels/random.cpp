#include "autograd/kernels/random.hpp"

#include "autograd/kernels/parallel.hpp"

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

double Draws::normal(uint64_t position) const {
  const auto r = block(position);
  const double u = 1.0 - to_unit(r[0], r[1]);  // (0, 1]: its logarithm is finite
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * to_unit(r[2], r[3]));
}

void normals(const Draws& draws, uint64_t position, int64_t n, Real* y) {
  constexpr int64_t kDraws = 1024;  // a block: a draw costs as much as a hundred additions
  for_blocks(n, kDraws, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = static_cast<Real>(draws.normal(position + static_cast<uint64_t>(i)));
  });
}

}  // namespace bijou
