// The one threading layer: OpenMP over blocks of a fixed size.
//
// How work is cut, and in which order partial sums are added, never depends on the number of threads:
// the same input gives the same bytes on 1, 2 or 64 threads.
#pragma once
#include "autograd/real.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR::kernels {

// body(begin, end) over [0, n) in blocks. One block runs on the calling thread.
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
  for_blocks(n, 16384, [&](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) f(i);
  });
}

// task(i) for i in [0, count), always inside a parallel region: whatever calls the BLAS uses this (see gemm.hpp).
template <class Task>
void for_tasks(int64_t count, const Task& task) {
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < count; ++i) task(i);
}

}  // namespace bijou
