// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// A draw is a function of (key, stream, position), so a row of them needs no order.
#pragma once
#include "autograd/real.hpp"

#include <array>

namespace bijou::inline BIJOU_SCALAR::kernels {

// One of ten rounds on the counter c with the key k.
inline void philox_round(uint32_t& c0, uint32_t& c1, uint32_t& c2, uint32_t& c3, uint32_t k0, uint32_t k1) {
  const uint64_t p0 = uint64_t{0xD2511F53} * c0, p1 = uint64_t{0xCD9E8D57} * c2;
  c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
  c1 = static_cast<uint32_t>(p1);
  c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
  c3 = static_cast<uint32_t>(p0);
}
inline constexpr int kPhiloxRounds = 10;
inline constexpr std::array<uint32_t, 2> kPhiloxWeyl = {0x9E3779B9, 0xBB67AE85};  // what a round adds to the key

// The block: 128 random bits from a 128-bit counter and a 64-bit key.
inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < kPhiloxRounds; ++round) {
    philox_round(c[0], c[1], c[2], c[3], k[0], k[1]);
    k = {k[0] + kPhiloxWeyl[0], k[1] + kPhiloxWeyl[1]};
  }
  return c;
}

struct Draws {  // a sequence
  uint64_t seed, stream;
  std::array<uint32_t, 4> block(uint64_t position) const {
    return philox({static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32),
                   static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
                  {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  }
  double uniform(uint64_t position) const;  // in [0, 1), 2^-53 apart
  double normal(uint64_t position) const;   // N(0, 1), by Box and Muller
};

// y[i] = the normal draw at position + i, with polynomials of our own: within 4 units in the last place of double of
// what the standard library's functions give.
void normals(const Draws& draws, uint64_t position, int64_t n, Real* y);
void normals_naive(const Draws& draws, uint64_t position, int64_t n, double* y);

}  // namespace bijou
