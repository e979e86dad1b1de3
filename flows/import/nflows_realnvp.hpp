// RealNVP, and NICE, as nflows has them in SimpleRealNVP: couplings by parity, residual MLPs in them.
//
//   affine     y2 = x2 exp(s) + t,  s = log(sigmoid(h + 2) + 1/1000)     log|det| = sum s       RealNVP eqs. (4)-(8)
//   additive   y2 = x2 + t          (use_volume_preserving=True)         log|det| = 0           NICE section 3.2
//   behind each, with batch_norm_between_layers: batch normalisation with running moments, gain and offset; here two
//   layers, BatchNormFlow and ActNormFlow, y = exp(log_s) (x - mean) / sqrt(variance + eps) + b,
//   exp(log_s) = softplus(unconstrained_weight) + eps
//
// Its networks give all t, then all h. Where it differs from the paper: the scale law (there c tanh(h)), parity in
// place of halves. Names: _transform._transforms.N for couplings and normalisations in turn, each coupling with a
// .transform_net (initial_layer, blocks, final_layer) and the columns that stay and change.
//
// What its state dictionary does not say is taken as it is by default: ReLUs. Dropout does nothing outside of training.
#pragma once
#include "flows/data_spec.hpp"
#include "flows/import/state_map.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct NflowsRealNVPConfig {
  DataSpec data{.input = {2}, .alpha = 0};
  int couplings = 4;       // its num_layers
  int64_t width = 64;      // its hidden_features
  int64_t blocks = 2;      // its num_blocks_per_layer
  bool batch_norm = true;  // its batch_norm_between_layers
  enum class Law { affine, additive } law = Law::affine;
};

std::unique_ptr<FlowModel> build_nflows_realnvp(const NflowsRealNVPConfig& config, uint64_t seed);

// CheckpointError, naming the tensor that says it: another transform.
NflowsRealNVPConfig nflows_realnvp_of(const TensorFile& file);
void map_nflows_realnvp(const NflowsRealNVPConfig& config, StateMap& map);

}  // namespace bijou
