#include "autograd/kernels/layout.hpp"

#include "autograd/kernels/parallel.hpp"

#include <vector>

namespace bijou::inline BIJOU_SCALAR::kernels {

void take(int64_t outer, int64_t from, int64_t inner, std::span<const int64_t> index, const Real* x, Real* y) {
  struct Run {  // consecutive indices are copied together; from < 0: zeros
    int64_t to, from, length;
  };
  std::vector<Run> runs;
  for (int64_t i = 0; i < static_cast<int64_t>(index.size()); ++i) {
    const bool zero = index[i] < 0;
    if (!runs.empty() && (zero ? runs.back().from < 0 : runs.back().from >= 0 && index[i] == index[i - 1] + 1)) {
      ++runs.back().length;
    } else {
      runs.push_back({i, zero ? -1 : index[i], 1});
    }
  }
  const int64_t count = static_cast<int64_t>(index.size());
  for_blocks(outer, rows_in_block(count * inner), [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      for (const Run& r : runs) {
        Real* to = y + (o * count + r.to) * inner;
        if (r.from < 0) {
          std::fill_n(to, r.length * inner, Real{0});
        } else {
          std::copy_n(x + (o * from + r.from) * inner, r.length * inner, to);
        }
      }
    }
  });
}

void copy_runs(int64_t outer, int64_t length, const Real* x, int64_t x_step, Real* y, int64_t y_step) {
  for_blocks(outer, rows_in_block(length), [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) std::copy_n(x + o * x_step, length, y + o * y_step);
  });
}

void swap_middle(int64_t outer, int64_t a, int64_t b, int64_t inner, const Real* x, Real* y) {
  for_blocks(outer, rows_in_block(a * b * inner), [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      const Real* from = x + o * a * b * inner;
      Real* to = y + o * a * b * inner;
      for (int64_t i = 0; i < a; ++i) {
        for (int64_t j = 0; j < b; ++j) std::copy_n(from + (i * b + j) * inner, inner, to + (j * a + i) * inner);
      }
    }
  });
}

}  // namespace bijou
