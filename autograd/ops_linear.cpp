// Products, determinants, triangular systems, convolution.
#include "autograd/ops.hpp"

namespace bijou::inline BIJOU_SCALAR {

using math::Trans;
using math::Triangle;

// C = A B      dA = dC B'      dB = A' dC
Variable matmul(const Variable& a, const Variable& b) {
  const Tensor A = a.value(), B = b.value();
  return record("matmul", math::matmul(A, B),
                wrt(a, [B](const Tensor& dC) { return math::matmul(dC, B, Trans::no, Trans::yes); }),
                wrt(b, [A](const Tensor& dC) { return math::matmul(A, dC, Trans::yes, Trans::no); }));
}

// y = log|det A|      dA = dy (A^-1)'      (Jacobi's formula)
Variable slogdet(const Variable& a) {
  const bool gradient = a.requires_grad() && Tape::active();
  const auto det = math::slogdet(a.value(), gradient);
  return record("slogdet", Tensor::scalar(det.log_abs), wrt(a, [it = det.inverse_transposed](const Tensor& dy) {
                  return math::scale_offset(it, dy.item(), 0);
                }));
}

// X = A^-1 B, A triangular      dB = A'^-1 dX      dA = -dB X', where A is not zero by definition
Variable solve_triangular(const Variable& a, const Variable& b, Triangle part) {
  const Tensor A = a.value(), X = math::solve_triangular(A, b.value(), part);
  const auto dB = [A, part](const Tensor& dX) { return math::solve_triangular(A, dX, part, Trans::yes); };
  return record("solve_triangular", X,
                wrt(a,
                    [dB, X, part](const Tensor& dX) {
                      return math::keep_triangle(math::negate(math::matmul(dB(dX), X, Trans::no, Trans::yes)), part);
                    }),
                wrt(b, dB));
}

// y = x * w, "same" padding      dx = dy * (w turned by 180 degrees, channels exchanged)      dw = patches(x)' dy
Variable conv2d(const Variable& x, const Variable& w) {
  const Tensor X = x.value(), W = w.value();
  return record("conv2d", math::conv2d(X, W, Tensor(), false),
                wrt(x, [W, s = X.shape()](const Tensor& dy) { return math::conv2d_backward_data(dy, W, s); }),
                wrt(w, [X, s = W.shape()](const Tensor& dy) { return math::conv2d_backward_weights(X, dy, s); }));
}

namespace {

// dx, dw and db of a = x * w + b, where they are wanted; Z is what max(0, .) made of a, if anything did.
std::vector<Tensor> conv2d_gradients(const Tensor& dy, const Tensor& X, const Tensor& W, const Tensor& Z, bool dx,
                                     bool dw) {
  const auto [da, db] = math::bias_backward(dy, Z);
  return {dx ? math::conv2d_backward_data(da, W, X.shape()) : Tensor(),
          dw ? math::conv2d_backward_weights(X, da, W.shape()) : Tensor(), db};
}

}  // namespace

// y = f(a), a = x * w + b, f the identity or max(0, .)    da = dy f'(a)    dx, dw of da as above    db = sum of da
Variable conv2d(const Variable& x, const Variable& w, const Variable& bias, Activation activation) {
  const Tensor X = x.value(), W = w.value();
  const bool rectify = activation == Activation::relu;
  const Tensor Y = math::conv2d(X, W, bias.value(), rectify);
  return record_many("conv2d", {Y}, {x, w, bias},
                     [&, Z = rectify ? Y : Tensor(), dx = x.requires_grad(), dw = w.requires_grad()] {
                       return [=](const std::vector<Tensor>& dy) { return conv2d_gradients(dy[0], X, W, Z, dx, dw); };
                     })[0];
}

// y = r + x * w + b      dr = dy      dx, dw, db as above
Variable add_conv2d(const Variable& r, const Variable& x, const Variable& w, const Variable& bias) {
  const Tensor X = x.value(), W = w.value();
  return record_many("add_conv2d", {math::conv2d(X, W, bias.value(), false, r.value())}, {r, x, w, bias},
                     [&, dx = x.requires_grad(), dw = w.requires_grad()] {
                       return [=](const std::vector<Tensor>& dy) {
                         auto gradients = conv2d_gradients(dy[0], X, W, Tensor(), dx, dw);
                         gradients.insert(gradients.begin(), dy[0]);
                         return gradients;
                       };
                     })[0];
}

}  // namespace bijou
