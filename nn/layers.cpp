#include "nn/layers.hpp"

#include "nn/init.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

Tensor start_weights(Start start, const Shape& shape, int64_t fan_in, Rng& rng) {
  if (start == Start::zero) return Tensor::zeros(shape);
  if (start == Start::small) return math::scale_offset(Tensor::randn(shape, rng), 0.05, 0);
  return init::he(shape, fan_in, rng);
}

}  // namespace

Linear::Linear(int64_t in, int64_t out, Rng& rng, Start start)
    : in_(in),
      out_(out),
      weight_(parameter("weight", start_weights(start, {in, out}, in, rng), Role::weight)),
      bias_(parameter("bias", Tensor::zeros({out}))) {}

Variable Linear::operator()(const Variable& x, Activation activation) const {
  check(x.shape().rank() == 2 && x.shape()[1] == in_, "Linear", path(), " expects [N, ", in_, "], got ", x.shape());
  const Variable y = linear(x, weight_, bias_, activation);
  FiniteWatch::see(*this, y);
  return y;
}

std::string Linear::describe() const { return text("Linear ", in_, " -> ", out_); }

Conv2d::Conv2d(int64_t in, int64_t out, int64_t kernel, Rng& rng, Start start, Activation activation, Bias bias)
    : in_(in),
      out_(out),
      kernel_(kernel),
      activation_(activation),
      weight_(parameter("weight", start_weights(start, {kernel, kernel, in, out}, kernel * kernel * in, rng),
                        Role::weight)) {
  if (bias == Bias::yes) bias_ = &parameter("bias", Tensor::zeros({out}));
}

Variable Conv2d::operator()(const Variable& x) const {
  const Variable y = conv2d(x, weight_, bias_ ? *bias_ : Variable(Tensor::zeros({out_})), activation_);
  FiniteWatch::see(*this, y);
  return y;
}

std::string Conv2d::describe() const {
  return text("Conv2d ", kernel_, "x", kernel_, ", ", in_, " -> ", out_, bias_ ? "" : " without bias");
}

ZeroConv2d::ZeroConv2d(int64_t in, int64_t out, int64_t kernel, Padding padding)
    : in_(in),
      out_(out),
      kernel_(kernel),
      padding_(padding),
      weight_(parameter("weight", Tensor::zeros({kernel, kernel, in, out}), Role::weight)),
      bias_(parameter("bias", Tensor::zeros({out}))),
      log_gain_(parameter("log_gain", Tensor::zeros({out}))) {}

// The gain is taken into the weights: (x * w + b) e = x * (w e) + b e, which costs no pass over the image.
// With ones around x:  pad_1(x) * w = pad_0(x - 1) * w + 1 * w, and the last is the sum of w for each output.
Variable ZeroConv2d::operator()(const Variable& x) const {
  const Variable e = exp(log_gain_ * 3), w = weight_ * e, b = bias_ * e;
  const Variable y = padding_ == Padding::zeros ? conv2d(x, w, b) : conv2d(x - 1, w, b + sum(w, {0, 1, 2}));
  FiniteWatch::see(*this, y);
  return y;
}

std::string ZeroConv2d::describe() const {
  return text("ZeroConv2d ", kernel_, "x", kernel_, ", ", in_, " -> ", out_,
              padding_ == Padding::ones ? ", padded with ones" : "");
}

WeightNormConv2d::WeightNormConv2d(int64_t in, int64_t out, int64_t kernel, Rng& rng, Affine affine, Start start)
    : in_(in),
      out_(out),
      kernel_(kernel),
      v_(parameter("v", init::he({kernel, kernel, in, out}, kernel * kernel * in, rng))) {
  if (affine == Affine::no) return;
  // ||w|| = g: sqrt(2) is the norm that He's initialisation gives on average.
  gain_ = &parameter("gain", Tensor::full({out}, start == Start::zero ? 0 : std::sqrt(2.0)), Role::weight_norm_gain);
  if (affine == Affine::yes) bias_ = &parameter("bias", Tensor::zeros({out}));
}

Variable WeightNormConv2d::w() const { return weight_norm(v_, gain_ ? *gain_ : Variable(Tensor::full({out_}, 1))); }

Variable WeightNormConv2d::operator()(const Variable& x) const {
  const Variable y = bias_ ? conv2d(x, w(), *bias_) : conv2d(x, w());
  FiniteWatch::see(*this, y);
  return y;
}

Variable WeightNormConv2d::bias() const { return bias_ ? *bias_ : Variable(Tensor::zeros({out_})); }

Variable WeightNormConv2d::added_to(const Variable& h, const Variable& x) const {
  const Variable y = add_conv2d(h, x, w(), bias());
  FiniteWatch::see(*this, y);
  return y;
}

std::string WeightNormConv2d::describe() const {
  return text("Conv2d ", kernel_, "x", kernel_, ", ", in_, " -> ", out_, ", weight norm",
              bias_ ? "" : (gain_ ? " without bias" : " without gain"));
}

BatchNorm::BatchNorm(int64_t channels, double eps)
    : eps_(eps),
      statistics_(child<RunningMoments>("running", channels)),
      gain_(parameter("gain", Tensor::full({channels}, 1))),
      offset_(parameter("offset", Tensor::zeros({channels}))) {}

Variable BatchNorm::operator()(const Variable& x, Activation activation) const {
  const int64_t channels = gain_.shape()[0];
  check(x.shape().rank() >= 1 && x.shape()[-1] == channels, "BatchNorm", channels, " channels expected, the input of ",
        path().empty() ? "the layer" : path(), " is ", x.shape());
  Variable y;
  if (BatchStatistics::active()) {
    const Normalized normalized = batch_norm(x, gain_, offset_, eps_, activation);
    statistics_.write(normalized.moments);
    y = normalized.y;
  } else {
    const auto [s, b] = running_affine();
    y = channel_affine(x, s, b, activation);
  }
  FiniteWatch::see(*this, y);
  return y;
}

BatchNorm::Affine BatchNorm::running_affine() const {
  const auto [mean, variance] = statistics_.known();
  const Variable s = gain_ / sqrt(Variable(variance) + eps_);
  return {s, offset_ - s * mean};
}

std::string BatchNorm::describe() const { return text("BatchNorm, eps ", eps_); }

}  // namespace bijou
