#include "autograd/random.hpp"

#include <cmath>
#include <numbers>
#include <numeric>

namespace bijou::inline BIJOU_SCALAR {

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
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

std::array<uint32_t, 4> Rng::block() {
  const uint64_t i = position_++;
  return philox({static_cast<uint32_t>(i), static_cast<uint32_t>(i >> 32), static_cast<uint32_t>(stream_),
                 static_cast<uint32_t>(stream_ >> 32)},
                {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)});
}

namespace {
double to_unit(uint32_t high, uint32_t low) {  // 53 bits -> [0, 1)
  return static_cast<double>((static_cast<uint64_t>(high) << 32 | low) >> 11) * 0x1p-53;
}
}  // namespace

double Rng::uniform() {
  const auto r = block();
  return to_unit(r[0], r[1]);
}

double Rng::normal() {
  const auto r = block();
  const double u = 1.0 - to_unit(r[0], r[1]);  // (0, 1]: its logarithm is finite
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * to_unit(r[2], r[3]));
}

uint64_t Rng::below(uint64_t n) {
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n;  // draws at or above it would favour small values
  for (;;) {
    const auto r = block();
    const uint64_t x = static_cast<uint64_t>(r[0]) << 32 | r[1];
    if (x < limit) return x % n;
  }
}

std::vector<int64_t> Rng::permutation(int64_t n) {
  std::vector<int64_t> p(static_cast<size_t>(n));
  std::iota(p.begin(), p.end(), int64_t{0});
  for (int64_t i = n - 1; i > 0; --i) std::swap(p[i], p[below(static_cast<uint64_t>(i) + 1)]);
  return p;
}

uint64_t stream(const char* name, uint64_t a, uint64_t b) {
  uint64_t h = 0xcbf29ce484222325;  // FNV-1a over the name, then a mix (splitmix64) of each integer
  for (const char* s = name; *s; ++s) h = (h ^ static_cast<unsigned char>(*s)) * 0x100000001b3;
  for (uint64_t v : {a, b}) {
    h += v + 0x9E3779B97F4A7C15;
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EB;
    h ^= h >> 31;
  }
  return h;
}

}  // namespace bijou
