#include "flows/import/nflows_realnvp.hpp"

#include "flows/actnorm.hpp"
#include "flows/batch_norm.hpp"
#include "flows/coupling_laws.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr double kEps = 1e-5;

Keep keep(int i) { return i % 2 == 0 ? Keep::first : Keep::second; }

// s = log(sigmoid(h + 2) + 1/1000): like Glow's released scale, but never below 1/1000.
class SigmoidAboveZeroScale : public ScaleLaw {
 public:
  Variable operator()(const Variable& h) const override { return log(sigmoid(h + 2) + 1e-3); }
  std::string describe() const override { return "s = log(sigmoid(h + 2) + 0.001)"; }
};

std::unique_ptr<CouplingLaw> make_law(const NflowsRealNVPConfig& config) {
  if (config.law == NflowsRealNVPConfig::Law::additive) return std::make_unique<AdditiveLaw>();
  return std::make_unique<AffineLaw>(std::make_unique<SigmoidAboveZeroScale>());
}

const Foreign kForeign[] = {
    {R"(\.autoregressive_net\.)", "an autoregressive transform"},
    {R"(\.log_scale$)", "an ActNorm"},
    {R"(\._permutation$)", "a permutation"},
    {R"(\.lower_entries$)", "an LU linear transform"},
    {R"(\.batch_norm_layers\.)", "batch normalisation within the networks (batch_norm_within_layers=True)"},
    {R"(\.context_layer\.)", "a network with a context"},
    {R"(\.unconditional_transform\.)", "an unconditional transform beside the couplings"},
    {R"(\.conv_layers\.)", "convolutional networks"},
};

// Theirs: all shifts, then all raw scales.  Ours: (h, t).
Tensor halves_swapped(const Tensor& rows) {
  const int64_t n = rows.shape()[0];
  return math::concat(std::vector{math::slice(rows, 0, n / 2, n), math::slice(rows, 0, 0, n / 2)}, 0);
}

void map_linear(StateMap& map, const std::string& theirs, const std::string& ours) {
  map.same(theirs + ".weight", ours + ".weight", kLinear);
  map.same(theirs + ".bias", ours + ".bias");
}

// Which columns stay and which change is in their file: ours are those of the partition.
void map_coupling(StateMap& map, const std::string& theirs, const std::string& ours, const NflowsRealNVPConfig& config,
                  Keep keep) {
  const std::string net = theirs + ".transform_net.", our_net = ours + ".net.";
  map_linear(map, net + "initial_layer", our_net + "first");
  for (int64_t j = 0; j < config.blocks; ++j) {
    map_linear(map, text(net, "blocks.", j, ".linear_layers.0"), text(our_net, "blocks.", j, ".linear1"));
    map_linear(map, text(net, "blocks.", j, ".linear_layers.1"), text(our_net, "blocks.", j, ".linear2"));
  }
  const int64_t d = config.data.input[0];
  if (config.law == NflowsRealNVPConfig::Law::additive) {
    map_linear(map, net + "final_layer", our_net + "last");
  } else {
    const int64_t rows = 2 * odd_even_partition(d, keep)->transformed();
    map.made_of({{net + "final_layer.weight", {rows, config.width}}}, our_net + "last.weight",
                [](const auto& t) { return to_ours(halves_swapped(t[0]), kLinear); });
    map.made_of({{net + "final_layer.bias", {rows}}}, our_net + "last.bias",
                [](const auto& t) { return halves_swapped(t[0]); });
  }
  Tensor columns({1, d});
  for (int64_t i = 0; i < d; ++i) columns.mutable_data()[i] = static_cast<Real>(i);
  const auto [stay, change] = odd_even_partition(d, keep)->split(columns);
  map.constant(theirs + ".identity_features", stay.value());
  map.constant(theirs + ".transform_features", change.value());
}

void map_norm(StateMap& map, const std::string& theirs, int i) {
  map.same(theirs + ".running_mean", text("norms.", i, ".running.mean"));
  map.same(theirs + ".running_var", text("norms.", i, ".running.variance"));
  map.same(theirs + ".bias", text("affines.", i, ".affine.b"));
  map.softplus_scale(theirs + ".unconstrained_weight", text("affines.", i, ".affine.log_s"), kEps);
}

}  // namespace

std::unique_ptr<FlowModel> build_nflows_realnvp(const NflowsRealNVPConfig& config, uint64_t seed) {
  const Shape input = config.data.input;
  const char* const where = "build_nflows_realnvp";
  require(input.rank() == 1 && input[0] >= 2, where, "it is for vectors of at least two values, not for ", input);
  require(config.couplings >= 1 && config.couplings <= 1000 && config.width >= 1 && config.blocks >= 0, where,
          "couplings must lie in 1..1000, the width be positive and blocks not negative");
  Rng rng(seed, stream("weights"));
  auto flow = std::make_unique<Sequential>(input);
  add_preprocessing(*flow, config.data);
  for (int i = 0; i < config.couplings; ++i) {
    auto partition = odd_even_partition(input[0], keep(i));
    auto law = make_law(config);
    auto network = std::make_unique<ResidualMlp>(partition->network_inputs(), config.width,
                                                 law->outputs() * partition->transformed(), config.blocks, rng);
    flow->then<Coupling>(text("couplings.", i), std::move(partition), std::move(network), std::move(law));
    if (!config.batch_norm) continue;
    flow->then<BatchNormFlow>(text("norms.", i), kEps);
    flow->then<ActNormFlow>(text("affines.", i));
  }
  return std::make_unique<FlowModel>(
      text(config.law == NflowsRealNVPConfig::Law::additive ? "NICE" : "RealNVP", " (nflows) on ", input),
      std::move(flow), std::make_unique<StandardNormal>(input[0]));
}

NflowsRealNVPConfig nflows_realnvp_of(const TensorFile& file) {
  refuse_foreign(file, kForeign, "SimpleRealNVP's couplings and the batch norm between them");
  NflowsRealNVPConfig config;
  const std::string all = "_transform._transforms.", first = all + "0.", net = first + "transform_net.";
  config.batch_norm = holds_any(file, {all + "1.unconstrained_weight", all + "1.running_mean"});
  config.couplings = count_of(file, all) / (config.batch_norm ? 2 : 1);
  const int64_t stay = file.at(first + "identity_features").numel(),
                change = file.at(first + "transform_features").numel();
  const Tensor& weight = file.at(net + "initial_layer.weight");
  require(weight.rank() == 2, "nflows_realnvp_of", net, "initial_layer.weight has shape ", weight.shape());
  config.width = weight.shape()[0];
  config.blocks = count_of(file, net + "blocks.");
  config.data.input = Shape{stay + change};
  const int64_t out = file.at(net + "final_layer.bias").numel();
  if (out != change && out != 2 * change) {
    fail<CheckpointError>(
        file.path, ": cannot be imported: ", net, "final_layer.bias has ", out, " values for the ", change,
        " columns of ", first,
        "transform_features, where additive couplings have one for each and affine ones two (splines?)");
  }
  config.law = out == change ? NflowsRealNVPConfig::Law::additive : NflowsRealNVPConfig::Law::affine;
  return config;
}

void map_nflows_realnvp(const NflowsRealNVPConfig& config, StateMap& map) {
  const int step = config.batch_norm ? 2 : 1;
  for (int i = 0; i < config.couplings; ++i) {
    const std::string all = "_transform._transforms.";
    map_coupling(map, text(all, step * i), text("couplings.", i), config, keep(i));
    if (config.batch_norm) map_norm(map, text(all, 2 * i + 1), i);
  }
  map.unused("_distribution._log_z");
}

}  // namespace bijou
