// RealNVP as the README of VincentStimper/normalizing-flows (normflows) builds it: AffineCouplingBlock(MLP) and
// Permute(mode="swap") in turn, over a DiagGaussian. Its flows go from latents to data, so ours are its inverses in the
// opposite order: x2 -> (x2 - t) exp(-s); the swaps are which half stays, and the base is a LearnedPrior.
//
// What its state dictionary does not say is taken as it is there: the swaps (they have no tensors), ReLUs, and scales
// exp(s) (scale_map="exp").
#pragma once
#include "flows/data_spec.hpp"
#include "flows/import/state_map.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct NormflowsRealNVPConfig {
  DataSpec data{.input = {2}, .alpha = 0};
  int couplings = 32;                      // each followed by a swap
  std::vector<int64_t> hidden = {64, 64};  // units in the hidden layers of each MLP
};

std::unique_ptr<FlowModel> build_normflows_realnvp(const NormflowsRealNVPConfig& config, uint64_t seed);

NormflowsRealNVPConfig normflows_realnvp_of(const TensorFile& file);
void map_normflows_realnvp(const NormflowsRealNVPConfig& config, StateMap& map);

}  // namespace bijou
