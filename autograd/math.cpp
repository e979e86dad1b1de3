#include "autograd/math.hpp"

#include "autograd/kernels/conv.hpp"
#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/eigen.hpp"
#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/layout.hpp"
#include "autograd/kernels/reduce.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace bijou::inline BIJOU_SCALAR::math {

using kernels::moved;  // what a loop reads and writes at least

namespace {

Tensor map(kernels::Unary* f, const Tensor& x) {
  Tensor y(x.shape());
  f(x.numel(), x.data().data(), y.mutable_data().data());
  moved(x, y);
  return y;
}

Tensor map(kernels::Backward* f, const Tensor& dy, const Tensor& xy) {
  Tensor dx(xy.shape());
  f(xy.numel(), dy.data().data(), xy.data().data(), dx.mutable_data().data());
  moved(dy, xy, dx);
  return dx;
}

// Neighbouring axes along which each operand behaves alike (runs, or repeats) become one.
kernels::BroadcastPlan plan(const Shape& a, const Shape& b, const Shape& y) {
  kernels::BroadcastPlan p{};
  const auto repeats = [&](const Shape& s, int i) {
    const int at = i - (y.rank() - s.rank());
    return at < 0 || s[at] != y[i];
  };
  bool last_a = false, last_b = false;
  for (int i = 0; i < y.rank(); ++i) {
    if (y[i] == 1) continue;
    const bool ra = repeats(a, i), rb = repeats(b, i);
    if (p.rank > 0 && ra == last_a && rb == last_b) {
      p.size[p.rank - 1] *= y[i];
    } else {
      p.size[p.rank] = y[i];
      p.stride_a[p.rank] = !ra;
      p.stride_b[p.rank++] = !rb;
    }
    last_a = ra, last_b = rb;
  }
  if (p.rank == 0) p.size[p.rank++] = 1;
  int64_t step_a = 1, step_b = 1;
  for (int i = p.rank - 1; i >= 0; --i) {
    if (p.stride_a[i]) p.stride_a[i] = step_a, step_a *= p.size[i];
    if (p.stride_b[i]) p.stride_b[i] = step_b, step_b *= p.size[i];
  }
  return p;
}

Tensor zip(const char* name, kernels::Binary* f, const Tensor& a, const Tensor& b) {
  Tensor y(a.shape() == b.shape() ? a.shape() : broadcast(name, a.shape(), b.shape()));
  if (y.numel()) f(plan(a.shape(), b.shape(), y.shape()), a.data().data(), b.data().data(), y.mutable_data().data());
  moved(a, b, y);
  return y;
}

struct Split {  // a shape seen as [outer, axis, inner]
  int64_t outer, size, inner;
};
Split around(const Shape& s, int axis) {
  Split r{1, s[axis], 1};
  for (int i = 0; i < axis; ++i) r.outer *= s[i];
  for (int i = axis + 1; i < s.rank(); ++i) r.inner *= s[i];
  return r;
}

kernels::ConvShape conv_shape(const char* where, const Shape& x, const Shape& w) {
  check(x.rank() == 4 && w.rank() == 4 && x[3] == w[2], where, "expects x [N, H, W, in] and w [kh, kw, in, out], got ",
        x, " and ", w);
  check(w[0] > 0 && w[1] > 0 && w[2] > 0 && w[3] > 0, where, "an empty kernel ", w);
  return {x[0], x[1], x[2], w[2], w[3], w[0], w[1]};
}

void check_gradient(const char* where, const Shape& dy, const Shape& y) {
  check(dy == y, where, "the gradient ", dy, " of what has the shape ", y);
}

}  // namespace

