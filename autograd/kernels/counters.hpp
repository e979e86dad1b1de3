// What the kernels have done so far, for speed figures: floating-point operations of products and convolutions (2 for a
// multiply-add; Winograd's count as those of the direct convolution that they replace), and bytes that the loops bound by memory must read and write.
#pragma once
#include "autograd/real.hpp"

#include <atomic>

namespace bijou::inline BIJOU_SCALAR::kernels {

inline std::atomic<int64_t> flop_counter = 0, byte_counter = 0;

inline void count_flops(int64_t n) { flop_counter.fetch_add(n, std::memory_order_relaxed); }
inline void count_values(int64_t n) {
  byte_counter.fetch_add(n * static_cast<int64_t>(sizeof(Real)), std::memory_order_relaxed);
}
template <class... Tensors>
void moved(const Tensors&... tensors) {  // as many as these hold
  count_values((tensors.numel() + ...));
}
inline int64_t flops_done() { return flop_counter.load(std::memory_order_relaxed); }
inline int64_t bytes_moved() { return byte_counter.load(std::memory_order_relaxed); }

}  // namespace bijou
