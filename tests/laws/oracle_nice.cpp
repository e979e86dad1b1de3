// NICE's additive couplings, as nflows has them in SimpleRealNVP: 4 couplings by parity on 43 columns, residual MLPs in
// them, and batch normalisation between them, as `bijou import` builds and loads it.
#include "flows/base.hpp"
#include "flows/import/nflows_realnvp.hpp"
#include "tests/laws/oracle.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

struct Peer {
  static constexpr const char* title = "nice of nflows";
  static constexpr const char* file = "tests/oracles/nice_nflows.safetensors";
  static constexpr const char* layer = R"(_transform\._transforms\.\d+)";

  static void meet(Oracle& oracle) {
    const TensorFile state = state_of(oracle.file());
    const NflowsRealNVPConfig config = nflows_realnvp_of(state);
    const auto model = build_nflows_realnvp(config, 1);
    const Flow* flow = &model->bijection();
    Weights weights(oracle, state, *flow);
    map_nflows_realnvp(config, weights);

    const Variable x(oracle.at("x"), true);
    const StandardNormal base(config.data.input[0]);
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
