// The transforms of winograd.hpp for a lane of channels at a time. Each matrix is written out as the sums that it is;
// the numbers stand in winograd.cpp as matrices, too, and the tests compare.
#pragma once
#include "autograd/kernels/lanes.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels::winograd::inline BIJOU_LANES {

// t = B' d
struct InputColumn {
  static constexpr int kFrom = 6, kTo = 6;
  [[gnu::always_inline]] static void apply(const Lane (&d)[6], Lane (&t)[6]) {
    const Lane a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
    t[0] = 4 * d[0] - 5 * d[2] + d[4];
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = 4 * d[1] - 5 * d[3] + d[5];
  }
};

// t = G g
struct KernelColumn {
  static constexpr int kFrom = 3, kTo = 6;
  [[gnu::always_inline]] static void apply(const Lane (&g)[3], Lane (&t)[6]) {
    constexpr Real sixth = Real{1} / 6, twelfth = Real{1} / 12, twentyfourth = Real{1} / 24;
    const Lane a = -sixth * (g[0] + g[2]), b = -sixth * g[1], c = twentyfourth * g[0] + sixth * g[2],
               e = twelfth * g[1];
    t[0] = Real{0.25} * g[0];
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = g[2];
  }
};

// y = A' t
struct OutputColumn {
  static constexpr int kFrom = 6, kTo = 4;
  [[gnu::always_inline]] static void apply(const Lane (&t)[6], Lane (&y)[4]) {
    const Lane a = t[1] + t[2], b = t[1] - t[2], c = t[3] + t[4], e = t[3] - t[4];
    y[0] = t[0] + a + c;
    y[1] = b + 2 * e;
    y[2] = a + 4 * c;
    y[3] = b + 8 * e + t[5];
  }
};

// t = A y
struct OutputColumnAdjoint {
  static constexpr int kFrom = 4, kTo = 6;
  [[gnu::always_inline]] static void apply(const Lane (&y)[4], Lane (&t)[6]) {
    const Lane a = y[0] + y[2], b = y[1] + y[3], c = y[0] + 4 * y[2], e = 2 * y[1] + 8 * y[3];
    t[0] = y[0];
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = y[3];
  }
};

// g = G' t
struct KernelColumnAdjoint {
  static constexpr int kFrom = 6, kTo = 3;
  [[gnu::always_inline]] static void apply(const Lane (&t)[6], Lane (&g)[3]) {
    constexpr Real sixth = Real{1} / 6, twelfth = Real{1} / 12, twentyfourth = Real{1} / 24;
    const Lane a = t[1] + t[2], b = t[1] - t[2], c = t[3] + t[4], e = t[3] - t[4];
    g[0] = Real{0.25} * t[0] - sixth * a + twentyfourth * c;
    g[1] = twelfth * e - sixth * b;
    g[2] = sixth * (c - a) + t[5];
  }
};

// to = T from T', where Column applies T.
template <class Column>
[[gnu::always_inline]] inline void both_sides(const Lane (&from)[Column::kFrom][Column::kFrom],
                                              Lane (&to)[Column::kTo][Column::kTo]) {
  Lane half[Column::kTo][Column::kFrom];
#pragma GCC unroll 6
  for (int j = 0; j < Column::kFrom; ++j) {
    Lane column[Column::kFrom], result[Column::kTo];
#pragma GCC unroll 6
    for (int i = 0; i < Column::kFrom; ++i) column[i] = from[i][j];
    Column::apply(column, result);
#pragma GCC unroll 6
    for (int i = 0; i < Column::kTo; ++i) half[i][j] = result[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < Column::kTo; ++i) Column::apply(half[i], to[i]);
}

}  // namespace bijou
