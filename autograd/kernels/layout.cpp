#include "autograd/kernels/layout.hpp"

#include "autograd/kernels/parallel.hpp"

#include <cstring>
#include <type_traits>
#include <vector>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

// Copies n values. Where n is a constant N > 0 of the program, the compiler writes the few moves out: a pixel of three
// channels must not cost a call.
template <int N>
void copy(const Real* from, Real* to, int64_t n) {
  if constexpr (N > 0) {
    std::memcpy(to, from, N * sizeof(Real));
  } else {
    std::copy_n(from, n, to);
  }
}

// f(N) with N = length where that is small and common, else with 0.
template <class F>
void with_length(int64_t length, const F& f) {
  const auto call = [&]<int... N>(std::integer_sequence<int, N...>) {
    return ((length == N && (f(std::integral_constant<int, N>()), true)) || ...);
  };
  if (!call(std::integer_sequence<int, 1, 2, 3, 4, 6, 8, 12, 16>())) f(std::integral_constant<int, 0>());
}

struct Run {  // consecutive indices are copied together; from < 0: zeros
  int64_t to, from, length;
};

std::vector<Run> runs_of(std::span<const int64_t> index) {
  std::vector<Run> runs;
  for (int64_t i = 0; i < static_cast<int64_t>(index.size()); ++i) {
    const bool zero = index[i] < 0;
    if (!runs.empty() && (zero ? runs.back().from < 0 : runs.back().from >= 0 && index[i] == index[i - 1] + 1)) {
      ++runs.back().length;
    } else {
      runs.push_back({i, zero ? -1 : index[i], 1});
    }
  }
  return runs;
}

// The loops below hold all they need in variables of their own: behind a reference, the compiler would read it again
// after every copy.
template <int N>
void take_each(int64_t count, const int64_t* index, const Real* zeros, int64_t inner, const Real* x, Real* y) {
  const int64_t step = N > 0 ? N : inner;
  for (int64_t i = 0; i < count; ++i, y += step) copy<N>(index[i] < 0 ? zeros : x + index[i] * step, y, step);
}

template <int N>
void copy_each(int64_t count, int64_t length, const Real* x, int64_t x_step, Real* y, int64_t y_step) {
  for (int64_t o = 0; o < count; ++o, x += x_step, y += y_step) copy<N>(x, y, length);
}

}  // namespace

void take(int64_t outer, int64_t from, int64_t inner, std::span<const int64_t> index, const Real* x, Real* y) {
  const int64_t count = static_cast<int64_t>(index.size());
  if (outer * count * inner == 0) return;
  const std::vector<Run> runs = runs_of(index);
  if (count * inner >= 32 * static_cast<int64_t>(runs.size())) {  // long runs
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
    return;
  }
  const std::vector<Real> zeros(static_cast<size_t>(inner), Real{0});
  with_length(inner, [&](auto size) {
    for_blocks(outer, rows_in_block(count * inner), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        take_each<size()>(count, index.data(), zeros.data(), inner, x + o * from * inner, y + o * count * inner);
      }
    });
  });
}

void copy_runs(int64_t outer, int64_t length, const Real* x, int64_t x_step, Real* y, int64_t y_step) {
  with_length(length, [&](auto size) {
    for_blocks(outer, rows_in_block(length), [&](int64_t begin, int64_t end) {
      copy_each<size()>(end - begin, length, x + begin * x_step, x_step, y + begin * y_step, y_step);
    });
  });
}

void swap_middle(int64_t outer, int64_t a, int64_t b, int64_t inner, const Real* x, Real* y) {
  with_length(inner, [&](auto size) {
    for_blocks(outer, rows_in_block(a * b * inner), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        const Real* from = x + o * a * b * inner;
        Real* to = y + o * a * b * inner;
        for (int64_t i = 0; i < a; ++i) {
          copy_each<size()>(b, inner, from + i * b * inner, inner, to + i * inner, a * inner);
        }
      }
    });
  });
}

}  // namespace bijou
