// Glow (Kingma and Dhariwal 2018, arXiv 1807.03039): the architecture as data.
//
//   step  = actnorm -> invertible 1x1 convolution -> coupling                                        section 3, figure 2a
//   scale = squeeze -> K steps -> split (factor out half of the channels; not at the last scale)               figure 2b
//
// The prior of what a split factors out, N(mu(h1), sigma(h1)^2), is a coupling here (coupling_laws.cpp,
// ConditionalNormalLaw), and the learned top prior a layer (learned_prior.cpp): so Glow is one bijection, its base
// N(0, I).
//
// Vectors are images with H = W = 1: no squeeze, one scale, and an MLP in the coupling. Not in the paper.
#pragma once
#include "flows/data_spec.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct GlowConfig {
  DataSpec data{.alpha = 0};  // the paper "follows RealNVP", which takes a logit; the released code takes none
  int scales = 3;             // L
  int steps = 32;             // K, in each scale
  int64_t width = 512;        // of the couplings' convolutions
  // Between actnorm and coupling: W, its PLU form, or for the paper's ablation a fixed permutation.
  enum class Mixing { conv, plu, reverse, shuffle } mixing = Mixing::conv;
  enum class Law { affine, additive } law = Law::affine;
  // exp as in the paper's table 1, or sigmoid(. + 2) as in the released code. The default is the code's: the paper's
  // figures came from it, and its scale cannot overflow.
  enum class Scale { exp, sigmoid } scale = Scale::sigmoid;
  bool learned_top = true;  // N(mu, sigma^2) for the top latents, else N(0, I); the released code's `learntop`
  int classes = 0;          // N(mu_y, sigma_y^2) for each class y instead; 0: the model knows no classes
  std::vector<int64_t> hidden = {128, 128};  // vectors: the coupling's MLP
};

// ValueError: height and width cannot be halved as often as the scales ask, a vector of a single column.
std::unique_ptr<FlowModel> build_glow(const GlowConfig& config, uint64_t seed);

// Ours: "digits", "mnist", "toy", "table". The paper's (table 4): "cifar10", "imagenet32", "imagenet64".
const std::vector<std::pair<std::string, GlowConfig>>& glow_presets();

}  // namespace bijou
