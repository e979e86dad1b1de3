// RealNVP as chrischute/real-nvp has it. At each scale (flows, flows.next_block, flows.next_block.next_block, ...)
// three couplings by checkerboard (in_couplings.N; four at the last scale), a squeeze, and three by channels
// (out_couplings.N):
//
//   y2 = (x2 + t) exp(s),  s = c tanh(h)       log|det| = sum s        RealNVP eqs. (4)-(8), section 4.1
//   h, t from a ResNet (.st_net), c = weight_g weight_v / |weight_v| (.rescale)
//
// behind the logit of alpha + (1 - 2 alpha) x, alpha = (1 - data_constraint) / 2. Where that port of the released code
// differs from our RealNVP (flows/realnvp.hpp) and from the paper: the coupling is (x + t) exp(s) with one c for each
// channel; the part with row + column odd stays first, and the second half of the channels; no normalisation between
// couplings; the networks have a MirroredInput, gains on all convolutions, and eps 1e-5; it squeezes colour by colour,
// and anew along the diagonals before it factors out.
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
