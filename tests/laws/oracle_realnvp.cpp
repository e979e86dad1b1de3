// RealNVP of chrischute/real-nvp: 2 scales on images of 8 x 8 x 3, in evaluation mode.
//
// Where that port of the released code differs from our presets: the coupling is (x + t) exp(s) with one c for each
// channel; the part with row + column odd stays first, and the second half of the channels; no normalisation between
// couplings; the networks have a MirroredInput, gains on all convolutions, and eps 1e-5; it squeezes colour by colour,
// and anew along the diagonals before it factors out.
#include "flows/base.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/model.hpp"
#include "flows/multiscale.hpp"
#include "flows/preprocess.hpp"
#include "flows/squeeze.hpp"
#include "tests/laws/oracle.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

constexpr int64_t kFeatures = 8, kBlocks = 1;
constexpr int kLevels = 256;
constexpr double kEps = 1e-5;
const Shape kImage{8, 8, 3};

Keep keep(int i) { return i % 2 == 0 ? Keep::second : Keep::first; }

void add_coupling(Sequential& flow, const std::string& name, std::unique_ptr<Partition> partition, double factor,
                  int64_t features, Rng& rng) {
  const int64_t in = partition->network_inputs(), out = partition->transformed();
  auto net = std::make_unique<Chain>(
      std::make_unique<MirroredInput>(in, factor, kEps),
      std::make_unique<ResNet>(2 * in, features, 2 * out, kBlocks, rng, WeightNormConv2d::Affine::gain, kEps));
  flow.then<Coupling>(name, std::move(partition), std::move(net),
                      std::make_unique<ShiftThenScaleLaw>(std::make_unique<TanhScale>(out)));
}

// The couplings have their names: in_couplings by checkerboard, out_couplings by channels.
std::unique_ptr<Sequential> build_scale(const Shape& input, bool last, int64_t features, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  for (int i = 0; i < (last ? 4 : 3); ++i) {
    add_coupling(*flow, text("in_couplings.", i), checkerboard_partition(input[0], input[1], input[2], keep(i)), 2,
                 features, rng);
  }
  if (last) return flow;
  flow->then<Squeeze>("squeeze", SqueezeOrder::channels);
  for (int i = 0; i < 3; ++i) {
    add_coupling(*flow, text("out_couplings.", i), channel_partition(flow->output_shape()[2], keep(i)), 1, 2 * features,
                 rng);
  }
  flow->then<Unsqueeze>("unsqueeze", SqueezeOrder::channels);
  flow->then<Squeeze>("resqueeze", SqueezeOrder::diagonal);
  return flow;
}

std::unique_ptr<MultiScale> build_couplings() {
  Rng rng(1);
  std::vector<std::unique_ptr<Sequential>> scales;
  scales.push_back(build_scale(kImage, false, kFeatures, rng));
  scales.push_back(build_scale(MultiScale::kept(scales[0]->output_shape()), true, 2 * kFeatures, rng));
  return std::make_unique<MultiScale>(kImage, std::move(scales));
}

// The same weight normalisation, w = g v / ||v||; a convolution that normalisation follows has no bias.
void map_conv(Weights& w, const std::string& theirs, const std::string& ours, bool bias = true) {
  w.same(theirs + ".conv.weight_v", ours + ".v", kConv);
  w.same(theirs + ".conv.weight_g", ours + ".gain");
  if (bias) w.same(theirs + ".conv.bias", ours + ".bias");
}

void map_norm(Weights& w, const std::string& theirs, const std::string& ours) {
  w.same(theirs + ".weight", ours + ".gain");
  w.same(theirs + ".bias", ours + ".offset");
  w.same(theirs + ".running_mean", ours + ".running.mean");
  w.same(theirs + ".running_var", ours + ".running.variance");
}

void map_network(Weights& w, const std::string& theirs, const std::string& ours) {
  const std::string resnet = ours + ".second.";
  map_norm(w, theirs + ".in_norm", ours + ".first.norm");
  map_conv(w, theirs + ".in_conv", resnet + "stem");
  map_conv(w, theirs + ".in_skip", resnet + "stem_skip");
  map_norm(w, theirs + ".blocks.0.in_norm", resnet + "blocks.0.norm1");
  map_conv(w, theirs + ".blocks.0.in_conv", resnet + "blocks.0.conv1", false);
  map_norm(w, theirs + ".blocks.0.out_norm", resnet + "blocks.0.norm2");
  map_conv(w, theirs + ".blocks.0.out_conv", resnet + "blocks.0.conv2");
  map_conv(w, theirs + ".skips.0", resnet + "blocks.0.skip");
  map_norm(w, theirs + ".out_norm", resnet + "last_norm");
  map_conv(w, theirs + ".out_conv", resnet + "last");
}

// Theirs: c = g v / |v|, one number v for each channel.  So dL/dg = dL/dc v / |v|, and
// dL/dv = dL/dc g (1 / |v| - v v / |v|^3) = 0: what is in the file is the rounding of two equal terms.
void map_scale(Weights& w, const std::string& theirs, const std::string& ours) {
  const Tensor g = to_ours(w.theirs(theirs + ".weight_g"), kFlat), v = to_ours(w.theirs(theirs + ".weight_v"), kFlat);
  const Tensor norm = math::abs(v), sign = math::divide(v, norm);
  w.set(ours, math::multiply(g, sign));
  const Variable& c = w.parameter(ours);
  w.back([=, &c](Oracle& oracle) {
    oracle.found("param:" + theirs + ".weight_g", math::abs(c.value()));
    oracle.found("param:" + theirs + ".weight_v", math::divide(math::multiply(g, v), math::abs(c.value())));
    oracle.found("grad:" + theirs + ".weight_g", math::multiply(c.gradient(), sign));
    const Tensor term = math::divide(math::multiply(c.gradient(), g), norm);
    const Tensor other = math::multiply(term, math::square(sign));
    oracle.found_zero("grad:" + theirs + ".weight_v", math::subtract(term, other), term);
  });
}

void load(Weights& w, const std::string& images) {
  const auto couplings = [&](const std::string& theirs, const std::string& ours, int count) {
    for (int i = 0; i < count; ++i) {
      map_network(w, text(theirs, i, ".st_net"), text(images, ours, i, ".net"));
      map_scale(w, text(theirs, i, ".rescale"), text(images, ours, i, ".law.scale.c"));
    }
  };
  couplings("flows.in_couplings.", "scales.0.in_couplings.", 3);
  couplings("flows.out_couplings.", "scales.0.out_couplings.", 3);
  couplings("flows.next_block.in_couplings.", "scales.1.in_couplings.", 4);
}

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
    // y = ((2 p - 1) constraint + 1) / 2 = alpha + (1 - 2 alpha) p.  p = (255 x + u) / 256.
    const double constraint = oracle.at("param:data_constraint").item(), alpha = (1 - constraint) / 2;
    Sequential flow(kImage);
    const Flow& rescale = flow.then<Rescale>("rescale", kLevels);
    const Flow& logit = flow.then<Logit>("logit", alpha);
    const Flow& couplings = flow.append("images", build_couplings());
    Weights weights(oracle, flow);
    load(weights, "images.");
    oracle.found("param:data_constraint", Tensor::scalar(1 - 2 * alpha));

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
