// How matrices are packed for panel_product.hpp. For the sources of this folder only (lanes.hpp).
#pragma once
#include "autograd/kernels/conv.hpp"
#include "autograd/kernels/kernel_view.hpp"
#include "autograd/kernels/lanes.hpp"
#include "autograd/kernels/panel_product.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR::kernels::inline BIJOU_LANES {

#if defined(__AVX512F__)
inline constexpr int64_t kPanelLanes = 4;
#else
inline constexpr int64_t kPanelLanes = 2;  // 16 registers: 12 for C, 2 for B, 1 for A
#endif
inline constexpr int64_t kPanel = kPanelLanes * kLane;

// A matrix [.., out] by panels of kPanel columns, the last one as narrow as whole lanes allow.
struct Panel {
  int64_t first, width;
};
inline int64_t panels_of(int64_t out) { return (out + kPanel - 1) / kPanel; }
inline Panel panel_of(int64_t p, int64_t out) {
  return {p * kPanel, whole_lanes(out) < (p + 1) * kPanel ? whole_lanes(out) - p * kPanel : kPanel};
}

// A kernel's weights of the output channels from o on; zero after the last one.
inline Lane weights_lane(const KernelView& k, int64_t tap, int64_t c, int64_t o) {
  if (!k.turned) return load(k.w + (tap * k.in + c) * k.out + o, k.out - o);
  Lane v{};
  const Real* from = k.w + ((k.taps - 1 - tap) * k.out + o) * k.in + c;
  for (int64_t i = 0; i < std::min(kLane, k.out - o); ++i) v[i] = from[i * k.in];
  return v;
}

// What becomes of the sums v of channels of a pixel, with their bias; `at` is their place in y.
inline Lane finished(const Lane& v, const Epilogue& epilogue, int64_t at, int64_t count) {
  const Lane sum = epilogue.plus ? v + load(epilogue.plus + at, count) : v;
  return epilogue.relu ? (sum < Lane{} ? Lane{} : sum) : sum;
}

}  // namespace bijou
