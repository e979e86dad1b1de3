#include "autograd/kernels/reduce.hpp"

#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/channels.hpp"
#include "autograd/kernels/transcendental.hpp"

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

double sum_squares_of(int64_t n, const Real* x) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

// The mean of a block's first rows (at most four wide ones), each column's at all of its places [first, last).
void centre(const ColumnTasks& t, int64_t begin, int64_t columns, int64_t first, int64_t last, const Real* x,
            Real* about) {
  const int64_t until = std::min(t.n, (begin + 4) * t.width), until_column = std::min(last, columns);
  std::vector<Real> sums(static_cast<size_t>(until_column - first), Real{0});
  int64_t count = 0;
  for (int64_t row = begin * t.width; row < until; row += columns, ++count) {
    for (int64_t c = first; c < until_column; ++c) sums[c - first] += x[row + c];
  }
  for (int64_t j = first; j < last; ++j) about[j] = sums[(j - first) % columns] / static_cast<Real>(count);
}

// y [inner] += the sum over x [reduced, inner], four rows at a time
void add_middle(int64_t reduced, int64_t inner, const Real* x, Real* y) {
  int64_t r = 0;
  for (; r + 4 <= reduced; r += 4, x += 4 * inner) {
#pragma omp simd
    for (int64_t i = 0; i < inner; ++i) y[i] += (x[i] + x[inner + i]) + (x[2 * inner + i] + x[3 * inner + i]);
  }
  for (; r < reduced; ++r, x += inner) {
#pragma omp simd
    for (int64_t i = 0; i < inner; ++i) y[i] += x[i];
  }
}

// A short row is added from left to right: a vector loop would not be worth its start.
Real sum_any_row(int64_t n, const Real* x) {
  if (n >= 16) return sum_row(n, x);
  Real sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

Real largest(int64_t n, const Real* x) {  // of none after a NaN: logsumexp finds it in the sum
  Real top = x[0];
  for (int64_t i = 1; i < n; ++i) top = x[i] > top ? x[i] : top;
  return top;
}

void exp_in_place(int64_t n, Real* x) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) x[i] = exp_of(x[i]);
}

void add_log(int64_t n, const Real* a, Real* x) {  // x = a + log x
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) x[i] = a[i] + log_of(x[i]);
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
      for (int64_t o = b; o < e; ++o) y[o] = sum_any_row(reduced, x + o * reduced);
    });
  } else if (outer == 1) {
    column_sums<1>(reduced, inner, [x](int64_t i, int64_t) { return x[i]; }, {y});
  } else {
    for_blocks(outer, rows_in_block(reduced * inner), [&](int64_t b, int64_t e) {
      for (int64_t o = b; o < e; ++o) {
        Real* row = y + o * inner;
        std::fill(row, row + inner, Real{0});
        add_middle(reduced, inner, x + o * reduced * inner, row);
      }
    });
  }
}

double sum_squares(int64_t n, const Real* x) {
  const int64_t block = 32768;
  std::vector<double> partial(static_cast<size_t>((n + block - 1) / block));
  for_blocks(n, block,
             [&](int64_t begin, int64_t end) { partial[begin / block] = sum_squares_of(end - begin, x + begin); });
  double total = 0;
  for (double p : partial) total += p;
  return total;
}

