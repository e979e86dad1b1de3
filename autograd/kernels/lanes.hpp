// A lane: as many numbers as one vector register of the processor holds, with + - * on all of them at once (GCC's and
// clang's vector extension). For kernels that keep dozens of values in registers, where a loop over an array would
// not be enough of a hint.
#pragma once
#include "autograd/real.hpp"

#include <cstring>

namespace bijou::inline BIJOU_SCALAR::kernels {

#if defined(__AVX512F__)
inline constexpr int64_t kLaneBytes = 64;
#elif defined(__AVX__)
inline constexpr int64_t kLaneBytes = 32;
#else
inline constexpr int64_t kLaneBytes = 16;
#endif
inline constexpr int64_t kLane = kLaneBytes / static_cast<int64_t>(sizeof(Real));

using Lane = Real __attribute__((vector_size(kLaneBytes)));

inline int64_t whole_lanes(int64_t n) { return (n + kLane - 1) / kLane * kLane; }

inline Lane load(const Real* p) {
  Lane v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store(Real* p, const Lane& v) { std::memcpy(p, &v, sizeof v); }

// The first `count` of a lane; when loaded, the others are zero.
inline Lane load(const Real* p, int64_t count) {
  if (count >= kLane) return load(p);
  Lane v{};
  for (int64_t i = 0; i < count; ++i) v[i] = p[i];
  return v;
}
inline void store(Real* p, const Lane& v, int64_t count) {
  if (count >= kLane) return store(p, v);
  for (int64_t i = 0; i < count; ++i) p[i] = v[i];
}

}  // namespace bijou
