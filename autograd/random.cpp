#include "autograd/random.hpp"

#include <numeric>

namespace bijou::inline BIJOU_SCALAR {

double Rng::uniform() { return draws_.uniform(position_++); }
double Rng::normal() { return draws_.normal(position_++); }

void Rng::normals(std::span<Real> values) {
  kernels::normals(draws_, position_, static_cast<int64_t>(values.size()), values.data());
  position_ += values.size();
}

uint64_t Rng::below(uint64_t n) {
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n;  // draws at or above it would favour small values
  for (;;) {
    const auto r = draws_.block(position_++);
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
