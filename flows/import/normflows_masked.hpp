// RealNVP as examples/real_nvp.ipynb of VincentStimper/normalizing-flows (normflows) builds it: MaskedAffineFlow with
// the masks b and 1 - b in turn, b = (1, 0, 1, ...), each with or without an ActNorm behind it, over a DiagGaussian.
// Seen from the data (normflows_parts.hpp), the last one first:
//
//   y = b x + (1 - b) (x - t(b x)) exp(-s(b x))      log|det dy/dx| = -sum (1 - b) s      RealNVP eq. (9), its inverse
//
// s and t are MLPs of their own. They see the masked x, of which only the places with b = 1 are not 0, and only their
// outputs at the others are used: so ours have just those columns of the first and rows of the last layer. Names:
// flows.N.b, flows.N.s.net.M, flows.N.t.net.M, flows.N.s and .t of an ActNorm, q0.loc and q0.log_scale.
//
// What its state dictionary does not say is taken as it is there: ReLUs.
#pragma once
#include "flows/data_spec.hpp"
#include "flows/import/normflows_parts.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct NormflowsMaskedConfig {
  DataSpec data{.input = {2}, .alpha = 0};
  int couplings = 32;
  std::vector<int64_t> hidden = {4};  // units in the hidden layers of each MLP
  bool actnorm = true;
};

std::unique_ptr<FlowModel> build_normflows_masked(const NormflowsMaskedConfig& config, uint64_t seed);

NormflowsMaskedConfig normflows_masked_of(const TensorFile& file);
void map_normflows_masked(const NormflowsMaskedConfig& config, StateMap& map);

}  // namespace bijou
