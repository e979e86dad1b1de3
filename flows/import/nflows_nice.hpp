// NICE as nflows has it in SimpleRealNVP(use_volume_preserving=True): additive couplings by parity, residual MLPs in
// them, and with batch_norm_between_layers behind each a batch normalisation with running moments, gain and offset:
// here two layers, BatchNormFlow and ActNormFlow.
#pragma once
#include "flows/data_spec.hpp"
#include "flows/import/state_map.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct NflowsNICEConfig {
  DataSpec data{.input = {2}, .alpha = 0};
  int couplings = 4;       // its num_layers
  int64_t width = 64;      // its hidden_features
  int64_t blocks = 2;      // its num_blocks_per_layer
  bool batch_norm = true;  // its batch_norm_between_layers
};

std::unique_ptr<FlowModel> build_nflows_nice(const NflowsNICEConfig& config, uint64_t seed);

// CheckpointError: its affine couplings, which are not known here.
NflowsNICEConfig nflows_nice_of(const TensorFile& file);
void map_nflows_nice(const NflowsNICEConfig& config, StateMap& map);

}  // namespace bijou
