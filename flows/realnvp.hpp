// RealNVP (Dinh, Sohl-Dickstein, Bengio 2016, arXiv 1605.08803): the architecture as data.
//
// Departures of the released code that are not some layer's: its log-determinant of the decoder is overwritten
// between scales (here the forward one is the only definition), it samples with batch moments inside the networks
// (here running averages everywhere), and it puts z back into the image's layout (here z is [N, D], the finest
// scale first).
#pragma once
#include "flows/data_spec.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct RealNVPConfig {
  DataSpec data;

  // Images: sections 3.6 and 4.1. With no scales the image is a vector, as in table 2 of MAF (Papamakarios et al. 2017),
  // whose code has couplings by the parity of the place, two MLPs in each, and batch normalisation behind it.
  int scales = 2;
  int64_t features = 32;  // feature maps of the first scale's networks; they double from scale to scale
  int64_t blocks = 4;     // residual blocks in each network

  // Vectors (not in the paper): couplings that alternate halves, each with an MLP; no batch normalisation, since
  // these networks are shallow.
  int couplings = 8;
  std::vector<int64_t> hidden = {128, 128};
};

// ValueError: the input cannot be halved as often as the scales ask, or has a single column.
std::unique_ptr<FlowModel> build_realnvp(const RealNVPConfig& config, uint64_t seed);

// "digits", "mnist", "toy", "table", and the paper's "cifar10" (8 blocks, 64 features, 2 scales) and "imagenet32"
// (4 blocks, 32 features, 4 scales: down to 4x4). The input is filled in from the data for "toy" and "table".
// "mnist-mlp" and "cifar10-mlp": MAF's, with 5 couplings. "mnist" takes alpha = 1e-6, not the paper's 0.05, as the figures that others publish for MNIST do (FFJORD's
// protocol).
const std::vector<std::pair<std::string, RealNVPConfig>>& realnvp_presets();

}  // namespace bijou
