#include "flows/import/normflows_realnvp.hpp"

#include "flows/learned_prior.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Behind its last coupling stands a swap: seen from the data, the second half stays first.
Keep keep(int k) { return k % 2 == 0 ? Keep::second : Keep::first; }

std::string layer_name(int flow, int layer) { return text("flows.", 2 * flow, ".flows.1.param_map.net.", 2 * layer); }

void map_mlp(const NormflowsRealNVPConfig& config, StateMap& map, int k) {
  const int last = static_cast<int>(config.hidden.size());
  const int flow = config.couplings - 1 - k;
  for (int j = 0; j < last; ++j) {
    const std::string ours = text("couplings.", k, ".net.layers.", j);
    map.same(layer_name(flow, j) + ".weight", ours + ".weight", kLinear);
    map.same(layer_name(flow, j) + ".bias", ours + ".bias");
  }
  const std::string theirs = layer_name(flow, last), ours = text("couplings.", k, ".net.layers.", last);
  const int64_t d = config.data.input[0], units = last > 0 ? config.hidden.back() : d / 2;
  const int64_t rows = config.law == NormflowsLaw::additive ? d / 2 : d;
  const NormflowsLaw law = config.law;
  map.made_of({{theirs + ".weight", {rows, units}}}, ours + ".weight",
              [law](const auto& t) { return to_ours(normflows_outputs(law, t[0]), kLinear); });
  map.made_of({{theirs + ".bias", {rows}}}, ours + ".bias",
              [law](const auto& t) { return normflows_outputs(law, t[0]); });
}

}  // namespace

std::unique_ptr<FlowModel> build_normflows_realnvp(const NormflowsRealNVPConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  const char* const where = "build_normflows_realnvp";
  require(input.rank() == 1 && input[0] >= 2 && input[0] % 2 == 0, where,
          "it is for vectors of an even number of values, not for ", input);
  require(config.couplings >= 1 && config.couplings <= 1000, where, "couplings must lie in 1..1000");
  for (const int64_t units : config.hidden) require(units >= 1, where, "hidden layers must have at least one unit");
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  add_preprocessing(*flow, config.data);
  for (int k = 0; k < config.couplings; ++k) {
    auto law = normflows_law(config.law);
    auto network = std::make_unique<Mlp>(input[0] / 2, config.hidden, law->outputs() * (input[0] / 2), rng);
    flow->then<Coupling>(text("couplings.", k), channel_partition(input[0], keep(k)), std::move(network),
                         std::move(law));
  }
  flow->then<LearnedPrior>("prior");
  return std::make_unique<FlowModel>(text("RealNVP (normflows) on ", input), std::move(flow),
                                     std::make_unique<StandardNormal>(input[0]));
}

NormflowsRealNVPConfig normflows_realnvp_of(const TensorFile& file) {
  NormflowsRealNVPConfig config;
  const std::string first = layer_name(0, 0) + ".weight";  // [units, half of the columns]
  const Tensor& weight = file.at(first);
  require(weight.rank() == 2, "normflows_realnvp_of", first, " has shape ", weight.shape());
  config.data.input = Shape{2 * weight.shape()[1]};
  config.couplings = count_of(file, "flows.", 2);
  config.hidden.clear();
  const int layers = count_of(file, "flows.0.flows.1.param_map.net.", 2);
  for (int j = 0; j + 1 < layers; ++j) config.hidden.push_back(file.at(layer_name(0, j) + ".bias").numel());
  const int64_t out = file.at(layer_name(0, layers - 1) + ".bias").numel();
  if (out == weight.shape()[1]) config.law = NormflowsLaw::additive;
  return config;
}

void map_normflows_realnvp(const NormflowsRealNVPConfig& config, StateMap& map) {
  for (int k = 0; k < config.couplings; ++k) map_mlp(config, map, k);
  // An odd number of swaps leaves our halves the other way round.
  const int64_t d = config.data.input[0];
  const bool swapped = config.couplings % 2 == 1;
  const auto moments = [d, swapped](const auto& t) {
    std::vector<Tensor> parts;
    for (const Tensor& values : t) {
      const Tensor all = values.reshape({d}), first = math::slice(all, 0, 0, d / 2),
                   second = math::slice(all, 0, d / 2, d);
      parts.push_back(swapped ? second : first);
      parts.push_back(swapped ? first : second);
    }
    return math::concat(parts, 0);
  };
  map.made_of({{"q0.loc", {1, d}}, {"q0.log_scale", {1, d}}}, "prior.net.value", moments);
}

}  // namespace bijou