Tensor negate(const Tensor& x) { return map(kernels::negate, x); }
Tensor exp(const Tensor& x) { return map(kernels::exp, x); }
Tensor log(const Tensor& x) { return map(kernels::log, x); }
Tensor tanh(const Tensor& x) { return map(kernels::tanh, x); }
Tensor sigmoid(const Tensor& x) { return map(kernels::sigmoid, x); }
Tensor softplus(const Tensor& x) { return map(kernels::softplus, x); }
Tensor relu(const Tensor& x) { return map(kernels::relu, x); }
Tensor square(const Tensor& x) { return map(kernels::square, x); }
Tensor sqrt(const Tensor& x) { return map(kernels::sqrt, x); }
Tensor abs(const Tensor& x) { return map(kernels::abs, x); }
Tensor map(const Tensor& x, double (*f)(double)) {
  Tensor y(x.shape());
  std::ranges::transform(x.data(), y.mutable_data().begin(), [f](Real v) { return static_cast<Real>(f(v)); });
  return y;
}

Tensor scale_offset(const Tensor& x, double scale, double offset) {
  Tensor y(x.shape());
  kernels::scale_offset(x.numel(), x.data().data(), static_cast<Real>(scale), static_cast<Real>(offset),
                        y.mutable_data().data());
  moved(x, y);
  return y;
}

Tensor tanh_backward(const Tensor& dy, const Tensor& y) { return map(kernels::tanh_backward, dy, y); }
Tensor sigmoid_backward(const Tensor& dy, const Tensor& y) { return map(kernels::sigmoid_backward, dy, y); }
Tensor softplus_backward(const Tensor& dy, const Tensor& x) { return map(kernels::softplus_backward, dy, x); }
Tensor relu_backward(const Tensor& dy, const Tensor& y) { return map(kernels::relu_backward, dy, y); }
Tensor sqrt_backward(const Tensor& dy, const Tensor& y) { return map(kernels::sqrt_backward, dy, y); }
Tensor abs_backward(const Tensor& dy, const Tensor& x) { return map(kernels::abs_backward, dy, x); }

Tensor add(const Tensor& a, const Tensor& b) { return zip("add", kernels::add, a, b); }
Tensor subtract(const Tensor& a, const Tensor& b) { return zip("subtract", kernels::subtract, a, b); }
Tensor multiply(const Tensor& a, const Tensor& b) { return zip("multiply", kernels::multiply, a, b); }
Tensor divide(const Tensor& a, const Tensor& b) { return zip("divide", kernels::divide, a, b); }

void accumulate(Tensor& into, const Tensor& x) {
  if (into.unique() && into.shape() == x.shape()) {
    kernels::accumulate(x.numel(), x.data().data(), into.mutable_data().data());
    moved(x, into, into);
  } else {
    into = add(into, x);
  }
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  check(broadcast("broadcast_to", x.shape(), shape) == shape, "broadcast_to", x.shape(), " does not spread to ", shape);
  Tensor y(shape);
  const Tensor zero = Tensor::scalar(0);
  if (y.numel())
    kernels::add(plan(x.shape(), zero.shape(), shape), x.data().data(), zero.data().data(), y.mutable_data().data());
  moved(x, y);
  return y;
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int extra = x.rank() - shape.rank();
  std::array<int, Shape::kMaxRank> axes{};
  size_t count = 0;
  for (int i = 0; i < x.rank(); ++i) {
    if (i < extra || (shape[i - extra] == 1 && x.shape()[i] != 1)) axes[count++] = i;
  }
  return sum(x, std::span(axes.data(), count)).reshape(shape);
}

Tensor sum(const Tensor& x, std::span<const int> axes) {
  std::array<bool, Shape::kMaxRank> gone{};
  for (int a : axes) {
    const bool twice = std::exchange(gone[x.shape().axis(a, "sum")], true);
    check(!twice, "sum", "axis ", x.shape().axis(a, "sum"), " of ", x.shape(), " is named twice");
  }
  Shape kept;
  for (int i = 0; i < x.rank(); ++i) {
    if (!gone[i]) kept.append(x.shape()[i]);
  }
  Tensor y = x;
  Shape s = x.shape();  // one run of neighbouring axes at a time, from the last; summed sizes become 1
  for (int last = x.rank() - 1; last >= 0; --last) {
    if (!gone[last]) continue;
    int first = last;
    while (first > 0 && gone[first - 1]) --first;
    int64_t reduced = 1, outer = 1, inner = 1;
    for (int i = 0; i < x.rank(); ++i) (i < first ? outer : i <= last ? reduced : inner) *= s[i];
    for (int i = first; i <= last; ++i) s = s.with(i, 1);
    Tensor t(s);
    kernels::sum_middle(outer, reduced, inner, y.data().data(), t.mutable_data().data());
    moved(y, t);
    y = t;
    last = first;
  }
  return y.reshape(kept);
}

