// The fused part of math.hpp.
#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/fused.hpp"
#include "autograd/kernels/linear.hpp"
#include "autograd/math.hpp"

namespace bijou::inline BIJOU_SCALAR::math {

using kernels::moved;

namespace {

int64_t channels_of(const char* where, const Tensor& x, std::initializer_list<const Tensor*> vectors) {
  const int64_t c = x.rank() ? x.shape()[-1] : 0;
  check(c > 0, where, "expects at least one channel, got ", x.shape());
  for (const Tensor* v : vectors) {
    check(v->shape() == Shape{c}, where, "expects [", c, "] per channel of ", x.shape(), ", got ", v->shape());
  }
  return c;
}

kernels::ChannelAffine pointers(const char* where, const Tensor& x, const ChannelAffine& f) {
  channels_of(where, x, {&f.mean, &f.scale, &f.offset});
  return {f.mean.data().data(), f.scale.data().data(), f.offset.data().data(), f.relu};
}

void check_same(const char* where, const Tensor& x, std::initializer_list<const Tensor*> others) {
  for (const Tensor* other : others) {
    check(other->shape() == x.shape(), where, "expects one shape, got ", x.shape(), " and ", other->shape());
  }
}

}  // namespace

Tensor channel_norms(const Tensor& v) {
  const int64_t c = channels_of("channel_norms", v, {});
  Tensor norm({c});
  kernels::column_norms(v.numel() / c, c, v.data().data(), norm.mutable_data().data());
  moved(v);
  return norm;
}

Tensor affine_coupling(const Tensor& x, const Tensor& s, const Tensor& t) {
  check_same("affine_coupling", x, {&s, &t});
  Tensor y(x.shape());
  kernels::affine_coupling(x.numel(), x.data().data(), s.data().data(), t.data().data(), y.mutable_data().data());
  moved(x, s, t, y);
  return y;
}

Tensor affine_coupling_inverse(const Tensor& y, const Tensor& s, const Tensor& t) {
  check_same("affine_coupling_inverse", y, {&s, &t});
  Tensor x(y.shape());
  kernels::affine_coupling_inverse(y.numel(), y.data().data(), s.data().data(), t.data().data(),
                                   x.mutable_data().data());
  moved(y, s, t, x);
  return x;
}

AffineCouplingGradient affine_coupling_backward(const Tensor& dy, const Tensor& x, const Tensor& s) {
  AffineCouplingGradient g{Tensor(x.shape()), Tensor(x.shape())};
  kernels::affine_coupling_backward(x.numel(), dy.data().data(), x.data().data(), s.data().data(),
                                    g.dx.mutable_data().data(), g.ds.mutable_data().data());
  moved(dy, x, s, g.dx, g.ds);
  return g;
}

Tensor channel_affine(const Tensor& x, const ChannelAffine& f) {
  const auto p = pointers("channel_affine", x, f);
  Tensor y(x.shape());
  const int64_t c = x.shape()[-1];
  kernels::channel_affine(x.numel() / c, c, p, x.data().data(), y.mutable_data().data());
  moved(x, y);
  return y;
}

ChannelSums channel_affine_sums(const Tensor& dy, const Tensor& x, const ChannelAffine& f) {
  const auto p = pointers("channel_affine", x, f);
  const int64_t c = x.shape()[-1];
  ChannelSums s{Tensor({c}), Tensor({c})};
  kernels::channel_affine_sums(x.numel() / c, c, p, dy.data().data(), x.data().data(), s.a.mutable_data().data(),
                               s.ab.mutable_data().data());
  moved(dy, x);
  return s;
}

ChannelAffineGradient channel_affine_backward(const Tensor& dy, const Tensor& x, const ChannelAffine& f) {
  const auto p = pointers("channel_affine", x, f);
  const int64_t c = x.shape()[-1];
  ChannelAffineGradient g{Tensor(x.shape()), Tensor({c}), Tensor({c})};
  kernels::channel_affine_backward(x.numel() / c, c, p, dy.data().data(), x.data().data(), g.dx.mutable_data().data(),
                                   g.sum_g.mutable_data().data(), g.sum_gx.mutable_data().data());
  moved(dy, x, g.dx);
  return g;
}

Tensor batch_norm_backward(const Tensor& dy, const Tensor& x, const ChannelAffine& f, const Tensor& mean_g,
                           const Tensor& slope) {
  const auto p = pointers("batch_norm", x, f);
  const int64_t c = channels_of("batch_norm", x, {&mean_g, &slope});
  Tensor dx(x.shape());
  kernels::batch_norm_backward(x.numel() / c, c, p, mean_g.data().data(), slope.data().data(), dy.data().data(),
                               x.data().data(), dx.mutable_data().data());
  moved(dy, x, dx);
  return dx;
}

namespace {

kernels::LinearShape linear_shape(const Shape& x, const Shape& w) {
  check(x.rank() == 2 && w.rank() == 2 && x[1] == w[0], "linear", "expects x [N, in] and w [in, out], got ", x, " and ",
        w);
  return {x[0], w[0], w[1]};
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias, bool relu) {
  const auto s = linear_shape(x.shape(), w.shape());
  Tensor y({s.n, s.out});
  channels_of("linear", y, {&bias});
  kernels::linear(s, x.data().data(), w.data().data(), bias.data().data(), relu, y.mutable_data().data());
  moved(y, y);
  return y;
}

Tensor linear_backward_data(const Tensor& dy, const Tensor& w) {
  const kernels::LinearShape s{dy.shape()[0], w.shape()[0], w.shape()[1]};
  check(dy.shape() == Shape{s.n, s.out}, "linear", "the gradient ", dy.shape(), " for w ", w.shape());
  Tensor dx({s.n, s.in});
  kernels::linear_backward_data(s, dy.data().data(), w.data().data(), dx.mutable_data().data());
  return dx;
}

Tensor linear_backward_weights(const Tensor& x, const Tensor& dy) {
  const kernels::LinearShape s{x.shape()[0], x.shape()[1], dy.shape()[1]};
  check(dy.shape() == Shape{s.n, s.out}, "linear", "the gradient ", dy.shape(), " for x ", x.shape());
  Tensor dw({s.in, s.out});
  kernels::linear_backward_weights(s, x.data().data(), dy.data().data(), dw.mutable_data().data());
  return dw;
}

BiasGradient bias_backward(const Tensor& dy, const Tensor& y) {
  const int64_t c = dy.shape()[-1];
  if (!y.defined()) return {dy, sum_to(dy, {c})};
  BiasGradient g{Tensor(dy.shape()), Tensor({c})};
  kernels::relu_bias_backward(dy.numel() / c, c, dy.data().data(), y.data().data(), g.da.mutable_data().data(),
                              g.db.mutable_data().data());
  moved(dy, y, g.da);
  return g;
}

Tensor weight_norm_backward(const Tensor& dw, const Tensor& v, const Tensor& scale, const Tensor& slope) {
  const int64_t c = channels_of("weight_norm", v, {&scale, &slope});
  Tensor dv(v.shape());
  kernels::weight_norm_backward(v.numel() / c, c, scale.data().data(), slope.data().data(), dw.data().data(),
                                v.data().data(), dv.mutable_data().data());
  moved(dw, v, dv);
  return dv;
}

}  // namespace bijou
