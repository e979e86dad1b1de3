#include "autograd/kernels/random.hpp"

#include "autograd/kernels/parallel.hpp"

#include <bit>
#include <cmath>
#include <numbers>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

// 53 bits -> [0, 1): 52 of them make a number of [1, 2), the last one is added. No integer is converted, which vectors
// cannot do on every processor.
inline double to_unit(uint32_t high, uint32_t low) {
  const uint64_t bits = (static_cast<uint64_t>(high) << 32 | low) >> 11;
  return std::bit_cast<double>(0x3ff0000000000000 | bits >> 1) - 1 +
         std::bit_cast<double>((bits & 1) * 0x3ca0000000000000);
}

// log u = k log 2 + log(1 + f),  u = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2); for u from 2^-53 to 1. As
// log_of of transcendental.hpp, in double.
inline double log_of_unit(double u) {
  constexpr uint64_t kRootHalf = 0x3fe6a09e667f3bcd, kMantissa = 0x000fffffffffffff;
  const uint64_t x = std::bit_cast<uint64_t>(u) - kRootHalf;
  const double f = std::bit_cast<double>((x & kMantissa) + kRootHalf) - 1;
  constexpr double kRound = 0x1.8p52;  // kRound + k has k in its low bits
  const double k = std::bit_cast<double>(std::bit_cast<uint64_t>(kRound) + (x >> 52) - (x >> 63 << 12)) - kRound;
  const double s = f / (2 + f), z = s * s, half_square = 0.5 * f * f;
  double r = 0.14616585424888623;
  for (const double c : {0.15331710618210773, 0.18182889455674947, 0.22222211130259878, 0.2857142862600327,
                         0.39999999999899444, 0.666666666666667}) {
    r = r * z + c;
  }
  return k * 0x1.62e42feep-1 + (f - (half_square - (s * (half_square + z * r) + k * 1.9082149292705877e-10)));
}

// cos(2 pi t) = sin(2 pi b) = b P(b^2),  b = |t - 1/2| - 1/4, from -1/4 to 1/4;  for t from 0 to 1
inline double cos_of_turns(double t) {
  const double b = std::abs(t - 0.5) - 0.25, z = b * b;
  double p = 0.10089695501646812;
  for (const double c : {-0.7177337921413454, 3.8199280942271643, -15.0946416761179, 42.058693925428685,
                         -76.70585975282492, 81.60524927607362, -41.341702240399755, 6.283185307179586}) {
    p = p * z + c;
  }
  return b * p;
}

// Draws at a time. A single one is made among as many, so that it is rounded as it is in a row.
constexpr int64_t kAtOnce = 16;

// r[.][i] = the block at position + i.
void blocks(const Draws& draws, uint64_t position, uint32_t (&r)[4][kAtOnce]) {
  for (int64_t i = 0; i < kAtOnce; ++i) {
    const uint64_t at = position + static_cast<uint64_t>(i);
    r[0][i] = static_cast<uint32_t>(at), r[1][i] = static_cast<uint32_t>(at >> 32);
    r[2][i] = static_cast<uint32_t>(draws.stream), r[3][i] = static_cast<uint32_t>(draws.stream >> 32);
  }
  auto k0 = static_cast<uint32_t>(draws.seed), k1 = static_cast<uint32_t>(draws.seed >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round, k0 += kPhiloxWeyl[0], k1 += kPhiloxWeyl[1]) {
#pragma omp simd
    for (int64_t i = 0; i < kAtOnce; ++i) philox_round(r[0][i], r[1][i], r[2][i], r[3][i], k0, k1);
  }
}

void some_normals(const Draws& draws, uint64_t position, double (&y)[kAtOnce]) {
  uint32_t r[4][kAtOnce];
  blocks(draws, position, r);
#pragma omp simd
  for (int64_t i = 0; i < kAtOnce; ++i) {
    const double u = 1 - to_unit(r[0][i], r[1][i]);  // (0, 1]: its logarithm is finite
    y[i] = std::sqrt(-2 * log_of_unit(u)) * cos_of_turns(to_unit(r[2][i], r[3][i]));
  }
}

}  // namespace

double Draws::uniform(uint64_t position) const {
  const auto r = block(position);
  return to_unit(r[0], r[1]);
}

double Draws::normal(uint64_t position) const {
  double y[kAtOnce];
  some_normals(*this, position, y);
  return y[0];
}

void normals(const Draws& draws, uint64_t position, int64_t n, Real* y) {
  for_blocks(n, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kAtOnce) {
      double some[kAtOnce];
      some_normals(draws, position + static_cast<uint64_t>(i), some);
      for (int64_t j = 0; j < std::min(kAtOnce, end - i); ++j) y[i + j] = static_cast<Real>(some[j]);
    }
  });
}

void normals_naive(const Draws& draws, uint64_t position, int64_t n, double* y) {
  for (int64_t i = 0; i < n; ++i) {
    const auto r = draws.block(position + static_cast<uint64_t>(i));
    const double u = 1 - to_unit(r[0], r[1]);  // (0, 1]: its logarithm is finite
    y[i] = std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * to_unit(r[2], r[3]));
  }
}

}  // namespace bijou
