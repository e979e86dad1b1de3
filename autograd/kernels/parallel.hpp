// The one threading layer: OpenMP over blocks of a fixed size.
//
// How work is cut, and in which order partial sums are added, never depends on the number of threads:
// the same input gives the same bytes on 1, 2 or 64 threads.
#pragma once
#include "autograd/real.hpp"

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace bijou::inline BIJOU_SCALAR::kernels {

// Values in a block. Work that fits one block stays on the calling thread: waking another, and waiting for it when the
// machine is busy, costs more than the microseconds that it takes.
inline constexpr int64_t kBlock = 32768;
inline int64_t rows_in_block(int64_t row) { return std::max<int64_t>(1, kBlock / std::max<int64_t>(1, row)); }

// body(begin, end) over [0, n) in blocks.
template <class Body>
void for_blocks(int64_t n, int64_t block, const Body& body) {
  const int64_t blocks = (n + block - 1) / block;
  if (blocks <= 1) {
    if (n > 0) body(int64_t{0}, n);
    return;
  }
#pragma omp parallel for schedule(static)
  for (int64_t b = 0; b < blocks; ++b) body(b * block, std::min(n, (b + 1) * block));
}

// y[i] = f(i): elements that know nothing of each other.
template <class F>
void for_each(int64_t n, const F& f) {
  for_blocks(n, kBlock, [&](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) f(i);
  });
}

// While it lives, this thread's OpenMP, and with it OpenBLAS, counts on one thread.
class OneThread {
 public:
#ifdef _OPENMP
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
#else
  OneThread() = default;
#endif
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  [[maybe_unused]] int before_ = 1;
};

// task(i) for i in [0, count). Whatever calls the BLAS uses this (see gemm.hpp): OpenBLAS works on the calling thread
// both inside the parallel region and, for a single task, under OneThread.
template <class Task>
void for_tasks(int64_t count, const Task& task) {
  if (count == 1) {
    [[maybe_unused]] const OneThread alone;
    task(int64_t{0});
    return;
  }
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < count; ++i) task(i);
}

}  // namespace bijou
