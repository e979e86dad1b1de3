// A lane: as many numbers as one vector register of the processor holds, with + - * on all of them at once (GCC's and
// clang's vector extension). For kernels that keep dozens of values in registers, where a loop over an array would
// not be enough of a hint.
//
// For the sources of this folder only, which are compiled for the processor; elsewhere a lane would be another. The
// inline namespace keeps the two apart.
#pragma once
#include "autograd/real.hpp"

#include <algorithm>
#include <cstring>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define BIJOU_LANES lanes64
#elif defined(__AVX__)
#define BIJOU_LANES lanes32
#else
#define BIJOU_LANES lanes16
#endif

namespace bijou::inline BIJOU_SCALAR::kernels::inline BIJOU_LANES {

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
#if defined(__AVX512F__)
inline Lane load(const Real* p, int64_t count) {
  if (count >= kLane) return load(p);
  const auto first = static_cast<unsigned>((1 << std::max<int64_t>(0, count)) - 1);
  if constexpr (sizeof(Real) == 4) {
    return (Lane)_mm512_maskz_loadu_ps(static_cast<__mmask16>(first), p);
  } else {
    return (Lane)_mm512_maskz_loadu_pd(static_cast<__mmask8>(first), p);
  }
}
inline void store(Real* p, const Lane& v, int64_t count) {
  if (count >= kLane) return store(p, v);
  const auto first = static_cast<unsigned>((1 << std::max<int64_t>(0, count)) - 1);
  if constexpr (sizeof(Real) == 4) {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>(first), (__m512)v);
  } else {
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(first), (__m512d)v);
  }
}
#else
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
#endif

}  // namespace bijou
