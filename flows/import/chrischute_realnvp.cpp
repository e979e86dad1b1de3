#include "flows/import/chrischute_realnvp.hpp"

#include "flows/coupling_laws.hpp"
#include "flows/multiscale.hpp"
#include "flows/squeeze.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr double kEps = 1e-5;

Keep keep(int i) { return i % 2 == 0 ? Keep::second : Keep::first; }

void add_coupling(Sequential& flow, const std::string& name, std::unique_ptr<Partition> partition, double factor,
                  int64_t features, int64_t blocks, Rng& rng) {
  const int64_t in = partition->network_inputs(), out = partition->transformed();
  auto net = std::make_unique<Chain>(
      std::make_unique<MirroredInput>(in, factor, kEps),
      std::make_unique<ResNet>(2 * in, features, 2 * out, blocks, rng, WeightNormConv2d::Affine::gain, kEps));
  flow.then<Coupling>(name, std::move(partition), std::move(net),
                      std::make_unique<ShiftThenScaleLaw>(std::make_unique<TanhScale>(out)));
}

// The couplings have their names: in_couplings by checkerboard, out_couplings by channels.
std::unique_ptr<Sequential> build_scale(const Shape& input, bool last, int64_t features, int64_t blocks, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  for (int i = 0; i < (last ? 4 : 3); ++i) {
    add_coupling(*flow, text("in_couplings.", i), checkerboard_partition(input[0], input[1], input[2], keep(i)), 2,
                 features, blocks, rng);
  }
  if (last) return flow;
  flow->then<Squeeze>("squeeze", SqueezeOrder::channels);
  for (int i = 0; i < 3; ++i) {
    add_coupling(*flow, text("out_couplings.", i), channel_partition(flow->output_shape()[2], keep(i)), 1, 2 * features,
                 blocks, rng);
  }
  flow->then<Unsqueeze>("unsqueeze", SqueezeOrder::channels);
  flow->then<Squeeze>("resqueeze", SqueezeOrder::diagonal);
  return flow;
}

// The same weight normalisation, w = g v / ||v||; a convolution that normalisation follows has no bias.
void map_conv(StateMap& map, const std::string& theirs, const std::string& ours, bool bias = true) {
  map.same(theirs + ".conv.weight_v", ours + ".v", kConv);
  map.same(theirs + ".conv.weight_g", ours + ".gain");
  if (bias) map.same(theirs + ".conv.bias", ours + ".bias");
}

void map_norm(StateMap& map, const std::string& theirs, const std::string& ours) {
  map.same(theirs + ".weight", ours + ".gain");
  map.same(theirs + ".bias", ours + ".offset");
  map.same(theirs + ".running_mean", ours + ".running.mean");
  map.same(theirs + ".running_var", ours + ".running.variance");
  map.unused(theirs + ".num_batches_tracked");
}

void map_network(StateMap& map, const std::string& theirs, const std::string& ours, int64_t blocks) {
  const std::string resnet = ours + ".second.";
  map_norm(map, theirs + ".in_norm", ours + ".first.norm");
  map_conv(map, theirs + ".in_conv", resnet + "stem");
  map_conv(map, theirs + ".in_skip", resnet + "stem_skip");
  for (int64_t j = 0; j < blocks; ++j) {
    const std::string block = text(theirs, ".blocks.", j), our_block = text(resnet, "blocks.", j);
    map_norm(map, block + ".in_norm", our_block + ".norm1");
    map_conv(map, block + ".in_conv", our_block + ".conv1", false);
    map_norm(map, block + ".out_norm", our_block + ".norm2");
    map_conv(map, block + ".out_conv", our_block + ".conv2");
    map_conv(map, text(theirs, ".skips.", j), our_block + ".skip");
  }
  map_norm(map, theirs + ".out_norm", resnet + "last_norm");
  map_conv(map, theirs + ".out_conv", resnet + "last");
}

}  // namespace

std::unique_ptr<FlowModel> build_chrischute_realnvp(const ChrischuteRealNVPConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  const char* const where = "build_chrischute_realnvp";
  require(input.rank() == 3, where, "it is for images [H, W, C], not for ", input);
  require(config.scales >= 1 && config.scales <= 16 && config.features >= 1 && config.blocks >= 0, where,
          "scales must lie in 1..16, features be positive and blocks not negative");
  const int64_t divisor = int64_t{1} << (config.scales - 1);
  require(input[0] % divisor == 0 && input[1] % divisor == 0, where, "images of ", input, " cannot be halved ",
          config.scales - 1, " times; their sizes must be multiples of ", divisor);
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  add_preprocessing(*flow, config.data);
  flow->then<MultiScale>("images", config.scales, [&](const Shape& at, int i, bool last) {
    return build_scale(at, last, config.features << i, config.blocks, rng);
  });
  return std::make_unique<FlowModel>(text("RealNVP (chrischute) on ", input), std::move(flow),
                                     std::make_unique<StandardNormal>(input.numel()));
}

// y = ((2 p - 1) constraint + 1) / 2 = alpha + (1 - 2 alpha) p,  p = (255 x + u) / 256
ChrischuteRealNVPConfig chrischute_realnvp_of(const TensorFile& file) {
  ChrischuteRealNVPConfig config;
  const Tensor& constraint = file.at("data_constraint");
  require(constraint.numel() == 1, "chrischute_realnvp_of", "data_constraint has shape ", constraint.shape());
  config.data.alpha = (1 - static_cast<double>(constraint.item())) / 2;
  config.scales = 1;
  for (std::string block = "flows.next_block."; count_of(file, block + "in_couplings.") > 0; block += "next_block.")
    ++config.scales;
  const std::string net = "flows.in_couplings.0.st_net.";
  const Tensor& stem = file.at(net + "in_conv.conv.weight_v");  // [features, 2 C, 3, 3]
  require(stem.rank() == 4, "chrischute_realnvp_of", net, "in_conv.conv.weight_v has shape ", stem.shape());
  config.features = stem.shape()[0];
  config.blocks = count_of(file, net + "blocks.");
  config.data.input = {32, 32, stem.shape()[1] / 2};
  return config;
}

void map_chrischute_realnvp(const ChrischuteRealNVPConfig& config, StateMap& map) {
  const auto couplings = [&](const std::string& theirs, const std::string& ours, int count) {
    for (int i = 0; i < count; ++i) {
      map_network(map, text(theirs, i, ".st_net"), text(ours, i, ".net"), config.blocks);
      map.normed_numbers(text(theirs, i, ".rescale"), text(ours, i, ".law.scale.c"));
    }
  };
  map.constant("data_constraint", Tensor::scalar(1 - 2 * config.data.alpha));
  std::string block = "flows.";
  for (int i = 0; i < config.scales; ++i, block += "next_block.") {
    const bool last = i + 1 == config.scales;
    couplings(block + "in_couplings.", text("images.scales.", i, ".in_couplings."), last ? 4 : 3);
    if (!last) couplings(block + "out_couplings.", text("images.scales.", i, ".out_couplings."), 3);
  }
}

}  // namespace bijou
