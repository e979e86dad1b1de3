#include "flows/import/rosinality_glow.hpp"

#include "flows/actnorm.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/invertible_conv.hpp"
#include "flows/learned_prior.hpp"
#include "flows/multiscale.hpp"
#include "flows/preprocess.hpp"
#include "flows/squeeze.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr auto kOnes = ZeroConv2d::Padding::ones;

std::unique_ptr<CouplingLaw> make_law(const RosinalityGlowConfig& config) {
  if (config.law == RosinalityGlowConfig::Law::additive) return std::make_unique<AdditiveLaw>();
  return std::make_unique<ShiftThenScaleLaw>(std::make_unique<SigmoidScale>());
}

std::unique_ptr<Sequential> build_scale(const Shape& input, bool last, const RosinalityGlowConfig& config, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  flow->then<Squeeze>("squeeze", SqueezeOrder::channels);
  const int64_t c = flow->output_shape()[-1];
  for (int k = 0; k < config.steps; ++k) {
    flow->then<ActNormFlow>(text("flows.", k, ".actnorm"));
    if (config.mixing == RosinalityGlowConfig::Mixing::plu)
      flow->then<InvertibleConvPLU>(text("flows.", k, ".invconv"), rng);
    else flow->then<InvertibleConv>(text("flows.", k, ".invconv"), rng);
    auto law = make_law(config);
    auto partition = channel_partition(c, Keep::first);
    const int64_t in = partition->network_inputs(), out = law->outputs() * partition->transformed();
    flow->then<Coupling>(text("flows.", k, ".coupling"), std::move(partition),
                         std::make_unique<ConvNet>(in, config.width, out, rng, ConvNet::Hidden::bias, kOnes),
                         std::move(law));
  }
  if (last) {
    flow->then<LearnedPrior>("prior", std::make_unique<ZeroConvNet>(c, 2 * c, 3, kOnes));
  } else {
    flow->then<Coupling>("prior", channel_partition(c, Keep::first), std::make_unique<ZeroConvNet>(c / 2, c, 3, kOnes),
                         std::make_unique<ConditionalNormalLaw>());
  }
  return flow;
}

void map_zero_conv(StateMap& map, const std::string& theirs, const std::string& ours) {
  map.same(theirs + ".conv.weight", ours + ".weight", kConv);
  map.same(theirs + ".conv.bias", ours + ".bias");
  map.same(theirs + ".scale", ours + ".log_gain");
}

// The same factors. Their masks and unit diagonal are those of our parametrisation.
void map_invertible_conv(StateMap& map, const std::string& theirs, const std::string& ours, bool plu) {
  if (!plu) return map.same(theirs + ".weight", ours + ".w");
  map.same(theirs + ".w_l", ours + ".lower");
  map.same(theirs + ".w_u", ours + ".upper");
  map.same(theirs + ".w_s", ours + ".log_s");
  map.same(theirs + ".s_sign", ours + ".sign");
  map.permutation_matrix(theirs + ".w_p", ours + ".permutation");
  for (const char* mask : {".u_mask", ".l_mask", ".l_eye"}) map.unused(theirs + mask);
}

}  // namespace

std::unique_ptr<FlowModel> build_rosinality_glow(const RosinalityGlowConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  const char* const where = "build_rosinality_glow";
  require(input.rank() == 3, where, "it is for images [H, W, C], not for ", input);
  require(config.scales >= 1 && config.scales <= 16 && config.steps >= 1 && config.steps <= 1000 && config.width >= 1 &&
              config.width <= 65536,
          where, "scales must lie in 1..16, steps in 1..1000, width in 1..65536");
  const int64_t divisor = int64_t{1} << config.scales;
  require(input[0] >= 1 && input[1] >= 1 && input[2] >= 1 && input[0] % divisor == 0 && input[1] % divisor == 0, where,
          "images of ", input, " cannot be halved ", config.scales, " times; their sizes must be multiples of ",
          divisor);
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  if (config.data.levels > 0) flow->then<Rescale>("rescale", config.data.levels, -0.5, 0.5);
  flow->then<MultiScale>("images", config.scales,
                         [&](const Shape& at, int, bool last) { return build_scale(at, last, config, rng); });
  return std::make_unique<FlowModel>(text("Glow (rosinality) on ", input), std::move(flow),
                                     std::make_unique<StandardNormal>(input.numel()));
}

RosinalityGlowConfig rosinality_glow_of(const TensorFile& file) {
  RosinalityGlowConfig config;
  config.scales = count_of(file, "blocks.");
  config.steps = count_of(file, "blocks.0.flows.");
  const std::string net = "blocks.0.flows.0.coupling.net.";
  const Tensor& first = file.at(net + "0.weight");  // [width, c / 2, 3, 3]
  const Tensor& last = file.at(net + "4.conv.weight");
  require(first.rank() == 4 && last.rank() == 4, "rosinality_glow_of", net, "0.weight has shape ", first.shape(), ", ",
          net, "4.conv.weight ", last.shape());
  config.width = first.shape()[0];
  config.data.input = {64, 64, first.shape()[1] / 2};
  config.law =
      last.shape()[0] == first.shape()[1] ? RosinalityGlowConfig::Law::additive : RosinalityGlowConfig::Law::affine;
  config.mixing = holds(file, "blocks.0.flows.0.invconv.weight") ? RosinalityGlowConfig::Mixing::conv
                                                                 : RosinalityGlowConfig::Mixing::plu;
  return config;
}

void map_rosinality_glow(const RosinalityGlowConfig& config, StateMap& map) {
  for (int level = 0; level < config.scales; ++level) {
    const std::string scale = text("images.scales.", level);
    for (int k = 0; k < config.steps; ++k) {
      const std::string theirs = text("blocks.", level, ".flows.", k), ours = text(scale, ".flows.", k);
      map.scale_and_loc(theirs + ".actnorm", ours + ".actnorm.affine");
      map.unused(theirs + ".actnorm.initialized");
      map_invertible_conv(map, theirs + ".invconv", ours + ".invconv",
                          config.mixing == RosinalityGlowConfig::Mixing::plu);
      for (const auto& [net, conv] :
           {std::pair(".coupling.net.0", ".coupling.net.conv1"), std::pair(".coupling.net.2", ".coupling.net.conv2")}) {
        map.same(theirs + net + ".weight", ours + conv + ".weight", kConv);
        map.same(theirs + net + ".bias", ours + conv + ".bias");
      }
      map_zero_conv(map, theirs + ".coupling.net.4", ours + ".coupling.net.last");
    }
    map_zero_conv(map, text("blocks.", level, ".prior"), scale + ".prior.net.conv");
  }
}

}  // namespace bijou
