// Glow as rosinality/glow-pytorch has it: at each scale (blocks.L) a squeeze, then K times (flows.K)
//
//   actnorm    y = scale (x + loc)                           log|det| = h w sum log scale
//   invconv    y = W x, W itself (.weight) or P L (U + diag(s_sign e^w_s)) of w_p, w_l, w_u       h w sum log|s|
//   coupling   y2 = (x2 + t) sigmoid(h + 2), or x2 + t       log|det| = sum log sigmoid(h + 2), or 0
//
// and a prior, (mu, log sigma) of the half that leaves from the half that stays. Glow table 1 and section 3.6. Where
// that code differs from our Glow (flows/glow.hpp), and most of it from the paper: it squeezes colour by colour
// (SqueezeOrder::channels), the first half of the channels stays and steers, the coupling's order and scale are those
// above, its networks (coupling.net.0, .2, .4) have biases in place of ActNorms, zero convolutions are padded with
// ones, the top prior is a convolution of zeros, and images lie in [-1/2, 1/2).
#pragma once
#include "flows/data_spec.hpp"
#include "flows/import/state_map.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct RosinalityGlowConfig {
  DataSpec data{.input = {64, 64, 3}, .levels = 32, .low = -0.5, .alpha = 0};  // 5 bits, as train.py has by default
  int scales = 4;                                                              // its n_block
  int steps = 32;                                                              // its n_flow
  int64_t width = 512;                                                         // its filter_size
  enum class Mixing { conv, plu } mixing = Mixing::plu;                        // conv: its --no_lu
  enum class Law { affine, additive } law = Law::additive;                     // affine: its --affine
};

std::unique_ptr<FlowModel> build_rosinality_glow(const RosinalityGlowConfig& config, uint64_t seed);

// What the tensors' shapes say of the architecture; the images' size and levels stay at the defaults.
RosinalityGlowConfig rosinality_glow_of(const TensorFile& file);
// Names of ours are those in the model's bijection.
void map_rosinality_glow(const RosinalityGlowConfig& config, StateMap& map);

}  // namespace bijou
