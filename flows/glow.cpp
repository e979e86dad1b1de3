#include "flows/glow.hpp"

#include "flows/actnorm.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/invertible_conv.hpp"
#include "flows/learned_prior.hpp"
#include "flows/multiscale.hpp"
#include "flows/permutation.hpp"
#include "flows/squeeze.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

std::unique_ptr<CouplingLaw> make_law(const GlowConfig& config) {
  if (config.law == GlowConfig::Law::additive) return std::make_unique<AdditiveLaw>();
  if (config.scale == GlowConfig::Scale::exp) return std::make_unique<AffineLaw>(std::make_unique<ExpScale>());
  return std::make_unique<AffineLaw>(std::make_unique<SigmoidScale>());
}

void add_mixing(Sequential& flow, const std::string& name, GlowConfig::Mixing mixing, Rng& rng) {
  using enum GlowConfig::Mixing;
  const int64_t channels = flow.output_shape()[-1];
  if (mixing == conv) flow.then<InvertibleConv>(name, rng);
  if (mixing == plu) flow.then<InvertibleConvPLU>(name, rng);
  if (mixing == reverse) flow.then<Permutation>(name, Permutation::reversed(channels));
  if (mixing == shuffle) flow.then<Permutation>(name, Permutation::shuffled(channels, rng));
}

// One step of flow: Glow figure 2 (a) and table 1. Of x = (x_a, x_b) by channels, x_b stays and steers x_a, as in the
// table. (In the released code it is the first half that stays.)
void add_step(Sequential& flow, int k, const GlowConfig& config, Rng& rng) {
  flow.then<ActNormFlow>(text("steps.", k, ".actnorm"));
  add_mixing(flow, text("steps.", k, ".mix"), config.mixing, rng);
  auto law = make_law(config);
  auto partition = channel_partition(flow.output_shape()[-1], Keep::second);
  const int64_t in = partition->network_inputs(), out = law->outputs() * partition->transformed();
  std::unique_ptr<Network> network;
  if (flow.output_shape().rank() == 3) network = std::make_unique<ConvNet>(in, config.width, out, rng);
  else network = std::make_unique<Mlp>(in, config.hidden, out, rng);
  flow.then<Coupling>(text("steps.", k, ".coupling"), std::move(partition), std::move(network), std::move(law));
}

// The prior of what the split behind this scale factors out (MultiScale: the second half), given what goes on.
void add_split_prior(Sequential& flow) {
  auto partition = channel_partition(flow.output_shape()[-1], Keep::first);
  auto network = std::make_unique<ZeroConvNet>(partition->network_inputs(), 2 * partition->transformed());
  flow.then<Coupling>("prior", std::move(partition), std::move(network), std::make_unique<ConditionalNormalLaw>());
}

// One scale of the multi-scale architecture: Glow figure 2 (b).
std::unique_ptr<Sequential> build_scale(const Shape& input, bool last, const GlowConfig& config, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  if (input.rank() == 3) flow->then<Squeeze>("squeeze");
  for (int k = 0; k < config.steps; ++k) add_step(*flow, k, config, rng);
  if (!last) add_split_prior(*flow);
  if (last && config.learned_top && config.classes == 0) flow->then<LearnedPrior>("prior");
  return flow;
}

}  // namespace

std::unique_ptr<FlowModel> build_glow(const GlowConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  require(config.scales >= 1 && config.scales <= 16, "build_glow", "scales must lie in 1..16, got ", config.scales);
  require(config.steps >= 1 && config.steps <= 1000, "build_glow", "steps must lie in 1..1000, got ", config.steps);
  require(config.width >= 1 && config.width <= 65536, "build_glow", "width must lie in 1..65536, got ", config.width);
  for (const int64_t units : config.hidden)
    require(units >= 1 && units <= 65536, "build_glow", "hidden layers must have 1..65536 units, got ", units);
  require(config.classes >= 0, "build_glow", "the number of classes must not be negative, got ", config.classes);
  const bool image = input.rank() == 3;
  if (image) {
    const int64_t divisor = int64_t{1} << config.scales;
    require(input[0] % divisor == 0 && input[1] % divisor == 0, "build_glow", "images of ", input[0], " x ", input[1],
            " cannot be halved ", config.scales, config.scales == 1 ? " time" : " times",
            "; use fewer scales, or sizes that are multiples of ", divisor);
  }
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  add_preprocessing(*flow, config.data);
  int64_t top = input.numel();  // how many latents the last scale gives
  if (image) {
    flow->then<MultiScale>("images", config.scales, [&](const Shape& at, int, bool last) {
      auto scale = build_scale(at, last, config, rng);
      top = scale->output_shape().numel();
      return scale;
    });
  } else {
    flow->append("vectors", build_scale(input, true, config, rng));
  }
  std::unique_ptr<Base> base;
  if (config.classes > 0) base = std::make_unique<ClassConditionalNormal>(input.numel(), top, config.classes);
  else base = std::make_unique<StandardNormal>(input.numel());
  return std::make_unique<FlowModel>(text("Glow on ", input), std::move(flow), std::move(base));
}

const std::vector<std::pair<std::string, GlowConfig>>& glow_presets() {
  static const std::vector<std::pair<std::string, GlowConfig>> all = {
      {"digits", {.data = {.input = {8, 8, 1}, .levels = 17}, .scales = 2, .steps = 8, .width = 64}},
      {"mnist", {.data = {.input = {28, 28, 1}, .levels = 256, .alpha = 1e-6}, .scales = 2, .steps = 16, .width = 128}},
      {"toy", {.data = {.input = {2}}, .steps = 16, .mixing = GlowConfig::Mixing::plu, .hidden = {64, 64}}},
      {"table",
       {.data = {.input = {2}, .standardize = true},
        .steps = 8,
        .mixing = GlowConfig::Mixing::plu,
        .hidden = {128, 128}}},

      // Table 4 of the paper.
      {"cifar10", {.data = {.input = {32, 32, 3}, .levels = 256, .alpha = 0}, .scales = 3, .steps = 32, .width = 512}},
      {"imagenet32",
       {.data = {.input = {32, 32, 3}, .levels = 256, .alpha = 0}, .scales = 3, .steps = 48, .width = 512}},
      {"imagenet64",
       {.data = {.input = {64, 64, 3}, .levels = 256, .alpha = 0}, .scales = 4, .steps = 48, .width = 512}},
  };
  return all;
}

}  // namespace bijou
