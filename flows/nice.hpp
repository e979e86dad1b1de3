// NICE (Dinh, Krueger, Bengio 2014, arXiv 1410.8516): the architecture as data.
//
//   x -> [rescale] -> [whiten] -> h1 -> h2 -> ... -> hL -> h = S hL,       h ~ a factorial prior        section 5.1
//
// Additive couplings that alternate which half is updated, ReLU networks with linear outputs, then the diagonal S.
// Images are vectors here: NICE knows nothing of their geometry.
#pragma once
#include "flows/data_spec.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct NICEConfig {
  DataSpec data{.alpha = 0};  // no logit in the paper
  enum class Whitening { none, zca, triangular } whitening = Whitening::none;
  enum class Halves { odd_even, first_last } halves = Halves::odd_even;  // I1 and I2
  std::vector<int> depths = {5, 5, 5, 5};  // a coupling for each: the ReLU layers of its network
  int64_t width = 1000;                    // units in each ReLU layer
  enum class Prior { logistic, gaussian } prior = Prior::logistic;
  bool scale_from_data = false;  // S starts from the variances of the data, else as the identity (the paper)
};

// ValueError: a single dimension, no units.
std::unique_ptr<FlowModel> build_nice(const NICEConfig& config, uint64_t seed);

// Ours: "digits" (with RealNVP's logit: without it, 2.76 bits/dim in place of 2.35), "toy", "table".
// The paper's table (section 5.1): "mnist", "tfd", "svhn", "cifar10".
// What the authors released, an earlier version's settings: "mnist-released", "tfd-released", "svhn-released",
// "cifar10-released".
const std::vector<std::pair<std::string, NICEConfig>>& nice_presets();

}  // namespace bijou