Tensor logsumexp(const Tensor& x) {
  check(x.rank() >= 1 && x.shape()[-1] > 0, "logsumexp", "expects at least one value along the last axis, got ",
        x.shape());
  const Split s = around(x.shape(), x.rank() - 1);
  Tensor y{Shape(std::span(x.shape().begin(), x.shape().end() - 1))};
  kernels::logsumexp(s.outer, s.size, x.data().data(), y.mutable_data().data());
  moved(x, y);
  return y;
}

Tensor take(const Tensor& x, int axis, std::span<const int64_t> index) {
  axis = x.shape().axis(axis, "take");
  const Split s = around(x.shape(), axis);
  for (int64_t i : index) check(-1 <= i && i < s.size, "take", "index ", i, " along axis ", axis, " of ", x.shape());
  Tensor y(x.shape().with(axis, static_cast<int64_t>(index.size())));
  kernels::take(s.outer, s.size, s.inner, index, x.data().data(), y.mutable_data().data());
  moved(y, y);
  return y;
}

Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end) {
  axis = x.shape().axis(axis, "slice");
  const Split s = around(x.shape(), axis);
  check(0 <= begin && begin <= end && end <= s.size, "slice", "[", begin, ", ", end, ") along axis ", axis, " of ",
        x.shape());
  Tensor y(x.shape().with(axis, end - begin));
  kernels::copy_runs(s.outer, (end - begin) * s.inner, x.data().data() + begin * s.inner, s.size * s.inner,
                     y.mutable_data().data(), (end - begin) * s.inner);
  moved(y, y);
  return y;
}

Tensor concat(std::span<const Tensor> parts, int axis) {
  check(!parts.empty(), "concat", "nothing to concatenate");
  const Shape first = parts[0].shape();
  axis = first.axis(axis, "concat");
  int64_t total = 0;
  for (const Tensor& p : parts) {
    check(p.rank() == first.rank() && p.shape().with(axis, 1) == first.with(axis, 1), "concat", "shapes ", first,
          " and ", p.shape(), " differ elsewhere than along axis ", axis);
    total += p.shape()[axis];
  }
  Tensor y(first.with(axis, total));
  const Split s = around(y.shape(), axis);
  Real* to = y.mutable_data().data();
  for (const Tensor& p : parts) {
    const int64_t length = p.shape()[axis] * s.inner;
    kernels::copy_runs(s.outer, length, p.data().data(), length, to, total * s.inner);
    to += length;
  }
  moved(y, y);
  return y;
}

Tensor transpose(const Tensor& a) {
  check(a.rank() == 2, "transpose", "expects a matrix, got ", a.shape());
  Tensor y({a.shape()[1], a.shape()[0]});
  kernels::swap_middle(1, a.shape()[0], a.shape()[1], 1, a.data().data(), y.mutable_data().data());
  moved(a, y);
  return y;
}

// [N * H/f, f, W/f, f C] -> [N * H/f, W/f, f, f C]: exchanging the two middle axes is all there is to it.
Tensor squeeze2d(const Tensor& x, int64_t f) {
  const Shape s = x.shape();
  check(s.rank() == 4 && f > 0 && s[1] % f == 0 && s[2] % f == 0, "squeeze2d", "height and width of ", s,
        " must be multiples of ", f);
  Tensor y({s[0], s[1] / f, s[2] / f, f * f * s[3]});
  kernels::swap_middle(s[0] * s[1] / f, f, s[2] / f, f * s[3], x.data().data(), y.mutable_data().data());
  moved(x, y);
  return y;
}