// Rows are taken in tiles: the maxima and sums row by row, but all exponentials, and all logarithms, in vector loops.
void logsumexp(int64_t rows, int64_t columns, const Real* x, Real* y) {
  const int64_t tile = std::max<int64_t>(1, 512 / columns);
  for_blocks(rows, std::max<int64_t>(1, 16384 / columns), [&](int64_t begin, int64_t end) {
    std::vector<Real> e(static_cast<size_t>(tile * columns)), tops(static_cast<size_t>(tile));
    for (int64_t first = begin; first < end; first += tile) {
      const int64_t count = std::min(tile, end - first);
      for (int64_t r = 0; r < count; ++r) {
        const Real* row = x + (first + r) * columns;
        tops[r] = largest(columns, row);
        for (int64_t j = 0; j < columns; ++j) e[r * columns + j] = row[j] - tops[r];
      }
      exp_in_place(count * columns, e.data());
      for (int64_t r = 0; r < count; ++r) y[first + r] = sum_any_row(columns, e.data() + r * columns);
      add_log(count, tops.data(), y + first);
      for (int64_t r = 0; r < count; ++r) {
        if (!std::isinf(tops[r])) continue;  // all -inf, or one +inf: that is the answer, unless a NaN stands behind it
        const Real* row = x + (first + r) * columns;
        y[first + r] = std::any_of(row, row + columns, [](Real v) { return std::isnan(v); }) ? NAN : tops[r];
      }
    }
  });
}

// In one pass: each block sums x - a and (x - a)^2 about a value a of its own, the mean of its first rows, so that
// nothing cancels (E[x^2] - E[x]^2 would); the blocks' sums are moved to the common mean in double.
void moments(int64_t rows, int64_t columns, const Real* x, Real* mean, Real* variance) {
  const ColumnTasks t(rows, columns);
  std::vector<Real> partial(static_cast<size_t>(t.blocks * 3 * t.width), Real{0});  // a, sum, sum of squares
  t.run([&](int64_t block, int64_t begin, int64_t end, int64_t first, int64_t last) {
    Real* about = partial.data() + block * 3 * t.width;
    centre(t, begin, columns, first, last, x, about);
    add_rows<2>(
        t, begin, end, first, last,
        [=](int64_t i, int64_t j) {
          const Real d = x[i] - about[j];
          return Two{d, d * d};
        },
        about + t.width);
  });
  // visit(j, n, a, sum, squares) for the n values of each block at each place of its wide rows
  const auto for_all = [&](const auto& visit) {
    for (int64_t b = 0; b < t.blocks; ++b) {
      const int64_t begin = b * t.rows_each, end = std::min(t.wide_rows, begin + t.rows_each);
      const Real* p = partial.data() + b * 3 * t.width;
      for (int64_t j = 0, c = 0; j < t.width; ++j, c = c + 1 == columns ? 0 : c + 1) {
        const bool missing = (end - 1) * t.width + j >= t.n;  // in the last wide row, of fewer rows
        visit(c, static_cast<double>(end - begin - missing), double{p[j]}, double{p[t.width + j]},
              double{p[2 * t.width + j]});
      }
    }
  };
  std::vector<double> mu(static_cast<size_t>(columns), 0.0), squares(mu);
  for_all([&](int64_t c, double n, double a, double sum, double) { mu[c] += n * a + sum; });
  for (double& m : mu) m /= static_cast<double>(rows);
  for_all([&](int64_t c, double n, double a, double sum, double sum_squares) {
    const double off = a - mu[c];
    squares[c] += sum_squares + off * (2 * sum + n * off);
  });
  for (int64_t c = 0; c < columns; ++c) {
    mean[c] = static_cast<Real>(mu[c]);
    variance[c] = static_cast<Real>((squares[c] < 0 ? 0 : squares[c]) / static_cast<double>(rows));
  }
}

void sum_and_dot(int64_t rows, int64_t columns, const Real* a, const Real* b, Real* sum_a, Real* sum_ab) {
  column_sums<2>(rows, columns, [a, b](int64_t i, int64_t) { return Two{a[i], a[i] * b[i]}; }, {sum_a, sum_ab});
}

void normalize(int64_t rows, int64_t columns, const Real* x, const Real* mean, const Real* r, Real* y) {
  const Repeated p(columns, {mean, r});
  for_each_in_columns(rows * columns, p.width(),
                      [=, m = p[0], s = p[1]](int64_t i, int64_t j) { y[i] = (x[i] - m[j]) * s[j]; });
}

}  // namespace bijou
