// Glow of rosinality/glow-pytorch: 2 levels of 2 steps on images of 8 x 8 x 3.
//
// Where that code differs from our presets: it squeezes colour by colour (SqueezeOrder::channels), the first half of
// the channels stays and steers, the coupling is (x + t) sigmoid(h + 2), its networks have biases in place of ActNorms,
// and zero convolutions are padded with ones. Each is a layer of ours already; the map below is of names.
#include "flows/actnorm.hpp"
#include "flows/base.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/invertible_conv.hpp"
#include "flows/learned_prior.hpp"
#include "flows/multiscale.hpp"
#include "flows/squeeze.hpp"
#include "tests/laws/oracle.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

constexpr int64_t kWidth = 16;
constexpr int kSteps = 2;
constexpr auto kOnes = ZeroConv2d::Padding::ones;

std::unique_ptr<Sequential> build_scale(const Shape& input, bool last, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  flow->then<Squeeze>("squeeze", SqueezeOrder::channels);
  const int64_t c = flow->output_shape()[-1];
  for (int k = 0; k < kSteps; ++k) {
    flow->then<ActNormFlow>(text("flows.", k, ".actnorm"));
    flow->then<InvertibleConvPLU>(text("flows.", k, ".invconv"), rng);
    flow->then<Coupling>(text("flows.", k, ".coupling"), channel_partition(c, Keep::first),
                         std::make_unique<ConvNet>(c / 2, kWidth, c, rng, ConvNet::Hidden::bias, kOnes),
                         std::make_unique<ShiftThenScaleLaw>(std::make_unique<SigmoidScale>()));
  }
  if (last) {
    flow->then<LearnedPrior>("prior", std::make_unique<ZeroConvNet>(c, 2 * c, 3, kOnes));
  } else {
    flow->then<Coupling>("prior", channel_partition(c, Keep::first), std::make_unique<ZeroConvNet>(c / 2, c, 3, kOnes),
                         std::make_unique<ConditionalNormalLaw>());
  }
  return flow;
}

struct Model {
  std::unique_ptr<MultiScale> flow;
  Sequential *fine, *coarse;
  const Flow& prior(const Sequential& scale) const { return *scale.layers().back(); }
};

Model build() {
  Rng rng(1);
  std::vector<std::unique_ptr<Sequential>> scales;
  scales.push_back(build_scale({8, 8, 3}, false, rng));
  scales.push_back(build_scale(MultiScale::kept(scales[0]->output_shape()), true, rng));
  Sequential *fine = scales[0].get(), *coarse = scales[1].get();
  return {std::make_unique<MultiScale>(Shape{8, 8, 3}, std::move(scales)), fine, coarse};
}

// Theirs: y = scale (x + loc).  Ours: y = exp(log_s) x + b.  log_s = log scale, b = scale loc, so that
// dL/dscale = dL/dlog_s / scale + dL/db loc,  dL/dloc = dL/db scale.
void map_actnorm(Weights& w, const std::string& theirs, const std::string& ours) {
  const Tensor scale = to_ours(w.theirs(theirs + ".scale"), kFlat), loc = to_ours(w.theirs(theirs + ".loc"), kFlat);
  w.set(ours + ".affine.log_s", math::log(scale));
  w.set(ours + ".affine.b", math::multiply(scale, loc));
  const Variable &log_s = w.parameter(ours + ".affine.log_s"), &b = w.parameter(ours + ".affine.b");
  w.back([=, &log_s, &b](Oracle& oracle) {
    const Tensor s = math::exp(log_s.value());
    oracle.found("param:" + theirs + ".scale", s);
    oracle.found("param:" + theirs + ".loc", math::divide(b.value(), s));
    oracle.found("grad:" + theirs + ".scale",
                 math::add(math::divide(log_s.gradient(), s), math::multiply(b.gradient(), loc)));
    oracle.found("grad:" + theirs + ".loc", math::multiply(b.gradient(), s));
  });
}