Tensor unsqueeze2d(const Tensor& x, int64_t f) {
  const Shape s = x.shape();
  check(s.rank() == 4 && f > 0 && s[3] % (f * f) == 0, "unsqueeze2d", "the channels of ", s, " must be a multiple of ",
        f * f);
  Tensor y({s[0], s[1] * f, s[2] * f, s[3] / (f * f)});
  kernels::swap_middle(s[0] * s[1], s[2], f, s[3] / f, x.data().data(), y.mutable_data().data());
  moved(x, y);
  return y;
}

Tensor matmul(const Tensor& a, const Tensor& b, Trans ta, Trans tb) {
  check(a.rank() == 2 && b.rank() == 2, "matmul", "expects two matrices, got ", a.shape(), " and ", b.shape());
  const bool at = ta == Trans::yes, bt = tb == Trans::yes;
  const int64_t m = a.shape()[at], k = a.shape()[!at], n = b.shape()[!bt];
  check(k == b.shape()[bt], "matmul", "inner sizes differ: ", a.shape(), at ? "' and " : " and ", b.shape(),
        bt ? "'" : "");
  Tensor c({m, n});
  kernels::matmul(at, bt, m, n, k, a.data().data(), b.data().data(), c.mutable_data().data());
  return c;
}

namespace {
bool upper(Triangle t) { return t == Triangle::upper || t == Triangle::unit_upper; }
bool unit(Triangle t) { return t == Triangle::unit_lower || t == Triangle::unit_upper; }
}  // namespace

Tensor solve_triangular(const Tensor& a, const Tensor& b, Triangle part, Trans t) {
  const Shape sa = a.shape(), sb = b.shape();
  check(sa.rank() == 2 && sa[0] == sa[1] && sb.rank() == 2 && sb[0] == sa[0], "solve_triangular",
        "expects A [n, n] and B [n, m], got ", sa, " and ", sb);
  for (int64_t i = 0; !unit(part) && i < sa[0]; ++i) {
    require(a.data()[i * sa[0] + i] != 0, "solve_triangular", "A is singular: its diagonal is zero at ", i);
  }
  Tensor x(sb);
  kernels::solve_triangular(upper(part), t == Trans::yes, unit(part), sa[0], sb[1], a.data().data(), b.data().data(),
                            x.mutable_data().data());
  return x;
}

Tensor keep_triangle(const Tensor& a, Triangle part) {
  Tensor y = a.clone();
  const int64_t rows = a.shape()[0], columns = a.shape()[1];
  auto values = y.mutable_data();
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      if (upper(part) ? j < i : j > i) values[i * columns + j] = 0;
      if (unit(part) && i == j) values[i * columns + j] = 0;
    }
  }
  return y;
}

LogDeterminant slogdet(const Tensor& a, bool with_inverse) {
  const Shape s = a.shape();
  check(s.rank() == 2 && s[0] == s[1], "slogdet", "expects a square matrix, got ", s);
  std::vector<double> inverse(with_inverse ? static_cast<size_t>(s.numel()) : 0);
  const auto det = kernels::determinant(s[0], a.data().data(), with_inverse ? inverse.data() : nullptr);
  require(det.sign != 0, "slogdet", "the matrix ", s, " is singular: its determinant is zero");
  LogDeterminant result{det.log_abs, det.sign, {}};
  if (with_inverse) result.inverse_transposed = transpose(Tensor::from(s, inverse));
  return result;
}

