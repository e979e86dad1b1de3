// The networks inside couplings. They know nothing of flows: a Network maps [N, ..., in] to [N, ..., out].
#pragma once
#include "nn/actnorm.hpp"
#include "nn/layers.hpp"

namespace bijou::inline BIJOU_SCALAR {

class Network : public Module {
 public:
  virtual Variable operator()(const Variable& x) const = 0;
  // Explicit initialisation from data, for networks with layers that have one: takes a batch, returns what comes out.
  virtual Tensor initialize(const Tensor& x) { return (*this)(Variable(x)).value(); }
};

// Linear - ReLU (or tanh) - ... - Linear on [N, D]; the last layer starts at zero.
class Mlp : public Network {
 public:
  enum class Units { relu, tanh };
  Mlp(int64_t in, const std::vector<int64_t>& hidden, int64_t out, Rng& rng, Units units = Units::relu);
  Variable operator()(const Variable& x) const override;
  std::string describe() const override;

 private:
  int64_t in_, out_;
  Units units_;
  std::vector<Linear*> layers_;
};

// An MLP for the log-scales and one for the shifts of an affine coupling, side by side: x -> (s(x), t(x)). RealNVP's
// networks on vectors as the code of MAF has them (its units in s are tanh).
class TwoMlps : public Network {
 public:
  TwoMlps(int64_t in, const std::vector<int64_t>& hidden, int64_t out_of_each, Rng& rng,
          Mlp::Units units_of_s = Mlp::Units::relu);
  Variable operator()(const Variable& x) const override { return concat(std::vector<Variable>{s_(x), t_(x)}, -1); }
  std::string describe() const override { return s_.describe() + ", and " + t_.describe(); }

 private:
  Mlp &s_, &t_;
};

// The residual network on vectors [N, D] (He et al. 2016 in its pre-activation form, with linear layers), as nflows has
// it in its couplings:
//
//   h_0 = first(x)      h_{i+1} = h_i + linear2(relu(linear1(relu(h_i))))  each of `blocks`      result = last(h)
//
// Without normalisation; the last layer starts at zero. Departure from that code: it starts each block's second layer
// near zero, and not the last one.
class ResidualMlp : public Network {
 public:
  ResidualMlp(int64_t in, int64_t width, int64_t out, int64_t blocks, Rng& rng);
  Variable operator()(const Variable& x) const override;
  std::string describe() const override;

 private:
  struct Block {
    Linear *linear1, *linear2;
  };
  int64_t in_, width_, out_;
  Linear* first_;
  std::vector<Block> blocks_;
  Linear* last_;
};

// The residual network of RealNVP, section 3.6-3.7 and 4.1 (He et al. 2016 in its pre-activation form):
//
//   h_0     = conv3x3(x)                                                        "stem"
//   h_{i+1} = h_i + conv3x3(relu(bn(conv3x3(relu(bn(h_i))))))                   each of `blocks`
//   result  = conv1x1(relu(bn( conv1x1_0(h_0) + sum_i conv1x1_i(h_i) )))        skips from the stem and every block
//
// Weight normalisation in every convolution, batch normalisation with eps 1e-4; the last convolution starts at zero.
// The paper says "residual networks with skip connections"; that the skips are 1x1 convolutions which are summed is
// as in the released code. Departure from that code: it feeds batch-normalised, doubled
// concat[x, -x] (and the mask, as a channel) to the stem; here the stem sees x itself, as the paper writes it, unless a
// MirroredInput stands before it. `inner` is the form of each block's first convolution, which normalisation follows.
class ResNet : public Network {
 public:
  ResNet(int64_t in, int64_t features, int64_t out, int64_t blocks, Rng& rng,
         WeightNormConv2d::Affine inner = WeightNormConv2d::Affine::no, double eps = 1e-4);
  Variable operator()(const Variable& x) const override;
  std::string describe() const override;

 private:
  struct Block {
    BatchNorm *norm1, *norm2;
    WeightNormConv2d *conv1, *conv2, *skip;
  };
  int64_t in_, features_, out_;
  WeightNormConv2d *stem_, *stem_skip_;
  std::vector<Block> blocks_;
  BatchNorm* last_norm_;
  WeightNormConv2d* last_;
};

// What the released RealNVP code does to an image before the stem of its ResNet: both signs of the normalised values
//
//   u = factor * bn(x)        result = relu(concat[u, -u])        C -> 2C channels
//
// factor is 2 where a checkerboard has masked half of x, whose zeros count in the moments, and 1 elsewhere. (bn is the
// whole of BatchNorm, with gain and offset, as in chrischute/real-nvp; so masked places need not stay 0.)
class MirroredInput : public Network {
 public:
  explicit MirroredInput(int64_t channels, double factor = 1, double eps = 1e-4);
  Variable operator()(const Variable& x) const override;
  std::string describe() const override { return text("MirroredInput, times ", factor_); }

 private:
  double factor_;
  BatchNorm& norm_;
};

// One network after another: x -> second(first(x)).
class Chain : public Network {
 public:
  Chain(std::unique_ptr<Network> first, std::unique_ptr<Network> second)
      : first_(adopt("first", std::move(first))), second_(adopt("second", std::move(second))) {}
  Variable operator()(const Variable& x) const override { return second_(first_(x)); }
  Tensor initialize(const Tensor& x) override { return second_.initialize(first_.initialize(x)); }
  std::string describe() const override { return first_.describe() + ", then " + second_.describe(); }

 private:
  Network &first_, &second_;
};

// The network of Glow's couplings, section 3.3 and 5.1:
//
//   h1 = relu(actnorm(conv3x3(x)))      h2 = relu(actnorm(conv1x1(h1)))      result = zero conv3x3(h2)
//
// As in the released code, the hidden convolutions have an ActNorm in place of their bias (the paper does not mention
// it), start at N(0, 0.05^2), and the last one is ZeroConv2d. Hidden::bias is the form without ActNorm.
// Departure from that code: it gives each 3x3 convolution a further input channel that is 1 on the padded ring and 0
// inside; here the padding is plain zeros.
class ConvNet : public Network {
 public:
  enum class Hidden { actnorm, bias };
  ConvNet(int64_t in, int64_t width, int64_t out, Rng& rng, Hidden hidden = Hidden::actnorm,
          ZeroConv2d::Padding padding = ZeroConv2d::Padding::zeros);
  Variable operator()(const Variable& x) const override;
  Tensor initialize(const Tensor& x) override;
  std::string describe() const override;

 private:
  int64_t in_, width_, out_;
  Conv2d *conv1_, *conv2_;
  ActNorm *norm1_ = nullptr, *norm2_ = nullptr;
  ZeroConv2d* last_;
};

// A single ZeroConv2d: the network of Glow's learned priors.
class ZeroConvNet : public Network {
 public:
  ZeroConvNet(int64_t in, int64_t out, int64_t kernel = 3, ZeroConv2d::Padding padding = ZeroConv2d::Padding::zeros)
      : conv_(child<ZeroConv2d>("conv", in, out, kernel, padding)) {}
  Variable operator()(const Variable& x) const override { return conv_(x); }
  std::string describe() const override { return "one zero convolution"; }

 private:
  ZeroConv2d& conv_;
};

}  // namespace bijou
