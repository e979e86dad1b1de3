// RealNVP of chrischute/real-nvp: 2 scales on images of 8 x 8 x 3, in evaluation mode, as `bijou import` builds and loads
// it.
#include "flows/base.hpp"
#include "flows/import/chrischute_realnvp.hpp"
#include "flows/squeeze.hpp"
#include "tests/laws/oracle.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

const Shape kImage{8, 8, 3};

// Ours lays the latents side by side, those of the finer scale first; theirs puts them back into the image's layout:
// concat(coarse, fine), unsqueezed along the diagonals. So the order of the two pixels inside the fine half cannot be
// seen in their numbers; that of the coarse half can, by the weights behind it.
const Shape kSqueezed{4, 4, 12};

Tensor as_image(const Tensor& z) {
  const int64_t n = z.shape()[0], half = z.shape()[1] / 2;
  const auto part = [&](int64_t from) { return math::slice(z, 1, from, from + half).reshape({n, 4, 4, 6}); };
  const Unsqueeze unsqueeze(kSqueezed, SqueezeOrder::diagonal);
  return unsqueeze.forward(math::concat(std::vector{part(half), part(0)}, -1)).y.value();
}

Tensor as_latents(const Tensor& image) {
  const Tensor y = Unsqueeze(kSqueezed, SqueezeOrder::diagonal).inverse(image);
  const auto part = [&](int64_t from) {
    return math::slice(y, -1, from, from + 6).reshape({image.shape()[0], Tensor::kInfer});
  };
  return math::concat(std::vector{part(6), part(0)}, 1);
}

struct Peer {
  static constexpr const char* title = "realnvp of chrischute";
  static constexpr const char* file = "tests/oracles/realnvp_chrischute.safetensors";
  static constexpr const char* layer = R"(.*couplings\.\d+)";

  static void meet(Oracle& oracle) {
    const TensorFile state = state_of(oracle.file());
    ChrischuteRealNVPConfig config = chrischute_realnvp_of(state);
    config.data.input = kImage;
    const auto model = build_chrischute_realnvp(config, 1);
    const Flow& flow = model->bijection();
    Weights weights(oracle, state, flow);
    map_chrischute_realnvp(config, weights);
    const auto layer = [&](size_t i) -> const Flow& { return dynamic_cast<const Flow&>(*flow.children().at(i)); };
    const Flow &rescale = layer(0), &logit = layer(1), &couplings = layer(2);
    const int kLevels = config.data.levels;

    const Tensor image = to_ours(math::scale_offset(oracle.at("x"), kLevels - 1, 0), kImages);
    const Tensor x = math::add(image, to_ours(oracle.at("dequant_noise"), kImages));
    const StandardNormal base(kImage.numel());
    Tape tape;
    FlowResult result;
    Variable loss;
    {
      const Tape::Recording on(tape);
      result = flow.forward(x);
      loss = -mean(base.log_prob(result.y) + result.log_det);
    }
    tape.backward(loss);

    // Their log-determinants leave out the 1 / 256, their loss does not.
    const FlowResult p = rescale.forward(x), y = logit.forward(p.y);
    oracle.found("logit_y", to_theirs(y.y.value(), kImages));
    oracle.found("logit_ldj", y.log_det.value());
    oracle.found("z", to_theirs(as_image(result.y.value()), kImages));
    oracle.found("sldj_total", (result.log_det - p.log_det).value());
    oracle.found("loss_nll", loss.value());
    oracle.found("bits_per_dim", Tensor::scalar(bits_per_dim(loss.item(), kImage.numel())));
    oracle.found("bruteforce_flow_logdet_first2", whole_log_det(couplings, y.y.value(), 2));

    // Whole pixels and noise in [0, 1), out of their latents.
    const Tensor back = to_theirs(flow.inverse(as_latents(to_ours(oracle.at("z"), kImages))), kImages);
    Tensor pixels(back.shape());
    for (int64_t i = 0; i < back.numel(); ++i) pixels.mutable_data()[i] = std::floor(back.data()[i]);
    oracle.found("x", math::scale_offset(pixels, 1.0 / (kLevels - 1), 0));
    oracle.found("dequant_noise", math::subtract(back, pixels));
    weights.report();
  }
};

[[maybe_unused]] const bool registered = register_oracle<Peer>();

}  // namespace