SymmetricEigen eigen_symmetric(const Tensor& a) {
  const Shape s = a.shape();
  check(s.rank() == 2 && s[0] == s[1], "eigen_symmetric", "expects a square matrix, got ", s);
  require(all_finite(a), "eigen_symmetric", "the matrix ", s, " is not finite");
  const int64_t n = s[0];
  require(n <= kernels::kLargestEigen, "eigen_symmetric", "has room for ", kernels::kLargestEigen, " rows, got ", n);
  std::vector<double> vectors(a.data().begin(), a.data().end()), values(static_cast<size_t>(n));
  double largest = 0;
  for (const double x : vectors) largest = std::max(largest, std::abs(x));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      const double below = vectors[i * n + j], above = vectors[j * n + i];
      require(std::abs(below - above) <= 1e-6 * largest, "eigen_symmetric", "the matrix ", s, " is not symmetric: at [",
              i, ", ", j, "] it is ", below, ", at [", j, ", ", i, "] it is ", above);
    }
  }
  require(kernels::symmetric_eigen(n, vectors.data(), values.data()), "eigen_symmetric",
          "the iteration did not converge for the matrix ", s);
  return {Tensor::from({n}, values), Tensor::from(s, vectors)};
}

Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& bias, bool relu, const Tensor& plus) {
  const auto s = conv_shape("conv2d", x.shape(), w.shape());
  check(!bias.defined() || bias.shape() == Shape{s.out}, "conv2d", "the bias ", bias.shape(), " for kernel ",
        w.shape());
  Tensor y({s.n, s.h, s.w, s.out});
  check(!plus.defined() || plus.shape() == y.shape(), "conv2d", "a sum of ", plus.shape(), " and ", y.shape());
  const kernels::Epilogue epilogue{bias.data().data(), plus.data().data(), relu};  // of no tensor at all: null
  kernels::conv2d(s, x.data().data(), w.data().data(), epilogue, y.mutable_data().data());
  return y;
}

Tensor conv2d_backward_data(const Tensor& dy, const Tensor& w, const Shape& x) {
  const auto s = conv_shape("conv2d", x, w.shape());
  check_gradient("conv2d", dy.shape(), {s.n, s.h, s.w, s.out});
  Tensor dx(x);
  kernels::conv2d_backward_data(s, dy.data().data(), w.data().data(), dx.mutable_data().data());
  return dx;
}

Tensor conv2d_backward_weights(const Tensor& x, const Tensor& dy, const Shape& w) {
  const auto s = conv_shape("conv2d", x.shape(), w);
  check_gradient("conv2d", dy.shape(), {s.n, s.h, s.w, s.out});
  Tensor dw(w);
  kernels::conv2d_backward_weights(s, x.data().data(), dy.data().data(), dw.mutable_data().data());
  return dw;
}

Moments moments(const Tensor& x) {
  check(x.rank() >= 1 && x.numel() > 0, "moments", "expects at least one value per channel, got ", x.shape());
  const int64_t c = x.shape()[-1];
  Moments m{Tensor({c}), Tensor({c})};
  kernels::moments(x.numel() / c, c, x.data().data(), m.mean.mutable_data().data(), m.variance.mutable_data().data());
  moved(x);
  return m;
}

Tensor normalize(const Tensor& x, const Tensor& mean, const Tensor& r) {
  const int64_t c = x.rank() ? x.shape()[-1] : 0;
  check(c > 0 && mean.shape() == Shape{c} && r.shape() == Shape{c}, "normalize", "statistics ", mean.shape(), " and ",
        r.shape(), " for values ", x.shape());
  Tensor y(x.shape());
  kernels::normalize(x.numel() / c, c, x.data().data(), mean.data().data(), r.data().data(), y.mutable_data().data());
  moved(x, y);
  return y;
}

ChannelSums channel_sums(const Tensor& a, const Tensor& b) {
  const int64_t c = a.shape()[-1];
  ChannelSums s{Tensor({c}), Tensor({c})};
  kernels::sum_and_dot(a.numel() / c, c, a.data().data(), b.data().data(), s.a.mutable_data().data(),
                       s.ab.mutable_data().data());
  moved(a, b);
  return s;
}

Tensor sum_product_to(const Tensor& a, const Tensor& b, const Shape& shape) {
  const bool per_channel = a.shape() == b.shape() && a.rank() > 1 && shape == Shape{a.shape()[-1]};
  return per_channel && a.numel() > 0 ? channel_sums(a, b).ab : sum_to(multiply(a, b), shape);
}

bool all_finite(const Tensor& x) { return kernels::all_finite(x.numel(), x.data().data()); }
double sum_squares(const Tensor& x) {
  moved(x);
  return kernels::sum_squares(x.numel(), x.data().data());
}

}  // namespace bijou
