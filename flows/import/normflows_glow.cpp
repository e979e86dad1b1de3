#include "flows/import/normflows_glow.hpp"

#include "flows/actnorm.hpp"
#include "flows/invertible_conv.hpp"
#include "flows/learned_prior.hpp"
#include "flows/multiscale.hpp"
#include "flows/squeeze.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

using Mixing = NormflowsGlowConfig::Mixing;

std::unique_ptr<Sequential> build_scale(const Shape& input, const NormflowsGlowConfig& config, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  flow->then<Squeeze>("squeeze", SqueezeOrder::channels);
  const int64_t c = flow->output_shape()[-1];
  for (int k = 0; k < config.steps; ++k) {
    flow->then<ActNormFlow>(text("steps.", k, ".actnorm"));
    if (config.mixing == Mixing::plu) flow->then<InvertibleConvPLU>(text("steps.", k, ".mix"), rng);
    else flow->then<InvertibleConv>(text("steps.", k, ".mix"), rng);
    auto law = normflows_law(config.law);
    auto partition = channel_partition(c, Keep::first);
    const int64_t in = partition->network_inputs(), out = law->outputs() * partition->transformed();
    const auto hidden = config.net_actnorm ? ConvNet::Hidden::actnorm : ConvNet::Hidden::bias;
    flow->then<Coupling>(text("steps.", k, ".coupling"), std::move(partition),
                         std::make_unique<ConvNet>(in, config.width, out, rng, hidden), std::move(law));
  }
  return flow;
}

void map_network(const NormflowsGlowConfig& config, StateMap& map, const std::string& theirs, const std::string& ours,
                 int64_t c) {
  const int stride = config.net_actnorm ? 3 : 2;
  for (int j = 0; j < 2; ++j) {
    const std::string conv = text(theirs, ".", stride * j), our_conv = text(ours, ".conv", j + 1);
    map.same(conv + ".weight", our_conv + ".weight", kConv);
    if (!config.net_actnorm) {
      map.same(conv + ".bias", our_conv + ".bias");
      continue;
    }
    const std::string norm = text(theirs, ".", stride * j + 1, ".actNorm");
    map.same(norm + ".s", text(ours, ".norm", j + 1, ".log_s"));
    map.same(norm + ".t", text(ours, ".norm", j + 1, ".b"));
    map.unused(norm + ".data_dep_init_done");
  }
  const std::string last = text(theirs, ".", 2 * stride);
  const int64_t rows = config.law == NormflowsLaw::additive ? c / 2 : c;
  const NormflowsLaw law = config.law;
  map.made_of({{last + ".weight", {rows, config.width, 3, 3}}}, ours + ".last.weight",
              [law](const auto& t) { return to_ours(normflows_outputs(law, t[0]), kConv); });
  map.made_of({{last + ".bias", {rows}}}, ours + ".last.bias",
              [law](const auto& t) { return normflows_outputs(law, t[0]); });
  map.ours_alone(ours + ".last.log_gain");  // 0: a gain of 1
}

void map_invertible_conv(StateMap& map, const std::string& theirs, const std::string& ours, Mixing mixing) {
  if (mixing == Mixing::conv) return map.same(theirs + ".W", ours + ".w");
  map.same(theirs + ".L", ours + ".lower");
  map.same(theirs + ".U", ours + ".upper");
  map.same(theirs + ".log_S", ours + ".log_s");
  map.same(theirs + ".sign_S", ours + ".sign");
  map.permutation_matrix(theirs + ".P", ours + ".permutation");
  map.unused(theirs + ".eye");
}

// The latents of a level, [h, w, c]. Theirs are counted from the coarsest, which comes last in ours.
struct Latents {
  int level;
  Shape shape;
};
std::vector<Latents> all_latents(const NormflowsGlowConfig& config) {
  std::vector<Latents> all;
  Shape at = config.data.input;
  for (int level = config.scales - 1; level >= 0; --level) {
    const Shape squeezed{at[0] / 2, at[1] / 2, 4 * at[2]};
    at = MultiScale::kept(squeezed);
    all.push_back({level, level == 0 ? squeezed : at});  // both halves have as many channels
  }
  return all;
}

