// exp, log, tanh, the sigmoid and the softplus of one number, for the loops that apply them to many.
//
// In the float build they are straight lines of arithmetic without a branch or a call, so that `#pragma omp simd` makes
// vectors of them on any processor. Each is within 2.5 units in the last place, over all floats, subnormal ones among
// them (tests/unit/transcendental_test.cpp has the figures). A NaN stays a NaN; an overflow is infinite. The double
// build has the standard library's functions: it is the truth that the laws rest on.
//
// The polynomials interpolate at Chebyshev's nodes, which is within a few per cent of the best there is for a degree.
#pragma once
#include "autograd/real.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace bijou::inline BIJOU_SCALAR::kernels {

#ifdef BIJOU_DOUBLE

inline double exp_of(double x) { return std::exp(x); }
inline double log_of(double x) { return std::log(x); }
inline double tanh_of(double x) { return std::tanh(x); }
inline double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
inline double softplus_of(double x) { return (x < 0 ? 0 : x) + std::log1p(std::exp(-std::abs(x))); }

#else

inline uint32_t bits_of(float x) { return std::bit_cast<uint32_t>(x); }
inline float with_bits(uint32_t u) { return std::bit_cast<float>(u); }
inline float power_of_two(int32_t n) { return with_bits(static_cast<uint32_t>(n + 127) << 23); }  // -126 <= n <= 127

// e^x = 2^n e^r,  n = round(x / log 2),  |r| <= log(2) / 2,  e^r = 1 + r + r^2 Q(r). Beyond the bounds the result is 0
// or infinite anyway; a comparison with NaN is false, so that NaN goes on. The power of two is multiplied in halves, so
// that a subnormal result is rounded once.
inline float exp_of(float x) {
  constexpr float kRound = 0x1.8p23f;  // x + kRound - kRound is x rounded, and n stands in the low bits of the sum
  const float low = x < -104.f ? -104.f : x, bounded = low > 89.f ? 89.f : low;
  const float shifted = bounded * 1.44269504f + kRound, n = shifted - kRound;
  const float r = (bounded - n * 0x1.62e4p-1f) - n * 1.42860677e-6f;  // log 2 in two parts: n times the first is exact
  const float q = 0.5f + r * (0.166665763f + r * (0.0416665538f + r * (0.00836329275f + r * 0.00139263256f)));
  const float e = 1 + (r + r * r * q);
  const int32_t k = static_cast<int32_t>(bits_of(shifted) - bits_of(kRound)), half = k >> 1;
  return e * power_of_two(half) * power_of_two(k - half);
}

// log(1 + f) = f - f^2 / 2 + s (f^2 / 2 + R),  s = f / (2 + f),  R = 2/3 s^2 + 2/5 s^4 + ...: the series of
// 2 artanh(s), written so that its first terms are exact. For f from -0.3 to 1.
struct Log1p {
  float half_square, rest;  // log(1 + f) = f - (half_square - rest)
};
inline Log1p log1p_parts(float f) {
  const float s = f / (2 + f), z = s * s, half_square = 0.5f * f * f;
  const float r = 0.666666673f + z * (0.399997063f + z * (0.28592358f + z * (0.217065758f + z * 0.232243292f)));
  return {half_square, s * (half_square + z * r)};
}

// log x = k log 2 + log(1 + f),  x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2)
inline float log_of(float x) {
  constexpr uint32_t kRootHalf = 0x3f3504f3;  // sqrt(1/2)
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNaN = std::numeric_limits<float>::quiet_NaN();
  const bool subnormal = x < 0x1p-126f;
  const uint32_t u = bits_of(subnormal ? x * 0x1p23f : x) - kRootHalf;
  const float k = static_cast<float>(static_cast<int32_t>(u) >> 23) - (subnormal ? 23.f : 0.f);
  const float f = with_bits((u & 0x007fffff) + kRootHalf) - 1;
  const Log1p p = log1p_parts(f);
  const float y = k * 0x1.62e3p-1f + (f - (p.half_square - (p.rest + k * 9.05800061e-6f)));
  const float upward = x < kInfinity ? y : x;  // infinity, NaN
  const float positive = x < 0 ? kNaN : upward;
  return x == 0 ? -kInfinity : positive;
}

// tanh x = x + x^3 T(x^2) near zero, else (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x: odd to the last bit
inline float tanh_of(float x) {
  const float a = std::abs(x), u = a * a;
  const float t = -0.333333289f + u * (0.133327697f + u * (-0.0538509096f + u * (0.020997179f + u * -0.00609671417f)));
  const float z = exp_of(-2 * a), far = (1 - z) / (1 + z), near = a + a * u * t;
  return with_bits(bits_of(a < 0.625f ? near : far) | (bits_of(x) & 0x80000000));
}

// sigmoid x = 1 / (1 + e^-x) = e^x / (1 + e^x), the one whose exponential does not overflow
inline float sigmoid_of(float x) {
  const float z = exp_of(-std::abs(x));
  return (x < 0 ? z : 1.f) / (1 + z);
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|): never overflows
inline float softplus_of(float x) {
  const float z = exp_of(-std::abs(x));
  const Log1p p = log1p_parts(z);
  return (x < 0 ? 0.f : x) + (z - (p.half_square - p.rest));
}

#endif

}  // namespace bijou
