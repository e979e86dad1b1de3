#include "autograd/kernels/fused.hpp"

#include "autograd/kernels/channels.hpp"
#include "autograd/kernels/select.hpp"
#include "autograd/kernels/transcendental.hpp"

#include <type_traits>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

// f(relu) with the flag as a constant of the program, so that the loops have no branch.
template <class F>
void with_relu(bool relu, const F& f) {
  if (relu) {
    f(std::true_type());
  } else {
    f(std::false_type());
  }
}

template <bool relu>
Real activate(Real z) {
  return relu && z < 0 ? 0 : z;  // z < 0 is false for a NaN, which therefore passes through
}
template <bool relu>
Real pass_back(Real dy, Real z) {
  return relu ? where_positive(z, dy) : dy;
}

}  // namespace

void affine_coupling(int64_t n, const Real* x, const Real* s, const Real* t, Real* y) {
  for_each(n, [=](int64_t i) { y[i] = x[i] * exp_of(s[i]) + t[i]; });
}
void affine_coupling_inverse(int64_t n, const Real* y, const Real* s, const Real* t, Real* x) {
  for_each(n, [=](int64_t i) { x[i] = (y[i] - t[i]) * exp_of(-s[i]); });
}
void affine_coupling_backward(int64_t n, const Real* dy, const Real* x, const Real* s, Real* dx, Real* ds) {
  for_each(n, [=](int64_t i) {
    const Real d = dy[i] * exp_of(s[i]);
    dx[i] = d;
    ds[i] = d * x[i];
  });
}

void channel_affine(int64_t rows, int64_t columns, const ChannelAffine& p, const Real* x, Real* y) {
  const Repeated v(columns, {p.mean, p.scale, p.offset});
  with_relu(p.relu, [&](auto relu) {
    for_each_in_columns(rows * columns, v.width(), [=, m = v[0], s = v[1], b = v[2]](int64_t i, int64_t j) {
      y[i] = activate<relu()>((x[i] - m[j]) * s[j] + b[j]);
    });
  });
}

void channel_affine_sums(int64_t rows, int64_t columns, const ChannelAffine& p, const Real* dy, const Real* x,
                         Real* sum_g, Real* sum_gx) {
  const Repeated v(columns, {p.mean, p.scale, p.offset});
  with_relu(p.relu, [&](auto relu) {
    column_sums<2>(rows, columns,
                   [=, m = v[0], s = v[1], b = v[2]](int64_t i, int64_t j) {
                     const Real d = x[i] - m[j], g = pass_back<relu()>(dy[i], d * s[j] + b[j]);
                     return Two{g, g * d};
                   },
                   {sum_g, sum_gx});
  });
}

void channel_affine_backward(int64_t rows, int64_t columns, const ChannelAffine& p, const Real* dy, const Real* x,
                             Real* dx, Real* sum_g, Real* sum_gx) {
  const Repeated v(columns, {p.mean, p.scale, p.offset});
  with_relu(p.relu, [&](auto relu) {
    column_sums<2>(rows, columns,
                   [=, m = v[0], s = v[1], b = v[2]](int64_t i, int64_t j) {
                     const Real d = x[i] - m[j], g = pass_back<relu()>(dy[i], d * s[j] + b[j]);
                     dx[i] = g * s[j];
                     return Two{g, g * d};
                   },
                   {sum_g, sum_gx});
  });
}

void batch_norm_backward(int64_t rows, int64_t columns, const ChannelAffine& p, const Real* mean_g, const Real* slope,
                         const Real* dy, const Real* x, Real* dx) {
  const Repeated v(columns, {p.mean, p.scale, p.offset, mean_g, slope});
  with_relu(p.relu, [&](auto relu) {
    const auto pull_back = [=, m = v[0], s = v[1], b = v[2], mg = v[3], slope = v[4]](int64_t i, int64_t j) {
      const Real d = x[i] - m[j], g = pass_back<relu()>(dy[i], d * s[j] + b[j]);
      dx[i] = s[j] * (g - mg[j] - d * slope[j]);
    };
    for_each_in_columns(rows * columns, v.width(), pull_back);
  });
}

void add_bias(int64_t rows, int64_t columns, const Real* bias, bool rectify, Real* y) {
  const Repeated v(columns, {bias});
  with_relu(rectify, [&](auto relu) {
    for_each_in_columns(rows * columns, v.width(),
                        [=, b = v[0]](int64_t i, int64_t j) { y[i] = activate<relu()>(y[i] + b[j]); });
  });
}

void relu_bias_backward(int64_t rows, int64_t columns, const Real* dy, const Real* y, Real* da, Real* sum) {
  column_sums<1>(rows, columns,
                 [=](int64_t i, int64_t) {
                   const Real d = dy[i], g = y[i] > 0 ? d : 0;  // d in any case: a conditional load would not vectorise
                   da[i] = g;
                   return g;
                 },
                 {sum});
}

void column_norms(int64_t rows, int64_t columns, const Real* v, Real* norm) {
  column_sums<1>(rows, columns, [v](int64_t i, int64_t) { return v[i] * v[i]; }, {norm});
  for (int64_t c = 0; c < columns; ++c) norm[c] = std::sqrt(norm[c]);
}

void weight_norm_backward(int64_t rows, int64_t columns, const Real* scale, const Real* slope, const Real* dw,
                          const Real* v, Real* dv) {
  const Repeated p(columns, {scale, slope});
  for_each_in_columns(rows * columns, p.width(),
                      [=, a = p[0], b = p[1]](int64_t i, int64_t j) { dv[i] = a[j] * (dw[i] - b[j] * v[i]); });
}

}  // namespace bijou