// A moment of all latents side by side, [K, D], K = 1 without classes: `member` is loc or log_scale.
using Tensors = std::vector<std::pair<std::string, Shape>>;
Tensors moment_tensors(const NormflowsGlowConfig& config, const std::string& member, bool by_channel) {
  Tensors names;
  for (const auto& [level, s] : all_latents(config)) {
    const std::string name = text("q0.", level, ".", member);
    const int64_t k = config.classes;
    if (by_channel) {
      names.push_back({name, {1, s[2], 1, 1}});
      names.push_back({name + "_logs", {1, s[2], 1, 1}});
      if (k > 0) names.push_back({name + "_cc", {k, s[2]}});
    } else {
      names.push_back({name, k > 0 ? Shape{s[2], s[0], s[1], k} : Shape{1, s[2], s[0], s[1]}});
    }
  }
  return names;
}
Tensor moment(const NormflowsGlowConfig& config, std::span<const Tensor> theirs, bool by_channel) {
  std::vector<Tensor> parts;
  const int64_t k = std::max(config.classes, 1);
  size_t next = 0;
  for (const auto& [level, s] : all_latents(config)) {
    Tensor value = theirs[next++];
    if (by_channel) {
      value = math::multiply(value, math::exp(math::scale_offset(theirs[next++], 3, 0))).reshape({1, s[2]});
      if (config.classes > 0) value = math::add(value, theirs[next++]);
      value = math::add(value.reshape({k, 1, s[2]}), Tensor::zeros({1, s[0] * s[1], 1}));
    } else {
      value = to_ours(value, config.classes > 0 ? Axes{3, 1, 2, 0} : kImages);
    }
    parts.push_back(value.reshape({k, s.numel()}));
  }
  return math::concat(parts, 1);
}

void map_base(const NormflowsGlowConfig& config, StateMap& map) {
  const bool by_channel = map.has("q0.0.loc_logs") || map.has("q0.0.log_scale_logs");
  Tensors loc = moment_tensors(config, "loc", by_channel), log_scale = moment_tensors(config, "log_scale", by_channel);
  const auto moment_of = [=](const auto& t) { return moment(config, t, by_channel); };
  if (config.classes > 0) {
    map.made_of(loc, "base.mu", moment_of);
    map.made_of(log_scale, "base.log_sigma", moment_of);
    map.ours_alone("base.log_frequency");  // all classes alike
    return;
  }
  const auto n = static_cast<std::ptrdiff_t>(loc.size());
  loc.insert(loc.end(), log_scale.begin(), log_scale.end());
  map.made_of(loc, "prior.net.value", [=](const auto& t) {
    const std::vector<Tensor> mu(t.begin(), t.begin() + n), log_sigma(t.begin() + n, t.end());
    const Tensor both = math::concat(std::vector{moment_of(mu), moment_of(log_sigma)}, 0);
    return both.reshape({both.numel()});
  });
}

}  // namespace

