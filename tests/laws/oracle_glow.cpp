// Glow of rosinality/glow-pytorch: 2 levels of 2 steps on images of 8 x 8 x 3, as `bijou import` builds and loads it.
#include "flows/base.hpp"
#include "flows/import/import.hpp"
#include "flows/multiscale.hpp"
#include "tests/laws/oracle.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

struct Model {
  explicit Model(const TensorFile& state) {
    config = rosinality_glow_of(state);
    config.data.input = {8, 8, 3};
    config.data.levels = 0;  // the oracle's images are real numbers
    model = build_rosinality_glow(config, 1);
    const Flow& images = dynamic_cast<const Flow&>(*model->bijection().children().at(0));
    fine = dynamic_cast<const Sequential*>(images.children().at(0).get());
    coarse = dynamic_cast<const Sequential*>(images.children().at(1).get());
  }
  RosinalityGlowConfig config;
  std::unique_ptr<FlowModel> model;
  const Sequential *fine, *coarse;
  const Flow& flow() const { return model->bijection(); }
  const Flow& prior(const Sequential& scale) const { return *scale.layers().back(); }
};

Tensor flat(const Tensor& x) { return x.reshape({x.shape()[0], Tensor::kInfer}); }
Tensor joined(const Tensor& a, const Tensor& b, int axis) { return math::concat(std::vector{a, b}, axis); }

// Theirs scores z under N(mu, sigma) where ours is standard normal after (z - mu) / sigma: what is before the priors,
// and their log-determinants.
struct Undone {
  Tensor fine, coarse;  // [N, 4, 4, 12], of which the second half is z0; z1 [N, 2, 2, 24]
  Tensor log_det;       // of both priors
};

Undone undo_priors(const Model& model, const Tensor& z) {
  const Shape out = model.fine->output_shape(), top = model.coarse->output_shape();
  const int64_t n = z.shape()[0], at = z.shape()[1] - top.numel(), half = out[2] / 2;
  const Tensor z0 = math::slice(z, 1, 0, at).reshape({n, out[0], out[1], half});
  const Tensor z1 = math::slice(z, 1, at, z.shape()[1]).reshape({n, top[0], top[1], top[2]});
  const Flow &fine = model.prior(*model.fine), &coarse = model.prior(*model.coarse);
  const Tensor y0 = fine.inverse(joined(model.coarse->inverse(z1), z0, -1)), y1 = coarse.inverse(z1);
  return {y0, y1, math::add(fine.forward(y0).log_det.value(), coarse.forward(y1).log_det.value())};
}

// Their latents -> x.
Tensor invert(const Model& model, const Tensor& z0, const Tensor& z1) {
  const Tensor top = model.prior(*model.coarse).forward(z1).y.value();
  const Tensor y0 = model.prior(*model.fine).forward(joined(model.coarse->inverse(top), z0, -1)).y.value();
  const int64_t c = y0.shape()[-1];
  return model.flow().inverse(joined(flat(math::slice(y0, -1, c / 2, c)), flat(top), 1));
}

struct Peer {
  static constexpr const char* title = "glow of rosinality";
  static constexpr const char* file = "tests/oracles/glow_rosinality.safetensors";
  static constexpr const char* layer = R"(.*?(actnorm|invconv|coupling|prior))";

  static void meet(Oracle& oracle) {
    const TensorFile state = state_of(oracle.file());
    const Model model(state);
    Weights weights(oracle, state, model.flow());
    map_rosinality_glow(model.config, weights);

    const Variable x(to_ours(oracle.at("x"), kImages), true);
    const StandardNormal base(x.shape().numel() / x.shape()[0]);
    Tape tape;
    Variable z, log_det, loss;
    {
      const Tape::Recording on(tape);
      const auto [y, log_abs_det] = model.flow().forward(x);
      z = y, log_det = log_abs_det;
      loss = -mean(base.log_prob(z) + log_det);
    }
    tape.backward(loss);

    const Undone undone = undo_priors(model, z.value());
    const int64_t c = undone.fine.shape()[-1];
    oracle.found("z0", to_theirs(math::slice(undone.fine, -1, c / 2, c), kImages));
    oracle.found("z1", to_theirs(undone.coarse, kImages));
    oracle.found("logdet", math::subtract(log_det.value(), undone.log_det));
    oracle.found("log_p", math::add(base.log_prob(z.value()).value(), undone.log_det));
    oracle.found("loss", loss.value());
    oracle.found("grad_x", to_theirs(x.gradient(), kImages));
    oracle.found("bruteforce_logdet_first2",
                 math::subtract(whole_log_det(model.flow(), x.value(), 2), undone.log_det.rows(0, 2)));
    oracle.found(
        "x", to_theirs(invert(model, to_ours(oracle.at("z0"), kImages), to_ours(oracle.at("z1"), kImages)), kImages));
    weights.report();
  }
};

[[maybe_unused]] const bool registered = register_oracle<Peer>();

}  // namespace
