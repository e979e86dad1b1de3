// The differentiable operations. Read this first; each stands with its gradient in ops_*.cpp.
//
// In the comments: dy is the gradient that arrives at the result, dx the one that goes on to x.
#pragma once
#include "autograd/tape.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Arithmetic, with broadcasting as in NumPy (ops_elementwise.cpp).
Variable operator+(const Variable& a, const Variable& b);
Variable operator-(const Variable& a, const Variable& b);
Variable operator*(const Variable& a, const Variable& b);
Variable operator/(const Variable& a, const Variable& b);
Variable operator-(const Variable& x);
Variable operator+(const Variable& x, double c);
Variable operator-(const Variable& x, double c);
Variable operator*(const Variable& x, double c);
Variable operator/(const Variable& x, double c);
Variable operator+(double c, const Variable& x);
Variable operator-(double c, const Variable& x);
Variable operator*(double c, const Variable& x);

// Element by element (ops_elementwise.cpp).
Variable exp(const Variable& x);
Variable log(const Variable& x);
Variable tanh(const Variable& x);
Variable sigmoid(const Variable& x);   // 1 / (1 + e^-x)
Variable softplus(const Variable& x);  // log(1 + e^x)
Variable relu(const Variable& x);      // max(0, x)
Variable square(const Variable& x);
Variable sqrt(const Variable& x);
Variable abs(const Variable& x);

// Sums (ops_reduce.cpp). The summed axes disappear.
Variable sum(const Variable& x);  // of all values -> []
Variable sum(const Variable& x, std::initializer_list<int> axes);
Variable mean(const Variable& x);
Variable mean(const Variable& x, std::initializer_list<int> axes);
Variable sum_per_sample(const Variable& x);  // [N, ...] -> [N]: log-determinants, log-densities
Variable logsumexp(const Variable& x);       // log sum exp over the last axis

// Per channel, i.e. over all axes but the last: mean [C] and biased variance [C] (ops_reduce.cpp).
struct BatchMoments {
  Variable mean, variance;
};
BatchMoments moments(const Variable& x);
// (x - mean) / sqrt(variance + eps) with statistics per channel: differentiable in all three.
Variable normalize(const Variable& x, const Variable& mean, const Variable& variance, double eps);

// Shapes (ops_shape.cpp).
Variable reshape(const Variable& x, const Shape& shape);
std::vector<Variable> split(const Variable& x, int axis, std::initializer_list<int64_t> sizes);
Variable concat(const std::vector<Variable>& parts, int axis);
// y[.., i, ..] = x[.., index[i], ..] along one axis, or 0 where index[i] is -1; no other index may occur twice.
Variable take(const Variable& x, int axis, const std::vector<int64_t>& index);
Variable pad(const Variable& x, int axis, int64_t before, int64_t after);         // zeros
Variable crop(const Variable& x, int axis, int64_t begin, int64_t end);           // x[.., begin:end, ..]
Variable permute_channels(const Variable& x, const std::vector<int64_t>& order);  // y[.., c] = x[.., order[c]]
Variable transpose(const Variable& a);
Variable squeeze2d(const Variable& x, int64_t factor);  // [N, H, W, C] -> [N, H/f, W/f, f f C]
Variable unsqueeze2d(const Variable& x, int64_t factor);

// Linear algebra and convolution (ops_linear.cpp).
Variable matmul(const Variable& a, const Variable& b);  // [m, k] [k, n] -> [m, n]
Variable slogdet(const Variable& a);                    // log|det A| of a square matrix -> []
Variable solve_triangular(const Variable& a, const Variable& b, math::Triangle part);  // A^-1 B
// x [N, H, W, in], w [kh, kw, in, out], "same" padding; bias [out]; `Activation::relu` is fused.
enum class Activation { none, relu };
Variable conv2d(const Variable& x, const Variable& w);
Variable conv2d(const Variable& x, const Variable& w, const Variable& bias, Activation activation = Activation::none);
// r + conv2d(x, w, bias) in one pass: the sum of a residual block.
Variable add_conv2d(const Variable& r, const Variable& x, const Variable& w, const Variable& bias);

// Several of the above as one operation, for speed (ops_fused.cpp). s, b, gain, offset [C] are per channel.
Variable affine_coupling(const Variable& x, const Variable& s, const Variable& t);  // x * exp(s) + t
Variable channel_affine(const Variable& x, const Variable& s, const Variable& b,    // f(x * s + b)
                        Activation activation = Activation::none);
struct Normalized {
  Variable y;
  math::Moments moments;  // by which it was normalised; their gradients are within that of y
};
Normalized batch_norm(const Variable& x, const Variable& gain, const Variable& offset, double eps,  // by x's moments
                      Activation activation = Activation::none);
Variable linear(const Variable& x, const Variable& w, const Variable& b,  // f(x w + b), x [m, k], w [k, n], b [n]
                Activation activation = Activation::none);
Variable weight_norm(const Variable& v, const Variable& gain);  // gain v / |v|, the norm over all axes but the last

}  // namespace bijou