std::unique_ptr<FlowModel> build_normflows_glow(const NormflowsGlowConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  const char* const where = "build_normflows_glow";
  require(input.rank() == 3, where, "it is for images [H, W, C], not for ", input);
  require(config.scales >= 1 && config.scales <= 16 && config.steps >= 1 && config.steps <= 1000 && config.width >= 1 &&
              config.width <= 65536 && config.classes >= 0,
          where, "scales must lie in 1..16, steps in 1..1000, width in 1..65536, classes not be negative");
  const int64_t divisor = int64_t{1} << config.scales;
  require(input[0] >= 1 && input[1] >= 1 && input[2] >= 1 && input[0] % divisor == 0 && input[1] % divisor == 0, where,
          "images of ", input, " cannot be halved ", config.scales, " times; their sizes must be multiples of ",
          divisor);
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  add_preprocessing(*flow, config.data);
  flow->then<MultiScale>("images", config.scales,
                         [&](const Shape& at, int, bool) { return build_scale(at, config, rng); });
  const int64_t d = input.numel();
  std::unique_ptr<Base> base = std::make_unique<StandardNormal>(d);
  if (config.classes > 0) base = std::make_unique<ClassConditionalNormal>(d, d, config.classes);
  else flow->then<LearnedPrior>("prior");
  return std::make_unique<FlowModel>(text("Glow (normflows) on ", input), std::move(flow), std::move(base));
}

NormflowsGlowConfig normflows_glow_of(const TensorFile& file) {
  NormflowsGlowConfig config;
  config.scales = count_of(file, "q0.");
  config.steps = count_of(file, "flows.0.");
  require(config.scales <= 16, "normflows_glow_of", config.scales, " levels");
  const std::string block = text("flows.", config.scales - 1, ".0.flows.");  // what stands next to the data
  const std::string net = block + "0.flows.1.param_map.net.";
  const Tensor& first = file.at(net + "0.weight");  // [width, c / 2, 3, 3]
  const int64_t c = file.at(block + "2.s").numel();
  require(first.rank() == 4, "normflows_glow_of", net, "0.weight has shape ", first.shape());
  if (c != 2 * first.shape()[1]) {
    fail<CheckpointError>(file.path, ": cannot be imported: couplings by checkerboard (", net, "0.weight has shape ",
                          first.shape(), ", at ", c, " channels by ", block, "2.s); known is split_mode=\"channel\"");
  }
  config.width = first.shape()[0];
  config.net_actnorm = holds_any(file, {net + "1.actNorm.s", net + "1.actNorm.t"});
  if (2 * file.at(net + (config.net_actnorm ? "6" : "4") + ".bias").numel() == c) config.law = NormflowsLaw::additive;
  config.mixing = holds_any(file, {block + "1.P", block + "1.log_S"}) ? Mixing::plu : Mixing::conv;
  const Tensor& loc = file.at("q0.0.loc");
  require(loc.rank() == 4, "normflows_glow_of", "q0.0.loc of shape ", loc.shape());
  const int64_t across = int64_t{1} << config.scales;
  Shape size{1, 32 / across, 32 / across};  // of the coarsest latents, [..., h, w]
  if (holds_any(file, {"q0.0.loc_logs", "q0.0.log_scale_logs"})) {
    if (holds(file, "q0.0.loc_cc")) config.classes = static_cast<int>(file.at("q0.0.loc_cc").shape()[0]);
  } else if (loc.shape()[0] == 1) {
    size = {1, loc.shape()[2], loc.shape()[3]};
  } else {
    size = {1, loc.shape()[1], loc.shape()[2]};
    config.classes = static_cast<int>(loc.shape()[3]);
  }
  config.data.input = {size[1] * across, size[2] * across, c / 4};
  return config;
}

void map_normflows_glow(const NormflowsGlowConfig& config, StateMap& map) {
  int64_t c = 4 * config.data.input[2];
  for (int i = 0; i < config.scales; ++i, c *= 2) {
    for (int k = 0; k < config.steps; ++k) {
      const std::string theirs = text("flows.", config.scales - 1 - i, ".", config.steps - 1 - k, ".flows."),
                        ours = text("images.scales.", i, ".steps.", k);
      map_normflows_actnorm(map, theirs + "2", {1, c, 1, 1}, ours + ".actnorm.affine");
      map_invertible_conv(map, theirs + "1", ours + ".mix", config.mixing);
      map_network(config, map, theirs + "0.flows.1.param_map.net", ours + ".coupling.net", c);
    }
  }
  map_base(config, map);
}

}  // namespace bijou
