// The layers of networks: Linear, Conv2d, their weight-normalised form, and batch normalisation.
// Images are [N, H, W, C]; vectors are [N, D].
#pragma once
#include "nn/batch_statistics.hpp"
#include "nn/module.hpp"

namespace bijou::inline BIJOU_SCALAR {

enum class Start {
  he,
  zero,  // the last layer of a coupling's network, so that the flow starts near the identity
  small  // N(0, 0.05^2), as the released Glow code starts its convolutions
};

// y = f(x W + b)      W [in, out]; f is the identity or ReLU
class Linear : public Module {
 public:
  Linear(int64_t in, int64_t out, Rng& rng, Start start = Start::he);
  Variable operator()(const Variable& x, Activation activation = Activation::none) const;
  std::string describe() const override;

 private:
  int64_t in_, out_;
  Variable &weight_, &bias_;
};

// y = f(x * w + b), "same" zero padding, stride 1      w [k, k, in, out]; f is the identity or ReLU
class Conv2d : public Module {
 public:
  enum class Bias { yes, no };
  Conv2d(int64_t in, int64_t out, int64_t kernel, Rng& rng, Start start = Start::he,
         Activation activation = Activation::none, Bias bias = Bias::yes);
  Variable operator()(const Variable& x) const;
  const Variable& weight() const { return weight_; }
  std::string describe() const override;

 private:
  int64_t in_, out_, kernel_;
  Activation activation_;
  Variable& weight_;
  Variable* bias_ = nullptr;
};

// The last convolution of Glow's networks: y = (x * w + b) exp(3 g), with w, b, and the log-gain g [out] starting at
// zero, so that y starts at zero. The factor 3 is the released code's: it makes g learn three times as fast.
class ZeroConv2d : public Module {
 public:
  enum class Padding { zeros, ones };  // ones: rosinality's Glow pads this convolution with the value 1
  ZeroConv2d(int64_t in, int64_t out, int64_t kernel, Padding padding = Padding::zeros);
  Variable operator()(const Variable& x) const;
  std::string describe() const override;

 private:
  int64_t in_, out_, kernel_;
  Padding padding_;
  Variable &weight_, &bias_, &log_gain_;
};

// Weight normalisation (Salimans and Kingma 2016, eq. 2): w = g v / ||v||, the norm over each output channel's
// weights. Where batch normalisation follows, it would undo the gain g and the bias b at once: they are left out
// (Affine::no), as in the authors' released RealNVP code. Affine::gain leaves out the bias only, as its port
// chrischute/real-nvp does there.
// Departure from that code: v starts by He's normal and g at sqrt(2), not uniformly and at k / sqrt(6) for a k x k
// kernel.
class WeightNormConv2d : public Module {
 public:
  enum class Affine { yes, no, gain };
  WeightNormConv2d(int64_t in, int64_t out, int64_t kernel, Rng& rng, Affine affine, Start start = Start::he);
  Variable operator()(const Variable& x) const;
  Variable added_to(const Variable& h, const Variable& x) const;  // h + (*this)(x)
  Variable w() const;
  Variable bias() const;  // zeros without one
  std::string describe() const override;

 private:
  int64_t in_, out_, kernel_;
  Variable& v_;
  Variable *gain_ = nullptr, *bias_ = nullptr;
};

// Batch normalisation in a network (Ioffe and Szegedy 2015, algorithm 1): y = f(gain (x - mu) / sqrt(v + eps) +
// offset), per channel over all other axes, v biased; f is the identity or ReLU. Which mu and v: see
// batch_statistics.hpp.
class BatchNorm : public Module {
 public:
  explicit BatchNorm(int64_t channels, double eps = 1e-4);
  Variable operator()(const Variable& x, Activation activation = Activation::none) const;
  struct Affine {
    Variable s, b;
  };
  Affine running_affine() const;  // what the layer is outside of training: y = f(s x + b), each [C]
  std::string describe() const override;

 private:
  double eps_;
  RunningMoments& statistics_;
  Variable &gain_, &offset_;
};

}  // namespace bijou
