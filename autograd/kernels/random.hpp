// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// A draw is a function of (key, stream, position), so a row of them needs no order.
#pragma once
#include "autograd/real.hpp"

#include <array>

namespace bijou::inline BIJOU_SCALAR::kernels {

// The ten-round block: 128 random bits from a 128-bit counter and a 64-bit key.
inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  constexpr uint64_t kMultiply0 = 0xD2511F53, kMultiply1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = kMultiply0 * c[0], p1 = kMultiply1 * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k = {k[0] + kWeyl0, k[1] + kWeyl1};
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

// y[i] = the draw at position + i.
void normals(const Draws& draws, uint64_t position, int64_t n, Real* y);

}  // namespace bijou
