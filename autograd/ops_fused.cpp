// Several operations as one: a pass over memory forward, as few as possible backward, and one node on the tape.
#include "autograd/ops.hpp"

namespace bijou::inline BIJOU_SCALAR {

// y = x e^s + t      dx = dy e^s      ds = dy x e^s      dt = dy
Variable affine_coupling(const Variable& x, const Variable& s, const Variable& t) {
  const Tensor X = x.value(), S = s.value();
  return record_many("affine_coupling", {math::affine_coupling(X, S, t.value())}, {x, s, t}, [&] {
    return [X, S](const std::vector<Tensor>& dy) -> std::vector<Tensor> {
      const auto [dx, ds] = math::affine_coupling_backward(dy[0], X, S);
      return {dx, ds, dy[0]};
    };
  })[0];
}

// y = f(z), z = x s + b, f the identity or max(0, .)      g = dy f'(z)      dx = g s      ds = sum g x      db = sum g
Variable channel_affine(const Variable& x, const Variable& s, const Variable& b, Activation activation) {
  const Tensor X = x.value();
  const math::ChannelAffine f{Tensor::zeros(s.shape()), s.value(), b.value(), activation == Activation::relu};
  return record_many("channel_affine", {math::channel_affine(X, f)}, {x, s, b}, [&] {
    return [X, f](const std::vector<Tensor>& dy) -> std::vector<Tensor> {
      const auto [dx, sum_g, sum_gx] = math::channel_affine_backward(dy[0], X, f);
      return {dx, sum_gx, sum_g};
    };
  })[0];
}

// y = f(z), z = (x - mu) gain r + offset, r = 1 / sqrt(v + eps), mu and v the moments of the M values x of a channel
// g = dy f'(z)      doffset = sum g      dgain = r sum g (x - mu)
// dx = gain r (g - 1/M sum g - (x - mu) r^2/M sum g (x - mu)): the last two terms come through mu and v
//
// z is computed again from x for f'(z): x is all that is kept.
Normalized batch_norm(const Variable& x, const Variable& gain, const Variable& offset, double eps,
                      Activation activation) {
  const Tensor X = x.value();
  const auto [mu, v] = math::moments(X);
  const Tensor r = math::divide(Tensor::scalar(1), math::sqrt(math::scale_offset(v, 1, eps)));
  const math::ChannelAffine f{mu, math::multiply(gain.value(), r), offset.value(), activation == Activation::relu};
  auto y = record_many("batch_norm", {math::channel_affine(X, f)}, {x, gain, offset}, [&] {
    return [X, f, r, M = static_cast<double>(X.numel()) / static_cast<double>(r.numel())](
               const std::vector<Tensor>& dy) -> std::vector<Tensor> {
      const auto [sum_g, sum_gx] = math::channel_affine_sums(dy[0], X, f);
      const Tensor mean_g = math::scale_offset(sum_g, 1 / M, 0);
      const Tensor slope = math::scale_offset(math::multiply(math::square(r), sum_gx), 1 / M, 0);
      return {math::batch_norm_backward(dy[0], X, f, mean_g, slope), math::multiply(r, sum_gx), sum_g};
    };
  });
  return {y[0], {mu, v}};
}

// y = f(a), a = x w + b, f the identity or max(0, .)    da = dy f'(a)    dx = da w'    dw = x' da    db = sum da
Variable linear(const Variable& x, const Variable& w, const Variable& b, Activation activation) {
  const Tensor X = x.value(), W = w.value();
  const bool relu = activation == Activation::relu, dx = x.requires_grad();
  const Tensor Y = math::linear(X, W, b.value(), relu);
  return record_many("linear", {Y}, {x, w, b}, [&, Z = relu ? Y : Tensor()] {
    return [X, W, Z, dx](const std::vector<Tensor>& dy) -> std::vector<Tensor> {
      const auto [da, db] = math::bias_backward(dy[0], Z);
      return {dx ? math::linear_backward_data(da, W) : Tensor(), math::linear_backward_weights(X, da), db};
    };
  })[0];
}

// w = g v / n, n = |v| over all axes but the last      dg = sum dw v / n      dv = g / n (dw - v / n^2 sum dw v)
Variable weight_norm(const Variable& v, const Variable& gain) {
  const Tensor V = v.value(), n = math::channel_norms(V), scale = math::divide(gain.value(), n);
  return record_many("weight_norm", {math::multiply(V, scale)}, {v, gain}, [&] {
    return [V, n, scale](const std::vector<Tensor>& dy) -> std::vector<Tensor> {
      const Tensor sum_dw_v = math::channel_sums(dy[0], V).ab;
      const Tensor slope = math::divide(sum_dw_v, math::square(n));
      return {math::weight_norm_backward(dy[0], V, scale, slope), math::divide(sum_dw_v, n)};
    };
  })[0];
}

}  // namespace bijou
