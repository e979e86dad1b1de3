// RealNVP as the README of VincentStimper/normalizing-flows (normflows) builds it: AffineCouplingBlock(MLP) and
// Permute(mode="swap") in turn, over a DiagGaussian. Seen from the data (normflows_parts.hpp), with the last coupling
// first and the swaps as which half stays:
//
//   y2 = (x2 - t(x1)) exp(-s(x1)),  y1 = x1      log|det dy/dx| = -sum s      RealNVP eqs. (7)-(8), their inverse
//
// and the base is a LearnedPrior. Where it differs from the paper: s is not bounded, and there is no batch
// normalisation. Names: flows.2k.flows.1.param_map.net.N for the k-th coupling, q0.loc and q0.log_scale.
//
// What its state dictionary does not say is taken as it is there: the swaps (they have no tensors), ReLUs, and scales
// exp(s) (scale_map="exp"; another one by --set law=...).
#pragma once
#include "flows/data_spec.hpp"
#include "flows/import/normflows_parts.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct NormflowsRealNVPConfig {
  DataSpec data{.input = {2}, .alpha = 0};
  int couplings = 32;                      // each followed by a swap
  std::vector<int64_t> hidden = {64, 64};  // units in the hidden layers of each MLP
  NormflowsLaw law = NormflowsLaw::exp;
};

std::unique_ptr<FlowModel> build_normflows_realnvp(const NormflowsRealNVPConfig& config, uint64_t seed);

NormflowsRealNVPConfig normflows_realnvp_of(const TensorFile& file);
void map_normflows_realnvp(const NormflowsRealNVPConfig& config, StateMap& map);

}  // namespace bijou
