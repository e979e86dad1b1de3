// The networks inside couplings. They know nothing of flows: a Network maps [N, ..., in] to [N, ..., out].
#pragma once
#include "nn/layers.hpp"

namespace bijou::inline BIJOU_SCALAR {

class Network : public Module {
 public:
  virtual Variable operator()(const Variable& x) const = 0;
};

// Linear - ReLU - ... - Linear on [N, D]; the last layer starts at zero.
class Mlp : public Network {
 public:
  Mlp(int64_t in, const std::vector<int64_t>& hidden, int64_t out, Rng& rng);
  Variable operator()(const Variable& x) const override;
  std::string describe() const override;

 private:
  int64_t in_, out_;
  std::vector<Linear*> layers_;
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
// concat[x, -x] (and the mask, as a channel) to the stem; here the stem sees x itself, as the paper writes it.
class ResNet : public Network {
 public:
  ResNet(int64_t in, int64_t features, int64_t out, int64_t blocks, Rng& rng);
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

}  // namespace bijou
