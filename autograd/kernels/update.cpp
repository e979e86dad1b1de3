#include "autograd/kernels/update.hpp"

#include "autograd/kernels/parallel.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

struct Piece {  // of one array
  size_t array;
  int64_t begin, end;
};

// Pieces of at most a block each, in order; and where in their list a new task begins, of about a block in all.
struct Pieces {
  std::vector<Piece> all;
  std::vector<size_t> tasks;
};

template <class Array>
Pieces cut(std::span<const Array> arrays) {
  Pieces p;
  int64_t in_task = kBlock;
  for (size_t a = 0; a < arrays.size(); ++a) {
    for (int64_t begin = 0; begin < arrays[a].n; begin += kBlock) {
      const int64_t end = std::min(arrays[a].n, begin + kBlock);
      if (in_task + end - begin > kBlock) p.tasks.push_back(p.all.size()), in_task = 0;
      in_task += end - begin;
      p.all.push_back({a, begin, end});
    }
  }
  p.tasks.push_back(p.all.size());
  return p;
}

template <class Body>  // body(piece's number, piece)
void for_pieces(const Pieces& p, const Body& body) {
  for_blocks(static_cast<int64_t>(p.tasks.size()) - 1, 1, [&](int64_t from, int64_t to) {
    for (size_t i = p.tasks[from]; i < p.tasks[to]; ++i) body(i, p.all[i]);
  });
}

// One number of each array, f(g, first, second, w).
template <class F>
void for_each_number(const Parameter& p, int64_t begin, int64_t end, const F& f) {
  const Real* g = p.g;
  Real *first = p.first, *second = p.second, *w = p.w;
#pragma omp simd
  for (int64_t i = begin; i < end; ++i) f(g[i], first[i], second[i], w[i]);
}

// A moment of a weight that no gradient reaches any more (behind a dead ReLU) is multiplied by beta until it is
// subnormal, and there it stays, as rounding brings it back: each step would then pay a hundred cycles for it. NICE's
// 19 million parameters, a thousand steps into training: Adam took 60 ms in place of 17.
Real without_subnormals(Real x) { return std::abs(x) < std::numeric_limits<Real>::min() ? Real{0} : x; }

double sum_squares_of(const Real* x, int64_t begin, int64_t end) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = begin; i < end; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

void move_average(Real* average, const Real* now, Real rate, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; ++i) average[i] += rate * (now[i] - average[i]);
}

}  // namespace

void adam(std::span<const Parameter> parameters, const AdamStep& s) {
  for_pieces(cut(parameters), [=](size_t, const Piece& piece) {
    const Real keep = parameters[piece.array].keep;
    for_each_number(parameters[piece.array], piece.begin, piece.end, [=](Real g, Real& m, Real& v, Real& w) {
      const Real gi = g * s.grad_scale;
      m = without_subnormals(s.beta1 * m + (1 - s.beta1) * gi);
      v = without_subnormals(s.beta2 * v + (1 - s.beta2) * gi * gi);
      w = keep * w - s.rate * m / (std::sqrt(v) * s.root_correction + s.eps);
    });
  });
}

void adamax(std::span<const Parameter> parameters, const AdamaxStep& s) {
  for_pieces(cut(parameters), [=](size_t, const Piece& piece) {
    const Real keep = parameters[piece.array].keep;
    for_each_number(parameters[piece.array], piece.begin, piece.end, [=](Real g, Real& m, Real& u, Real& w) {
      const Real gi = g * s.grad_scale;
      m = without_subnormals(s.beta1 * m + (1 - s.beta1) * gi);
      u = without_subnormals(std::max(s.beta2 * u, std::abs(gi)));
      w = keep * w - s.rate * m / (u + s.eps);
    });
  });
}

double sum_squares_of_gradients(std::span<const Parameter> parameters) {
  const Pieces pieces = cut(parameters);
  std::vector<double> partial(pieces.all.size());
  for_pieces(pieces, [&](size_t i, const Piece& piece) {
    partial[i] = sum_squares_of(parameters[piece.array].g, piece.begin, piece.end);
  });
  double total = 0;
  for (const double p : partial) total += p;
  return total;
}

void move_averages(std::span<const Average> averages, Real rate) {
  for_pieces(cut(averages), [=](size_t, const Piece& piece) {
    const Average& a = averages[piece.array];
    move_average(a.average, a.now, rate, piece.begin, piece.end);
  });
}

}  // namespace bijou