// The same factors. Their permutation is a matrix, (P v)_i = sum_j P_ij v_j; ours an index, (P v)_i = v_p(i).
// Their constant parts of L and U (masks, the unit diagonal) are not in the file.
void map_invertible_conv(Weights& w, const std::string& theirs, const std::string& ours) {
  const auto matrix = [&](const char* t, const char* o) { w.same(theirs + t, ours + o, {0, 1}); };
  matrix(".w_l", ".lower");
  matrix(".w_u", ".upper");
  w.same(theirs + ".w_s", ours + ".log_s");
  w.same(theirs + ".s_sign", ours + ".sign");
  const Tensor P = w.theirs(theirs + ".w_p");
  const int64_t c = P.shape()[0];
  Tensor index({c}), count({c, 1});
  for (int64_t j = 0; j < c; ++j) count.mutable_data()[j] = static_cast<Real>(j);
  w.set(ours + ".permutation", math::matmul(P, count).reshape({c}));
  const Tensor p = math::matmul(P, count);
  w.back([=](Oracle& oracle) {
    Tensor again = Tensor::zeros({c, c});
    for (int64_t i = 0; i < c; ++i) again.mutable_data()[i * c + static_cast<int64_t>(p.data()[i])] = 1;
    oracle.found("param:" + theirs + ".w_p", again);
  });
}

void map_zero_conv(Weights& w, const std::string& theirs, const std::string& ours) {
  w.same(theirs + ".conv.weight", ours + ".weight", kConv);
  w.same(theirs + ".conv.bias", ours + ".bias");
  w.same(theirs + ".scale", ours + ".log_gain");
}

void load(Weights& w) {
  for (int level = 0; level < 2; ++level) {
    for (int k = 0; k < kSteps; ++k) {
      const std::string theirs = text("blocks.", level, ".flows.", k), ours = text("scales.", level, ".flows.", k);
      map_actnorm(w, theirs + ".actnorm", ours + ".actnorm");
      map_invertible_conv(w, theirs + ".invconv", ours + ".invconv");
      for (const auto& [net, conv] :
           {std::pair(".coupling.net.0", ".coupling.net.conv1"), std::pair(".coupling.net.2", ".coupling.net.conv2")}) {
        w.same(theirs + net + ".weight", ours + conv + ".weight", kConv);
        w.same(theirs + net + ".bias", ours + conv + ".bias");
      }
      map_zero_conv(w, theirs + ".coupling.net.4", ours + ".coupling.net.last");
    }
    map_zero_conv(w, text("blocks.", level, ".prior"), text("scales.", level, ".prior.net.conv"));
  }
}

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
  return model.flow->inverse(joined(flat(math::slice(y0, -1, c / 2, c)), flat(top), 1));
}

struct Peer {
  static constexpr const char* title = "glow of rosinality";
  static constexpr const char* file = "tests/oracles/glow_rosinality.safetensors";
  static constexpr const char* layer = R"(.*?(actnorm|invconv|coupling|prior))";

  static void meet(Oracle& oracle) {
    const Model model = build();
    Weights weights(oracle, *model.flow);
    load(weights);

    const Variable x(to_ours(oracle.at("x"), kImages), true);
    const StandardNormal base(x.shape().numel() / x.shape()[0]);
    Tape tape;
    Variable z, log_det, loss;
    {
      const Tape::Recording on(tape);
      const auto [y, log_abs_det] = model.flow->forward(x);
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
                 math::subtract(whole_log_det(*model.flow, x.value(), 2), undone.log_det.rows(0, 2)));
    oracle.found(
        "x", to_theirs(invert(model, to_ours(oracle.at("z0"), kImages), to_ours(oracle.at("z1"), kImages)), kImages));
    weights.report();
  }
};

[[maybe_unused]] const bool registered = register_oracle<Peer>();

}  // namespace
