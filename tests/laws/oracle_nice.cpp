// NICE's additive couplings, as nflows has them in SimpleRealNVP: 4 couplings by parity on 43 columns, residual MLPs in
// them, and behind each a batch normalisation with running moments, gain and offset: here two layers, BatchNormFlow and
// ActNormFlow.
#include "flows/actnorm.hpp"
#include "flows/base.hpp"
#include "flows/batch_norm.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/sequential.hpp"
#include "tests/laws/oracle.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

constexpr int64_t kColumns = 43, kWidth = 16, kBlocks = 1;
constexpr int kCouplings = 4;
constexpr double kEps = 1e-5;

Keep keep(int i) { return i % 2 == 0 ? Keep::first : Keep::second; }

std::unique_ptr<Sequential> build() {
  Rng rng(1);
  auto flow = std::make_unique<Sequential>(Shape{kColumns});
  for (int i = 0; i < kCouplings; ++i) {
    auto partition = odd_even_partition(kColumns, keep(i));
    auto network =
        std::make_unique<ResidualMlp>(partition->network_inputs(), kWidth, partition->transformed(), kBlocks, rng);
    flow->then<Coupling>(text("couplings.", i), std::move(partition), std::move(network),
                         std::make_unique<AdditiveLaw>());
    flow->then<BatchNormFlow>(text("norms.", i), kEps);
    flow->then<ActNormFlow>(text("affines.", i));
  }
  return flow;
}

void map_linear(Weights& w, const std::string& theirs, const std::string& ours) {
  w.same(theirs + ".weight", ours + ".weight", kLinear);
  w.same(theirs + ".bias", ours + ".bias");
}

// Which columns stay and which change is in their file: ours are those of the partition.
void map_coupling(Weights& w, const std::string& theirs, const std::string& ours, Keep keep) {
  const std::string net = theirs + ".transform_net.";
  map_linear(w, net + "initial_layer", ours + ".net.first");
  map_linear(w, net + "blocks.0.linear_layers.0", ours + ".net.blocks.0.linear1");
  map_linear(w, net + "blocks.0.linear_layers.1", ours + ".net.blocks.0.linear2");
  map_linear(w, net + "final_layer", ours + ".net.last");
  w.back([=](Oracle& oracle) {
    Tensor columns({1, kColumns});
    for (int64_t i = 0; i < kColumns; ++i) columns.mutable_data()[i] = static_cast<Real>(i);
    const auto [stay, change] = odd_even_partition(kColumns, keep)->split(columns);
    oracle.found("param:" + theirs + ".identity_features", stay.value());
    oracle.found("param:" + theirs + ".transform_features", change.value());
  });
}

// Theirs: s = softplus(u) + eps.  Ours: s = exp(log_s).  log_s = log(softplus(u) + eps), so that
// dL/du = dL/dlog_s sigmoid(u) / s.
void map_norm(Weights& w, const std::string& theirs, const std::string& norm, const std::string& affine) {
  w.same(theirs + ".running_mean", norm + ".running.mean");
  w.same(theirs + ".running_var", norm + ".running.variance");
  w.same(theirs + ".bias", affine + ".affine.b");
  const Tensor u = w.theirs(theirs + ".unconstrained_weight");
  w.set(affine + ".affine.log_s", math::log(math::scale_offset(math::softplus(u), 1, kEps)));
  const Variable& log_s = w.parameter(affine + ".affine.log_s");
  w.back([=, &log_s](Oracle& oracle) {
    const Tensor s = math::exp(log_s.value());
    const Tensor softplus_u = math::scale_offset(s, 1, -kEps);  // u = log(exp(softplus u) - 1)
    oracle.found("param:" + theirs + ".unconstrained_weight",
                 math::log(math::scale_offset(math::exp(softplus_u), 1, -1)));
    oracle.found("grad:" + theirs + ".unconstrained_weight",
                 math::multiply(log_s.gradient(), math::divide(math::sigmoid(u), s)));
  });
}

struct Peer {
  static constexpr const char* title = "nice of nflows";
  static constexpr const char* file = "tests/oracles/nice_nflows.safetensors";
  static constexpr const char* layer = R"(_transform\._transforms\.\d+)";

  static void meet(Oracle& oracle) {
    const auto flow = build();
    Weights weights(oracle, *flow);
    for (int i = 0; i < kCouplings; ++i) {
      map_coupling(weights, text("_transform._transforms.", 2 * i), text("couplings.", i), keep(i));
      map_norm(weights, text("_transform._transforms.", 2 * i + 1), text("norms.", i), text("affines.", i));
    }

    const Variable x(oracle.at("x"), true);
    const StandardNormal base(kColumns);
    Tape tape;
    FlowResult result;
    Variable log_prob, loss;
    {
      const Tape::Recording on(tape);
      result = flow->forward(x);
      log_prob = base.log_prob(result.y) + result.log_det;
      loss = -mean(log_prob);
    }
    tape.backward(loss);

    oracle.found("z", result.y.value());
    oracle.found("logabsdet", result.log_det.value());
    oracle.found("log_prob", log_prob.value());
    oracle.found("loss", loss.value());
    oracle.found("grad_x", x.gradient());
    oracle.found("bruteforce_logdet_first2", whole_log_det(*flow, x.value(), 2));
    oracle.found("x", flow->inverse(oracle.at("z")));
    weights.report();
  }
};

[[maybe_unused]] const bool registered = register_oracle<Peer>();

}  // namespace
