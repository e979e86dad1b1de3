#include "flows/import/normflows_masked.hpp"

#include "flows/actnorm.hpp"
#include "flows/learned_prior.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Of their k-th flow, the places that stay (b = 1) and those that change.
Keep keep(int flow) { return flow % 2 == 0 ? Keep::first : Keep::second; }
struct Places {
  std::vector<int64_t> stay, change;
};
Places places(int64_t d, Keep keep) {
  Places p;
  for (int64_t i = 0; i < d; ++i) ((i % 2 == 0) == (keep == Keep::first) ? p.stay : p.change).push_back(i);
  return p;
}

std::string flow_name(const NormflowsMaskedConfig& config, int flow) {
  return text("flows.", config.actnorm ? 2 * flow : flow);
}

// `net` is s or t. Both enter with a minus: (x - t) exp(-s).
void map_mlp(const NormflowsMaskedConfig& config, StateMap& map, int flow, const std::string& net) {
  const int64_t d = config.data.input[0];
  const auto [stay, change] = places(d, keep(flow));
  const size_t last = config.hidden.size();
  for (size_t j = 0; j <= last; ++j) {
    const std::string theirs = text(flow_name(config, flow), ".", net, ".net.", 2 * j),
                      ours = text("couplings.", config.couplings - 1 - flow, ".net.", net, ".layers.", j);
    const int64_t in = j == 0 ? d : config.hidden[j - 1], out = j == last ? d : config.hidden[j];
    map.made_of({{theirs + ".weight", {out, in}}}, ours + ".weight", [=, stay = stay, change = change](const auto& t) {
      Tensor w = j == 0 ? math::take(t[0], 1, stay) : t[0];
      if (j == last) w = math::negate(math::take(w, 0, change));
      return to_ours(w, kLinear);
    });
    map.made_of({{theirs + ".bias", {out}}}, ours + ".bias", [=, change = change](const auto& t) {
      return j == last ? math::negate(math::take(t[0], 0, change)) : t[0];
    });
  }
}

}  // namespace

std::unique_ptr<FlowModel> build_normflows_masked(const NormflowsMaskedConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  const char* const where = "build_normflows_masked";
  require(input.rank() == 1 && input[0] >= 2, where, "it is for vectors of at least two values, not for ", input);
  require(config.couplings >= 1 && config.couplings <= 1000, where, "couplings must lie in 1..1000");
  for (const int64_t units : config.hidden) require(units >= 1, where, "hidden layers must have at least one unit");
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  add_preprocessing(*flow, config.data);
  for (int k = 0; k < config.couplings; ++k) {
    if (config.actnorm) flow->then<ActNormFlow>(text("actnorms.", k));
    auto partition = odd_even_partition(input[0], keep(config.couplings - 1 - k));
    auto network = std::make_unique<TwoMlps>(partition->network_inputs(), config.hidden, partition->transformed(), rng);
    flow->then<Coupling>(text("couplings.", k), std::move(partition), std::move(network),
                         std::make_unique<ShiftThenScaleLaw>(std::make_unique<ExpScale>()));
  }
  flow->then<LearnedPrior>("prior");
  return std::make_unique<FlowModel>(text("RealNVP (normflows) on ", input), std::move(flow),
                                     std::make_unique<StandardNormal>(input[0]));
}

NormflowsMaskedConfig normflows_masked_of(const TensorFile& file) {
  NormflowsMaskedConfig config;
  config.data.input = Shape{file.at("q0.loc").numel()};
  config.actnorm = holds_any(file, {"flows.1.s", "flows.1.t"});
  config.couplings = count_of(file, "flows.") / (config.actnorm ? 2 : 1);
  config.hidden.clear();
  const int layers = count_of(file, "flows.0.s.net.", 2);
  for (int j = 0; j + 1 < layers; ++j) config.hidden.push_back(file.at(text("flows.0.s.net.", 2 * j, ".bias")).numel());
  return config;
}

void map_normflows_masked(const NormflowsMaskedConfig& config, StateMap& map) {
  const int64_t d = config.data.input[0];
  for (int i = 0; i < config.couplings; ++i) {
    Tensor mask = Tensor::zeros({d});
    for (const int64_t place : places(d, keep(i)).stay) mask.mutable_data()[place] = 1;
    map.constant(flow_name(config, i) + ".b", mask);
    map_mlp(config, map, i, "s");
    map_mlp(config, map, i, "t");
    if (config.actnorm)
      map_normflows_actnorm(map, text("flows.", 2 * i + 1), {1, d},
                            text("actnorms.", config.couplings - 1 - i, ".affine"));
  }
  map.made_of({{"q0.loc", {1, d}}, {"q0.log_scale", {1, d}}}, "prior.net.value",
              [d](const auto& t) { return math::concat(t, 0).reshape({2 * d}); });
}

}  // namespace bijou
