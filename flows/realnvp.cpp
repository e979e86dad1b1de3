#include "flows/realnvp.hpp"

#include "flows/actnorm.hpp"
#include "flows/batch_norm.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/multiscale.hpp"
#include "flows/squeeze.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

Keep alternate(int i) { return i % 2 == 0 ? Keep::first : Keep::second; }

std::unique_ptr<CouplingLaw> affine() { return std::make_unique<AffineLaw>(std::make_unique<TanhScale>()); }

// A coupling, and batch normalisation of its output (section 3.7).
void add_coupling(Sequential& flow, const std::string& name, std::unique_ptr<Partition> partition, int64_t features,
                  int64_t blocks, Rng& rng) {
  const int64_t in = partition->network_inputs(), out = 2 * partition->transformed();
  auto network = std::make_unique<ResNet>(in, features, out, blocks, rng);
  flow.then<Coupling>(name, std::move(partition), std::move(network), affine());
  flow.then<BatchNormFlow>(name + "_norm");
}

void add_checkerboard(Sequential& flow, int i, int64_t features, int64_t blocks, Rng& rng) {
  const Shape s = flow.output_shape();
  add_coupling(flow, text("checkerboard.", i), checkerboard_partition(s[0], s[1], s[2], alternate(i)), features, blocks,
               rng);
}

// One scale, section 3.6: three checkerboard couplings, squeeze, three channel-wise couplings; the last scale: four
// checkerboard couplings. Each masking is the opposite of the one before. The networks behind the squeeze see half
// the resolution and have twice the feature maps.
std::unique_ptr<Sequential> build_scale(const Shape& input, bool last, int64_t features, int64_t blocks, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  for (int i = 0; i < (last ? 4 : 3); ++i) add_checkerboard(*flow, i, features, blocks, rng);
  if (last) return flow;
  flow->then<Squeeze>("squeeze");
  for (int i = 0; i < 3; ++i) {
    add_coupling(*flow, text("channel.", i), channel_partition(flow->output_shape()[2], alternate(i)), 2 * features,
                 blocks, rng);
  }
  return flow;
}

std::unique_ptr<Flow> build_multiscale(const RealNVPConfig& config, const Shape& input, Rng& rng) {
  const int64_t divisor = int64_t{1} << (config.scales - 1);
  require(input[0] % divisor == 0 && input[1] % divisor == 0, "build_realnvp", "images of ", input[0], " x ", input[1],
          " cannot be halved ", config.scales - 1, config.scales == 2 ? " time for " : " times for ", config.scales,
          " scales; use fewer scales, or sizes that are multiples of ", divisor);
  return std::make_unique<MultiScale>(input, config.scales, [&](const Shape& at, int i, bool last) {
    return build_scale(at, last, config.features << i, config.blocks, rng);
  });
}

// An image as a vector, as MAF's code has RealNVP: y2 = x2 exp(s) + t with s and t of their own MLPs, s = h without a
// bound; then batch normalisation with a gain and an offset.
void add_couplings_by_parity(Sequential& flow, const RealNVPConfig& config, Rng& rng) {
  flow.then<Flatten>("flatten");
  for (int i = 0; i < config.couplings; ++i) {
    auto places = odd_even_partition(flow.output_shape()[0], alternate(i));
    const int64_t in = places->network_inputs(), out = places->transformed();
    auto networks = std::make_unique<TwoMlps>(in, config.hidden, out, rng, Mlp::Units::tanh);
    flow.then<Coupling>(text("couplings.", i), std::move(places), std::move(networks),
                        std::make_unique<AffineLaw>(std::make_unique<ExpScale>()));
    flow.then<BatchNormFlow>(text("norms.", i));
    flow.then<ActNormFlow>(text("gains.", i));
  }
}

}  // namespace

std::unique_ptr<FlowModel> build_realnvp(const RealNVPConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  require(
      config.scales >= 0 && config.scales <= 16 && config.features >= 1 && config.blocks >= 0 && config.couplings >= 1,
      "build_realnvp", "scales must lie in 0..16, and features and couplings be positive");
  for (const int64_t units : config.hidden)
    require(units >= 1, "build_realnvp", "hidden layers must have at least one unit, got ", units);
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  add_preprocessing(*flow, config.data);
  if (input.rank() == 3 && config.scales == 0) {
    add_couplings_by_parity(*flow, config, rng);
  } else if (input.rank() == 3) {
    flow->append("images", build_multiscale(config, input, rng));
  } else {
    for (int i = 0; i < config.couplings; ++i) {
      auto halves = channel_partition(input[0], alternate(i));
      const int64_t in = halves->network_inputs(), out = 2 * halves->transformed();
      auto network = std::make_unique<Mlp>(in, config.hidden, out, rng);
      flow->then<Coupling>(text("couplings.", i), std::move(halves), std::move(network), affine());
    }
  }
  return std::make_unique<FlowModel>(text("RealNVP on ", input), std::move(flow),
                                     std::make_unique<StandardNormal>(input.numel()));
}

const std::vector<std::pair<std::string, RealNVPConfig>>& realnvp_presets() {
  static const std::vector<std::pair<std::string, RealNVPConfig>> all = {
      {"digits", {.data = {.input = {8, 8, 1}, .levels = 17}, .scales = 2, .features = 24, .blocks = 2}},
      {"mnist",
       {.data = {.input = {28, 28, 1}, .levels = 256, .alpha = 1e-6}, .scales = 3, .features = 32, .blocks = 2}},
      {"mnist-mlp",
       {.data = {.input = {28, 28, 1}, .levels = 256, .alpha = 1e-6},
        .scales = 0,
        .couplings = 5,
        .hidden = {1024, 1024}}},
      {"cifar10-mlp",
       {.data = {.input = {32, 32, 3}, .levels = 256, .alpha = 0.05},
        .scales = 0,
        .couplings = 5,
        .hidden = {1024, 1024}}},
      {"toy", {.data = {.input = {2}}, .couplings = 16, .hidden = {64, 64}}},
      {"table", {.data = {.input = {2}, .standardize = true}, .couplings = 8, .hidden = {128, 128}}},
      {"cifar10", {.data = {.input = {32, 32, 3}, .levels = 256}, .scales = 2, .features = 64, .blocks = 8}},
      {"imagenet32", {.data = {.input = {32, 32, 3}, .levels = 256}, .scales = 4, .features = 32, .blocks = 4}},
  };
  return all;
}

}  // namespace bijou
