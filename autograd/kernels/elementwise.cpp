#include "autograd/kernels/elementwise.hpp"

#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/channels.hpp"
#include "autograd/kernels/select.hpp"
#include "autograd/kernels/transcendental.hpp"

#include <atomic>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR::kernels {

void negate(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = -x[i]; });
}
void exp(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = exp_of(x[i]); });
}
void log(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = log_of(x[i]); });
}
void tanh(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = tanh_of(x[i]); });
}
void sigmoid(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = sigmoid_of(x[i]); });
}
void softplus(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = softplus_of(x[i]); });
}
void relu(int64_t n, const Real* x, Real* y) {  // x < 0 is false for a NaN, which therefore passes through
  for_each(n, [=](int64_t i) { y[i] = x[i] < 0 ? 0 : x[i]; });
}
void square(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = x[i] * x[i]; });
}
void sqrt(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = std::sqrt(x[i]); });
}
void abs(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = std::abs(x[i]); });
}

void scale_offset(int64_t n, const Real* x, Real scale, Real offset, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = scale * x[i] + offset; });
}
void accumulate(int64_t n, const Real* x, Real* y) {
  for_each(n, [=](int64_t i) { y[i] += x[i]; });
}

void tanh_backward(int64_t n, const Real* dy, const Real* y, Real* dx) {
  for_each(n, [=](int64_t i) { dx[i] = dy[i] * (1 - y[i] * y[i]); });
}
void sigmoid_backward(int64_t n, const Real* dy, const Real* y, Real* dx) {
  for_each(n, [=](int64_t i) { dx[i] = dy[i] * y[i] * (1 - y[i]); });
}
void softplus_backward(int64_t n, const Real* dy, const Real* x, Real* dx) {
  for_each(n, [=](int64_t i) { dx[i] = dy[i] * sigmoid_of(x[i]); });
}
void relu_backward(int64_t n, const Real* dy, const Real* y, Real* dx) {
  for_each(n, [=](int64_t i) { dx[i] = where_positive(y[i], dy[i]); });
}
void sqrt_backward(int64_t n, const Real* dy, const Real* y, Real* dx) {
  for_each(n, [=](int64_t i) { dx[i] = dy[i] / (2 * y[i]); });
}
void abs_backward(int64_t n, const Real* dy, const Real* x, Real* dx) {
  for_each(n, [=](int64_t i) {
    const Real d = dy[i];
    dx[i] = x[i] > 0 ? d : x[i] < 0 ? -d : 0;
  });
}

namespace {

// Rows of the last merged axis; the strides of that axis are 0 or 1, and each case is a loop that vectorises.
template <class F>
void zip(const BroadcastPlan& p, const Real* a, const Real* b, Real* y, const F& f) {
  const int last = p.rank - 1;
  const int64_t inner = p.size[last], sa = p.stride_a[last], sb = p.stride_b[last];
  took(sa && sb ? Branch::zip_both : sa ? Branch::zip_left_only : sb ? Branch::zip_right_only : Branch::zip_neither);
  const auto run = [&](const Real* ra, const Real* rb, Real* ry, int64_t n) {
    if (sa && sb) {
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) ry[i] = f(ra[i], rb[i]);
    } else if (sa) {
      const Real v = *rb;
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) ry[i] = f(ra[i], v);
    } else if (sb) {
      const Real v = *ra;
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) ry[i] = f(v, rb[i]);
    } else {
      const Real v = f(*ra, *rb);
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) ry[i] = v;
    }
  };
  if (p.rank == 1) {
    took(Branch::zip_flat);
    for_blocks(inner, kBlock,
               [&](int64_t begin, int64_t end) { run(a + begin * sa, b + begin * sb, y + begin, end - begin); });
    return;
  }
  int64_t rows = 1;
  for (int d = 0; d < last; ++d) rows *= p.size[d];
  if (p.rank == 2 && sa && sb && (p.stride_a[0] == 0 || p.stride_b[0] == 0)) {  // a vector along the rows of a matrix
    took(Branch::zip_channels);
    const bool vector_is_a = p.stride_a[0] == 0;
    const Repeated v(inner, {vector_is_a ? a : b});
    if (vector_is_a) {
      for_each_in_columns(rows * inner, v.width(), [=, v = v[0]](int64_t i, int64_t j) { y[i] = f(v[j], b[i]); });
    } else {
      for_each_in_columns(rows * inner, v.width(), [=, v = v[0]](int64_t i, int64_t j) { y[i] = f(a[i], v[j]); });
    }
    return;
  }
  for_blocks(rows, rows_in_block(inner), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      int64_t rest = row, oa = 0, ob = 0;
      for (int d = last - 1; d >= 0; --d) {
        const int64_t at = rest % p.size[d];
        rest /= p.size[d];
        oa += at * p.stride_a[d];
        ob += at * p.stride_b[d];
      }
      run(a + oa, b + ob, y + row * inner, inner);
    }
  });
}

}  // namespace

void add(const BroadcastPlan& p, const Real* a, const Real* b, Real* y) {
  zip(p, a, b, y, [](Real u, Real v) { return u + v; });
}
void subtract(const BroadcastPlan& p, const Real* a, const Real* b, Real* y) {
  zip(p, a, b, y, [](Real u, Real v) { return u - v; });
}
void multiply(const BroadcastPlan& p, const Real* a, const Real* b, Real* y) {
  zip(p, a, b, y, [](Real u, Real v) { return u * v; });
}
void divide(const BroadcastPlan& p, const Real* a, const Real* b, Real* y) {
  zip(p, a, b, y, [](Real u, Real v) { return u / v; });
}

namespace {

Real sum_of_zeros(int64_t n, const Real* x) {  // 0 * x is 0, or NaN when x is infinite or NaN
  Real sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += 0 * x[i];
  return sum;
}

}  // namespace

bool all_finite(int64_t n, const Real* x) {
  std::atomic<bool> finite = true;
  for_blocks(n, kBlock, [&](int64_t begin, int64_t end) {
    if (!(sum_of_zeros(end - begin, x + begin) == 0)) finite = false;
  });
  return finite;
}

}  // namespace bijou
