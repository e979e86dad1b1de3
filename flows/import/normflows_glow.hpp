// Glow as examples/glow.ipynb of VincentStimper/normalizing-flows (normflows) builds it: a MultiscaleFlow, at each
// level GlowBlocks and a Squeeze, with Merge between the levels. Seen from the data (normflows_parts.hpp), level L - 1
// first:
//
//   Squeeze        colour by colour (SqueezeOrder::channels)
//   K times        ActNorm, y = (x - t) exp(-s); a 1x1 convolution, y = W x, with W itself or P L (U + diag(sign_S
//                  e^log_S)); a coupling of normflows_parts.hpp, whose first half of the channels stays and steers
//   Merge          the first half goes on, the second is a latent
//   q0 of a level  N(mu, sigma^2). DiagGaussian: a mu and a sigma for each value; ClassCondDiagGaussian: the same for
//                  each class; GlowBase: mu = loc exp(3 loc_logs) + loc_cc of the class for each channel, and so
//                  log sigma
//
//   log|det| of a block = -h w sum s + h w sum log_S + the coupling's
//
// Where it differs from our Glow (flows/glow.hpp): the coupling is (x - t) sigmoid(s + 2), its network is without
// ActNorms (unless net_actnorm=True) and its last convolution without gains, what is factored out has a fixed prior (of
// its level and class, not of the other half), and classes steer all latents. Names: flows.LEVEL.K.flows.0 (coupling),
// .1 (convolution), .2 (ActNorm), q0.LEVEL.
//
// What its state dictionary does not say is taken as it is there: images of 256 levels dequantised to [0, 1) without a
// logit (another by --set alpha=...), scale_map="sigmoid" (another by --set law=...), split_mode="channel", ReLUs, and
// the images' size when the base is a GlowBase.
#pragma once
#include "flows/data_spec.hpp"
#include "flows/import/normflows_parts.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct NormflowsGlowConfig {
  DataSpec data{.input = {32, 32, 3}, .levels = 256, .alpha = 0};
  int scales = 3;       // its L
  int steps = 16;       // its K
  int64_t width = 256;  // its hidden_channels
  enum class Mixing { conv, plu } mixing = Mixing::plu;
  NormflowsLaw law = NormflowsLaw::sigmoid;
  bool net_actnorm = false;
  int classes = 0;  // 0: its class_cond=False
};

std::unique_ptr<FlowModel> build_normflows_glow(const NormflowsGlowConfig& config, uint64_t seed);

NormflowsGlowConfig normflows_glow_of(const TensorFile& file);
// The class-conditional base's names begin with "base.".
void map_normflows_glow(const NormflowsGlowConfig& config, StateMap& map);

}  // namespace bijou
