// RealNVP as chrischute/real-nvp has it. Where that port of the released code differs from our RealNVP
// (flows/realnvp.hpp): the coupling is (x + t) exp(s) with one c for each channel; the part with row + column odd stays
// first, and the second half of the channels; no normalisation between couplings; the networks have a MirroredInput,
// gains on all convolutions, and eps 1e-5; it squeezes colour by colour, and anew along the diagonals before it factors
// out.
#pragma once
#include "flows/data_spec.hpp"
#include "flows/import/state_map.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct ChrischuteRealNVPConfig {
  DataSpec data{.input = {32, 32, 3}, .levels = 256};
  int scales = 2;         // its num_scales
  int64_t features = 64;  // of the first scale: its mid_channels; they double from scale to scale, and behind a squeeze
  int64_t blocks = 8;     // its num_blocks
};

std::unique_ptr<FlowModel> build_chrischute_realnvp(const ChrischuteRealNVPConfig& config, uint64_t seed);

// What the tensors say of the architecture, and of the logit; the images' size stays at the default.
ChrischuteRealNVPConfig chrischute_realnvp_of(const TensorFile& file);
void map_chrischute_realnvp(const ChrischuteRealNVPConfig& config, StateMap& map);

}  // namespace bijou
