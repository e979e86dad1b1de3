#include "autograd/kernels/reduce.hpp"

#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/parallel.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

Real sum_row(int64_t n, const Real* x) {
  Real sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

// Adds f(i) for the elements i of x [rows, columns] into `results` column sums. Several rows at a time (fold),
// so that the inner loop is long enough to vectorise when there are few columns.
// term(i, k): the i-th element of the k-th of `Sums` sums.
template <int Sums, class Term>
void column_sums(int64_t rows, int64_t columns, const Term& term, Real* const (&out)[Sums]) {
  const int64_t fold = std::max<int64_t>(1, 64 / columns), width = fold * columns;
  const int64_t block = std::max<int64_t>(fold, 32768 / columns / fold * fold);
  const int64_t blocks = std::max<int64_t>(1, (rows + block - 1) / block);
  std::vector<Real> partial(static_cast<size_t>(blocks * Sums * width), Real{0});
  for_blocks(rows, block, [&](int64_t begin, int64_t end) {
    Real* p = partial.data() + begin / block * Sums * width;
    const int64_t whole = begin + (end - begin) / fold * fold;
    for (int64_t row = begin; row < whole; row += fold) {
      for (int k = 0; k < Sums; ++k) {
        Real* pk = p + k * width;
#pragma omp simd
        for (int64_t j = 0; j < width; ++j) pk[j] += term(row * columns + j, j, k);
      }
    }
    for (int64_t row = whole; row < end; ++row) {
      for (int k = 0; k < Sums; ++k) {
        for (int64_t j = 0; j < columns; ++j) p[k * width + j] += term(row * columns + j, j, k);
      }
    }
  });
  for (int k = 0; k < Sums; ++k) {
    for (int64_t c = 0; c < columns; ++c) {
      double sum = 0;
      for (int64_t b = 0; b < blocks; ++b) {
        for (int64_t f = 0; f < fold; ++f) sum += partial[(b * Sums + k) * width + f * columns + c];
      }
      out[k][c] = static_cast<Real>(sum);
    }
  }
}

}  // namespace

void sum_middle(int64_t outer, int64_t reduced, int64_t inner, const Real* x, Real* y) {
  if (outer * inner == 0) return;
  took(inner > 1   ? (outer > 1 ? Branch::sum_middle : Branch::sum_columns)
       : outer > 1 ? Branch::sum_rows
                   : Branch::sum_all);
  if (inner == 1 && outer == 1) {  // one long sum: blocks, then their sums in order
    const int64_t block = 32768, blocks = (reduced + block - 1) / block;
    std::vector<Real> partial(static_cast<size_t>(std::max<int64_t>(1, blocks)), Real{0});
    for_blocks(reduced, block, [&](int64_t b, int64_t e) { partial[b / block] = sum_row(e - b, x + b); });
    double sum = 0;
    for (Real p : partial) sum += p;
    *y = static_cast<Real>(sum);
  } else if (inner == 1) {
    for_blocks(outer, rows_in_block(reduced), [&](int64_t b, int64_t e) {
      for (int64_t o = b; o < e; ++o) y[o] = sum_row(reduced, x + o * reduced);
    });
  } else if (outer == 1) {
    column_sums<1>(reduced, inner, [x](int64_t i, int64_t, int) { return x[i]; }, {y});
  } else {
    for_blocks(outer, rows_in_block(reduced * inner), [&](int64_t b, int64_t e) {
      for (int64_t o = b; o < e; ++o) {
        Real* row = y + o * inner;
        std::fill(row, row + inner, Real{0});
        for (int64_t r = 0; r < reduced; ++r) {
          const Real* from = x + (o * reduced + r) * inner;
#pragma omp simd
          for (int64_t i = 0; i < inner; ++i) row[i] += from[i];
        }
      }
    });
  }
}

double sum_squares(int64_t n, const Real* x) {
  const int64_t block = 32768;
  std::vector<double> partial(static_cast<size_t>((n + block - 1) / block));
  for_blocks(n, block, [&](int64_t begin, int64_t end) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; ++i) sum += static_cast<double>(x[i]) * x[i];
    partial[begin / block] = sum;
  });
  double total = 0;
  for (double p : partial) total += p;
  return total;
}

void logsumexp(int64_t rows, int64_t columns, const Real* x, Real* y) {
  for_blocks(rows, std::max<int64_t>(1, 1024 / std::max<int64_t>(1, columns)), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const Real* row = x + r * columns;
      const Real top = *std::max_element(row, row + columns);
      if (std::isinf(top)) {  // all -inf, or one +inf: the maximum is the answer, unless a NaN stands behind it
        y[r] = std::any_of(row, row + columns, [](Real v) { return std::isnan(v); }) ? NAN : top;
        continue;
      }
      Real sum = 0;
      for (int64_t j = 0; j < columns; ++j) sum += std::exp(row[j] - top);
      y[r] = top + std::log(sum);
    }
  });
}

void moments(int64_t rows, int64_t columns, const Real* x, Real* mean, Real* variance) {
  column_sums<1>(rows, columns, [x](int64_t i, int64_t, int) { return x[i]; }, {mean});
  for (int64_t c = 0; c < columns; ++c) mean[c] /= static_cast<Real>(rows);
  // Second pass about the mean: E[x^2] - E[x]^2 would cancel. The mean is repeated to the width of a fold.
  std::vector<Real> repeated(static_cast<size_t>(columns * std::max<int64_t>(1, 64 / columns)));
  for (size_t j = 0; j < repeated.size(); ++j) repeated[j] = mean[j % columns];
  column_sums<1>(rows, columns,
                 [x, m = repeated.data()](int64_t i, int64_t j, int) { return (x[i] - m[j]) * (x[i] - m[j]); },
                 {variance});
  for (int64_t c = 0; c < columns; ++c) variance[c] /= static_cast<Real>(rows);
}

void sum_and_dot(int64_t rows, int64_t columns, const Real* a, const Real* b, Real* sum_a, Real* sum_ab) {
  column_sums<2>(rows, columns, [a, b](int64_t i, int64_t, int k) { return k == 0 ? a[i] : a[i] * b[i]; },
                 {sum_a, sum_ab});
}

void normalize(int64_t rows, int64_t columns, const Real* x, const Real* mean, const Real* r, Real* y) {
  for_blocks(rows, rows_in_block(columns), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Real* from = x + row * columns;
      Real* to = y + row * columns;
#pragma omp simd
      for (int64_t c = 0; c < columns; ++c) to[c] = (from[c] - mean[c]) * r[c];
    }
  });
}

}  // namespace bijou
