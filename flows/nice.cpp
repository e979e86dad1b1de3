#include "flows/nice.hpp"

#include "flows/coupling_laws.hpp"
#include "flows/diagonal_scale.hpp"
#include "flows/squeeze.hpp"
#include "flows/whitening.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

std::unique_ptr<Partition> halves(const NICEConfig& config, int64_t dimensions, size_t i) {
  // [NICE section 3.2: combining couplings]
  const Keep keep = i % 2 == 0 ? Keep::first : Keep::second;
  return config.halves == NICEConfig::Halves::odd_even ? odd_even_partition(dimensions, keep)
                                                       : channel_partition(dimensions, keep);
}

}  // namespace

// Combining coupling layers: NICE sections 3.2 and 5.1. With I1, I2 the odd and the even dimensions (counted from 1):
//
//   h1_I1 = x_I1            h2_I2 = h1_I2            h3_I1 = h2_I1            h4_I2 = h3_I2
//   h1_I2 = x_I2 + m1(x_I1) h2_I1 = h1_I1 + m2(h1_I2) h3_I2 = h2_I2 + m3(h2_I1) h4_I1 = h3_I1 + m4(h3_I2)
//
//   h = exp(s) * h4         log p(x) = sum_i [ log p_Hi(f_i(x)) + s_i ]
//
// Three couplings are needed for every dimension to influence every other.
std::unique_ptr<FlowModel> build_nice(const NICEConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  require(config.width >= 1, "build_nice", "the width must be positive, got ", config.width);
  for (const int depth : config.depths) {
    require(depth >= 0, "build_nice", "a depth must not be negative, got ", depth);
    require(depth <= 1000, "build_nice", "a depth must be at most 1000, got ", depth);
  }
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  add_preprocessing(*flow, config.data);
  if (input.rank() == 3) flow->then<Flatten>("flatten");
  if (config.whitening == NICEConfig::Whitening::zca) flow->then<ZCA>("whiten");
  if (config.whitening == NICEConfig::Whitening::triangular) flow->then<TriangularWhitening>("whiten");
  for (size_t i = 0; i < config.depths.size(); ++i) {
    auto partition = halves(config, input.numel(), i);
    const std::vector<int64_t> hidden(static_cast<size_t>(config.depths[i]), config.width);
    auto m = std::make_unique<Mlp>(partition->network_inputs(), hidden, partition->transformed(), rng);
    flow->then<Coupling>(text("couplings.", i), std::move(partition), std::move(m), std::make_unique<AdditiveLaw>());
  }
  flow->then<DiagonalScale>("scale",
                            config.scale_from_data ? DiagonalScale::From::data : DiagonalScale::From::identity);
  std::unique_ptr<Base> prior;
  if (config.prior == NICEConfig::Prior::logistic) prior = std::make_unique<StandardLogistic>(input.numel());
  else prior = std::make_unique<StandardNormal>(input.numel());
  return std::make_unique<FlowModel>(text("NICE on ", input), std::move(flow), std::move(prior));
}

const std::vector<std::pair<std::string, NICEConfig>>& nice_presets() {
  using enum NICEConfig::Whitening;
  using enum NICEConfig::Prior;
  constexpr auto first_last = NICEConfig::Halves::first_last;
  const DataSpec mnist{.input = {28, 28, 1}, .levels = 256, .alpha = 0},
      tfd{.input = {48, 48, 1}, .levels = 256, .alpha = 0}, svhn{.input = {32, 32, 3}, .levels = 256, .alpha = 0},
      cifar{.input = {32, 32, 3}, .levels = 256, .low = -1, .alpha = 0};
  static const std::vector<std::pair<std::string, NICEConfig>> all = {
      {"digits",
       {.data = {.input = {8, 8, 1}, .levels = 17, .alpha = 0.05},
        .depths = {2, 2, 2, 2},
        .width = 200,
        .scale_from_data = true}},
      {"toy", {.data = {.input = {2}, .alpha = 0}, .depths = {2, 2, 2, 2, 2, 2, 2, 2}, .width = 64, .prior = gaussian}},
      {"table",
       {.data = {.input = {2}, .alpha = 0, .standardize = true},
        .depths = {2, 2, 2, 2},
        .width = 128,
        .prior = gaussian}},

      // The paper's table.
      {"mnist", {.data = mnist, .depths = {5, 5, 5, 5}, .width = 1000}},
      {"tfd", {.data = tfd, .whitening = triangular, .depths = {4, 4, 4, 4}, .width = 5000, .prior = gaussian}},
      {"svhn", {.data = svhn, .whitening = zca, .depths = {4, 4, 4, 4}, .width = 2000}},
      {"cifar10", {.data = cifar, .whitening = zca, .depths = {4, 4, 4, 4}, .width = 2000}},

      // The released configurations.
      {"mnist-released", {.data = mnist, .depths = {5, 5, 5, 5}, .width = 1000}},
      {"tfd-released", {.data = tfd, .depths = {3, 3, 2, 2, 1, 1, 1, 1}, .width = 2000}},
      {"svhn-released", {.data = svhn, .halves = first_last, .depths = {3, 3, 3, 3}, .width = 2000, .prior = gaussian}},
      {"cifar10-released",
       {.data = cifar, .halves = first_last, .depths = {1, 1, 3, 3, 2, 2, 1, 1}, .width = 2400, .prior = gaussian}},
  };
  return all;
}

}  // namespace bijou
