// Loops over x [rows, columns] whose columns have parameters of their own (a bias, a mean, a gain), and sums down the
// columns. Rows may be short, an image's three channels: then several are taken as one wide row, with the parameters
// repeated, so that the inner loop is worth its start.
#pragma once
#include "autograd/kernels/parallel.hpp"

#include <initializer_list>
#include <type_traits>
#include <vector>

namespace bijou::inline BIJOU_SCALAR::kernels {

// The width of a wide row: whole rows, and whole vectors where they are few values.
inline int64_t wide_row(int64_t columns) {
  if (columns >= 512) return columns;
  return columns >= 64 ? 512 / columns * columns : columns * 16 * std::max<int64_t>(1, 32 / columns);
}

// Vectors [columns] repeated to the width of a wide row. Rows that are wide already are used where they are.
class Repeated {
 public:
  Repeated(int64_t columns, std::initializer_list<const Real*> vectors) : width_(wide_row(columns)) {
    if (width_ != columns) values_.resize(vectors.size() * static_cast<size_t>(width_));
    for (const Real* v : vectors) {
      if (width_ != columns) {
        Real* to = values_.data() + count_ * width_;
        for (int64_t j = 0; j < width_; j += columns) std::copy_n(v, columns, to + j);
        v = to;
      }
      at_[count_++] = v;
    }
  }
  int64_t width() const { return width_; }
  const Real* operator[](int k) const { return at_[k]; }

 private:
  int64_t width_;
  int count_ = 0;
  const Real* at_[6] = {};
  std::vector<Real> values_;
};

// f(i, j) for each of n values: the i-th, whose parameters stand at [j] of vectors repeated to `width`.
template <class F>
void for_each_in_columns(int64_t n, int64_t width, const F& f) {
  for_blocks(n, std::max<int64_t>(1, kBlock / width) * width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row += width) {
      const int64_t stop = std::min(width, end - row);
#pragma omp simd
      for (int64_t j = 0; j < stop; ++j) f(row + j, j);
    }
  });
}

// How sums over wide rows are cut: into blocks of rows, and strips of columns where there are many. By shape alone.
struct ColumnTasks {
  ColumnTasks(int64_t rows, int64_t columns)
      : n(rows * columns),
        width(wide_row(columns)),
        strip(std::min<int64_t>(width, 1024)),
        strips((width + strip - 1) / strip),
        wide_rows((n + width - 1) / width),
        rows_each(std::max({int64_t{16}, kBlock / strip, (wide_rows + 63) / 64})),
        blocks(std::max<int64_t>(1, (wide_rows + rows_each - 1) / rows_each)) {}
  int64_t n, width, strip, strips, wide_rows, rows_each, blocks;

  // body(block, begin, end, first, last): the wide rows [begin, end) of a block, and of each the places [first, last).
  template <class Body>
  void run(const Body& body) const {
    for_blocks(blocks * strips, 1, [&](int64_t from, int64_t to) {
      for (int64_t task = from; task < to; ++task) {
        const int64_t block = task / strips, first = task % strips * strip;
        body(block, block * rows_each, std::min(wide_rows, (block + 1) * rows_each), first,
             std::min(width, first + strip));
      }
    });
  }
};

struct Two {
  Real a, b;
};

// term(i, j) is called once for each of the values i at the places j in [first, last) of the wide rows [begin, end). It
// gives a number, or Two: the k-th is added to sums[k * width + j].
template <int Sums, class Term>
void add_rows(const ColumnTasks& t, int64_t begin, int64_t end, int64_t first, int64_t last, const Term& term,
              Real* sums) {
  const int64_t width = t.width;
  // Rows [row, row + 4), or a single one: a sum is read and written once for all of them.
  const auto add = [&](auto rows, int64_t row, int64_t stop) {
#pragma omp simd
    for (int64_t j = first; j < stop; ++j) {
      const int64_t i = row * width + j;
      if constexpr (Sums == 1) {
        Real sum = sums[j] + term(i, j);
        if constexpr (rows == 4) {
          sum += term(i + width, j);
          sum += term(i + 2 * width, j);
          sum += term(i + 3 * width, j);
        }
        sums[j] = sum;
      } else {
        const Two p = term(i, j);
        Real a = sums[j] + p.a, b = sums[width + j] + p.b;
        if constexpr (rows == 4) {
          const Two q = term(i + width, j), r = term(i + 2 * width, j), s = term(i + 3 * width, j);
          a = a + q.a + r.a + s.a;
          b = b + q.b + r.b + s.b;
        }
        sums[j] = a;
        sums[width + j] = b;
      }
    }
  };
  int64_t row = begin;
  for (; row + 4 <= end && (row + 4) * width <= t.n; row += 4) add(std::integral_constant<int, 4>(), row, last);
  for (; row < end; ++row) {  // the last one may be shorter
    add(std::integral_constant<int, 1>(), row, std::min(last, t.n - row * width));
  }
}

// The sums of the k-th numbers of term down the columns, out[k][column]: blocks in single precision, their sums in
// double, in order. A term may also write: it is called once for each value.
template <int Sums, class Term>
void column_sums(int64_t rows, int64_t columns, const Term& term, Real* const (&out)[Sums]) {
  const ColumnTasks t(rows, columns);
  std::vector<Real> partial(static_cast<size_t>(t.blocks * Sums * t.width), Real{0});
  t.run([&](int64_t block, int64_t begin, int64_t end, int64_t first, int64_t last) {
    add_rows<Sums>(t, begin, end, first, last, term, partial.data() + block * Sums * t.width);
  });
  std::vector<double> total(static_cast<size_t>(Sums * t.width), 0.0);
  for (int64_t b = 0; b < t.blocks; ++b) {
    for (int64_t i = 0; i < Sums * t.width; ++i) total[i] += partial[b * Sums * t.width + i];
  }
  for (int k = 0; k < Sums; ++k) {
    for (int64_t c = 0; c < columns; ++c) {
      double sum = 0;
      for (int64_t j = c; j < t.width; j += columns) sum += total[k * t.width + j];
      out[k][c] = static_cast<Real>(sum);
    }
  }
}

}  // namespace bijou
