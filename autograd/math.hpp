// Tensor -> Tensor functions: they check shapes and call kernels. No tape; ops.hpp has the differentiable ones.
#pragma once
#include "autograd/tensor.hpp"

namespace bijou::inline BIJOU_SCALAR::math {

// Element by element.
Tensor negate(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor softplus(const Tensor& x);
Tensor relu(const Tensor& x);
Tensor square(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor scale_offset(const Tensor& x, double scale, double offset);  // scale * x + offset
// Any function of one number, in double: for a new operation, until it deserves a loop in kernels/.
Tensor map(const Tensor& x, double (*f)(double));

// What their gradients need; the second argument is the input x or the output y, as named.
Tensor tanh_backward(const Tensor& dy, const Tensor& y);
Tensor sigmoid_backward(const Tensor& dy, const Tensor& y);
Tensor softplus_backward(const Tensor& dy, const Tensor& x);
Tensor relu_backward(const Tensor& dy, const Tensor& y);
Tensor sqrt_backward(const Tensor& dy, const Tensor& y);
Tensor abs_backward(const Tensor& dy, const Tensor& x);

// With broadcasting (shape.hpp).
Tensor add(const Tensor& a, const Tensor& b);
Tensor subtract(const Tensor& a, const Tensor& b);
Tensor multiply(const Tensor& a, const Tensor& b);
Tensor divide(const Tensor& a, const Tensor& b);
void accumulate(Tensor& into, const Tensor& x);  // into += x, in place when into owns its storage

// Broadcasting and its adjoint.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
Tensor sum_to(const Tensor& x, const Shape& shape);  // sums the axes that broadcasting repeated
Tensor sum_product_to(const Tensor& a, const Tensor& b, const Shape& shape);  // sum_to(a b)

Tensor sum(const Tensor& x, std::span<const int> axes);  // the summed axes disappear
Tensor logsumexp(const Tensor& x);                       // over the last axis, which disappears

// Along one axis. take: y[.., i, ..] = x[.., index[i], ..], or 0 where index[i] is -1.
Tensor take(const Tensor& x, int axis, std::span<const int64_t> index);
Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end);
Tensor concat(std::span<const Tensor> parts, int axis);
Tensor transpose(const Tensor& a);  // of a matrix
// [N, H, W, C] <-> [N, H/f, W/f, f*f*C], new channel = (dy * f + dx) * C + c.
Tensor squeeze2d(const Tensor& x, int64_t factor);
Tensor unsqueeze2d(const Tensor& x, int64_t factor);

// Linear algebra.
enum class Trans { no, yes };
Tensor matmul(const Tensor& a, const Tensor& b, Trans ta = Trans::no, Trans tb = Trans::no);
enum class Triangle { lower, upper, unit_lower, unit_upper };  // unit: ones on the diagonal, not read
Tensor solve_triangular(const Tensor& a, const Tensor& b, Triangle part, Trans t = Trans::no);  // op(A)^-1 B
Tensor keep_triangle(const Tensor& a, Triangle part);  // zero elsewhere (unit: and on the diagonal)
struct LogDeterminant {
  double log_abs;
  int sign;
  Tensor inverse_transposed;
};
LogDeterminant slogdet(const Tensor& a, bool with_inverse);  // ValueError when A is singular
struct SymmetricEigen {
  Tensor values, vectors;  // [D], increasing; [D, D], column k belongs to values[k]
};
// Computed in double (kernels/eigen.hpp). ValueError: not finite, or asymmetric by more than 1e-6 of the largest entry.
SymmetricEigen eigen_symmetric(const Tensor& a);

// Convolution: x [N, H, W, in], w [kh, kw, in, out], "same" padding (kernels/conv.hpp). bias [out], or undefined.
Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& bias, bool relu, const Tensor& plus = {});
Tensor conv2d_backward_data(const Tensor& dy, const Tensor& w, const Shape& x);
Tensor conv2d_backward_weights(const Tensor& x, const Tensor& dy, const Shape& w);

// Over all axes but the last, i.e. per channel: mean and biased variance.
struct Moments {
  Tensor mean, variance;
};
Moments moments(const Tensor& x);
Tensor normalize(const Tensor& x, const Tensor& mean, const Tensor& r);  // (x - mean) * r
struct ChannelSums {
  Tensor a, ab;
};
ChannelSums channel_sums(const Tensor& a, const Tensor& b);  // of a and of a * b

Tensor channel_norms(const Tensor& v);  // sqrt of the sum of squares

// Several operations in one pass (kernels/fused.hpp has the formulas, ops_fused.cpp the operations).
Tensor affine_coupling(const Tensor& x, const Tensor& s, const Tensor& t);          // x exp(s) + t
Tensor affine_coupling_inverse(const Tensor& y, const Tensor& s, const Tensor& t);  // (y - t) exp(-s)
struct AffineCouplingGradient {
  Tensor dx, ds;
};
AffineCouplingGradient affine_coupling_backward(const Tensor& dy, const Tensor& x, const Tensor& s);

struct ChannelAffine {  // f((x - mean) scale + offset), each [C]; f is the identity or ReLU
  Tensor mean, scale, offset;
  bool relu;
};
Tensor channel_affine(const Tensor& x, const ChannelAffine& f);
ChannelSums channel_affine_sums(const Tensor& dy, const Tensor& x, const ChannelAffine& f);  // of g and g (x - mean)
struct ChannelAffineGradient {
  Tensor dx, sum_g, sum_gx;
};
ChannelAffineGradient channel_affine_backward(const Tensor& dy, const Tensor& x, const ChannelAffine& f);
Tensor batch_norm_backward(const Tensor& dy, const Tensor& x, const ChannelAffine& f, const Tensor& mean_g,
                           const Tensor& slope);

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias, bool relu);  // f(x w + bias)
Tensor linear_backward_data(const Tensor& dy, const Tensor& w);                  // dy w'
Tensor linear_backward_weights(const Tensor& x, const Tensor& dy);               // x' dy
struct BiasGradient {
  Tensor da, db;
};
BiasGradient bias_backward(const Tensor& dy, const Tensor& y);  // y: what ReLU gave, or undefined
Tensor weight_norm_backward(const Tensor& dw, const Tensor& v, const Tensor& scale, const Tensor& slope);

bool all_finite(const Tensor& x);
double sum_squares(const Tensor& x);

// What an optimiser does to all parameters at once, in place (kernels/update.hpp has the formulas): each of the three
// tensors pointed to must own its storage.
struct Parameter {
  Tensor gradient;
  Tensor *first, *second, *weights;  // two moments of the gradient
  double keep = 1;                   // weights are multiplied by it before the step
};
struct AdamRule {
  double beta1, beta2, rate, root_correction, eps, gradient_scale;
};
void adam(const AdamRule& rule, std::span<const Parameter> parameters);
struct AdamaxRule {
  double beta1, beta2, rate, eps, gradient_scale;
};
void adamax(const AdamaxRule& rule, std::span<const Parameter> parameters);
double sum_squares_of_gradients(std::span<const Parameter> parameters);
struct Average {
  Tensor *average, *now;
};
void move_averages(std::span<const Average> averages, double rate);  // average += rate (now - average)

}  // namespace bijou
