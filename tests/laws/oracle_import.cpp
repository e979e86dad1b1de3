// `bijou import`: a state dictionary goes in, a checkpoint comes out that gives the oracles' log-likelihood; what does
// not fit is listed.
#include "flows/checkpoint.hpp"
#include "flows/import/import.hpp"
#include "tests/helpers.hpp"
#include "tests/laws/oracle.hpp"

#include <unistd.h>

#include <cmath>
#include <filesystem>

using namespace bijou;
using namespace bijou_tests;

namespace {

struct Source {
  std::string name, oracle;
  ImportOptions options;
};
const Source kGlow{"rosinality-glow", "tests/oracles/glow_rosinality.safetensors", {.size = 8, .levels = 0}};
const Source kRealNVP{"chrischute-realnvp", "tests/oracles/realnvp_chrischute.safetensors", {.size = 8}};
const Source kNICE{"nflows", "tests/oracles/nice_nflows.safetensors", {}};
const Source kNflows{"nflows", "tests/oracles/realnvp_nflows.safetensors", {}};
const Source kNflowsPlain{"nflows", "tests/oracles/realnvp_nflows_plain.safetensors", {}};
const Source kBlocks{"normflows", "tests/oracles/realnvp_normflows.safetensors", {}};
const Source kSigmoid{"normflows", "tests/oracles/realnvp_normflows_sigmoid.safetensors", {.set = {"law=sigmoid"}}};
const Source kMasked{"normflows", "tests/oracles/masked_normflows.safetensors", {}};
const Source kNormflowsGlow{"normflows", "tests/oracles/glow_normflows.safetensors", {}};
const Source kGlowBase{"normflows", "tests/oracles/glow_normflows_base.safetensors", {.size = 8}};

TensorFile state(const Source& source) { return state_of(read_safetensors(source.oracle)); }

// Through a checkpoint, as the program does it.
std::unique_ptr<FlowModel> imported(const TensorFile& state, const Source& source) {
  const Imported made = import_flow(state, source.name, source.options);
  const std::string path = text(std::filesystem::temp_directory_path().string(), "/bijou-import-", getpid());
  save_flow(path, *made.model, made.config);
  SavedFlow saved = load_flow(path);
  std::filesystem::remove(path);
  return std::move(saved.model);
}

void gives(const FlowModel& model, const Tensor& x, double loss) {
  CHECK(std::abs(-mean(model.log_prob(x)).item() - loss) <= 1e-9 * std::abs(loss));
}

void agree(const Tensor& ours, const Tensor& theirs) {
  REQUIRE(ours.shape() == theirs.shape());
  for (int64_t i = 0; i < ours.numel(); ++i)
    CHECK(std::abs(ours.data()[i] - theirs.data()[i]) <= 1e-9 * std::abs(theirs.data()[i]));
}

Tensor* tensor_of(TensorFile& file, const std::string& name) {
  for (auto& [key, tensor] : file.tensors)
    if (key == name) return &tensor;
  FAIL("no ", name);
  return nullptr;
}

std::string refusal(const TensorFile& state, const Source& source) {
  return message<CheckpointError>([&] { import_flow(state, source.name, source.options); });
}

}  // namespace

TEST_CASE("import: the oracles' log-likelihood, out of a checkpoint") {
  const TensorFile glow = read_safetensors(kGlow.oracle), realnvp = read_safetensors(kRealNVP.oracle),
                   nice = read_safetensors(kNICE.oracle);
  gives(*imported(state(kGlow), kGlow), to_ours(glow.at("x"), kImages), glow.at("loss").item());
  const Tensor image = to_ours(math::scale_offset(realnvp.at("x"), 255, 0), kImages);
  gives(*imported(state(kRealNVP), kRealNVP), math::add(image, to_ours(realnvp.at("dequant_noise"), kImages)),
        realnvp.at("loss_nll").item());
  gives(*imported(state(kNICE), kNICE), nice.at("x"), nice.at("loss").item());
}

TEST_CASE("import: names with DataParallel's prefix") {
  TensorFile wrapped = state(kNICE);
  for (auto& [name, tensor] : wrapped.tensors) name = "module." + name;
  const TensorFile nice = read_safetensors(kNICE.oracle);
  gives(*imported(wrapped, kNICE), nice.at("x"), nice.at("loss").item());
}

// Its other two forms, which the oracle does not have, made of the one that it has.
TEST_CASE("import: glow-pytorch without the LU form: the same W, multiplied out") {
  TensorFile file = state(kGlow), whole{.tensors = {}, .metadata = {}, .path = file.path};
  for (auto& [name, tensor] : file.tensors) {
    const size_t at = name.find(".invconv.");
    if (at == std::string::npos) whole.tensors.emplace_back(name, tensor);
    if (at == std::string::npos || !name.ends_with("w_p")) continue;
    const std::string conv = name.substr(0, at) + ".invconv";
    const int64_t c = tensor.shape()[0];
    Tensor L = Tensor::zeros({c, c}), U = Tensor::zeros({c, c});
    for (int64_t i = 0; i < c; ++i) {
      for (int64_t j = 0; j < i; ++j) L.mutable_data()[i * c + j] = file.at(conv + ".w_l").data()[i * c + j];
      for (int64_t j = i + 1; j < c; ++j) U.mutable_data()[i * c + j] = file.at(conv + ".w_u").data()[i * c + j];
      L.mutable_data()[i * c + i] = 1;
      U.mutable_data()[i * c + i] = file.at(conv + ".s_sign").data()[i] * std::exp(file.at(conv + ".w_s").data()[i]);
    }
    whole.tensors.emplace_back(conv + ".weight", math::matmul(math::matmul(tensor, L), U).reshape({c, c, 1, 1}));
  }
  const TensorFile glow = read_safetensors(kGlow.oracle);
  gives(*imported(whole, kGlow), to_ours(glow.at("x"), kImages), glow.at("loss").item());
}

TEST_CASE("import: glow-pytorch's additive couplings: affine ones whose scale is 1") {
  TensorFile affine = state(kGlow), additive = affine;
  for (int level = 0; level < 2; ++level) {
    for (int k = 0; k < 2; ++k) {
      const std::string last = text("blocks.", level, ".flows.", k, ".coupling.net.4.");
      for (const char* member : {"conv.weight", "conv.bias", "scale"}) {
        Tensor &a = *tensor_of(affine, last + member), &b = *tensor_of(additive, last + member);
        const int axis = std::string(member) == "scale" ? 1 : 0;  // [1, c, 1, 1], and [c, ...]
        const int64_t c = a.shape()[axis], values = a.numel() / 2;
        b = math::slice(a, axis, c / 2, c);  // t, of (h, t)
        a = a.clone();
        // h = 40: sigmoid(h + 2) is 1 in double
        for (int64_t i = 0; i < values; ++i) a.mutable_data()[i] = std::string(member) == "conv.bias" ? 40 : 0;
      }
    }
  }
  const Tensor x = to_ours(read_safetensors(kGlow.oracle).at("x"), kImages);
  gives(*imported(additive, kGlow), x, -mean(imported(affine, kGlow)->log_prob(x)).item());
}

TEST_CASE("import: log p of each example of nflows' RealNVP and of normflows'") {
  for (const Source& source : {kNflows, kNflowsPlain, kBlocks, kSigmoid, kMasked}) {
    CAPTURE(source.oracle);
    const TensorFile oracle = read_safetensors(source.oracle);
    agree(imported(state(source), source)->log_prob(oracle.at("x")).value(), oracle.at("log_prob"));
  }
}

// Its images lie in [0, 1): 256 x are the levels with their noise, log p(256 x) = log p(x) - D log 256.
TEST_CASE("import: log p of each example of normflows' Glow") {
  for (const Source& source : {kNormflowsGlow, kGlowBase}) {
    CAPTURE(source.oracle);
    const TensorFile oracle = read_safetensors(source.oracle);
    const auto model = imported(state(source), source);
    const Tensor x = to_ours(math::scale_offset(oracle.at("x"), 256, 0), kImages);
    const double levels = static_cast<double>(x.numel() / x.shape()[0]) * std::log(256);
    std::vector<int> labels;
    if (model->has_classes())
      for (const Real y : oracle.at("y").data()) labels.push_back(static_cast<int>(y));
    CHECK(model->has_classes() == (source.oracle == kNormflowsGlow.oracle));
    const Variable ours = labels.empty() ? model->log_prob(x) : model->log_prob(x, labels);
    agree(math::scale_offset(ours.value(), 1, levels), oracle.at("log_prob"));
  }
}

TEST_CASE("import: every tensor that is missing, left over or misshapen is listed") {
  TensorFile file = state(kRealNVP);
  const std::string net = "flows.in_couplings.1.st_net.";
  *tensor_of(file, net + "out_conv.conv.bias") = Tensor::zeros({5});
  *tensor_of(file, net + "in_norm.weight") = Tensor::zeros({2, 3});
  std::erase_if(file.tensors, [&](const auto& t) { return t.first == net + "in_skip.conv.weight_g"; });
  file.tensors.emplace_back("optimizer.step", Tensor::zeros({1}));
  const std::string why = refusal(file, kRealNVP);
  CAPTURE(why);
  CHECK(why.find("4 tensors do not fit") != std::string::npos);
  for (const char* part :
       {"out_conv.conv.bias has shape [5], the model wants [6]", "in_norm.weight has shape [2, 3], the model wants [3]",
        "missing flows.in_couplings.1.st_net.in_skip.conv.weight_g", "left over optimizer.step [1]"}) {
    CHECK(why.find(part) != std::string::npos);
  }
}

// Each tensor of each kind of file in turn. What follows from the rest, or counts something, may be missing.
TEST_CASE("import: a tensor that is missing, or misshapen, is named, whichever it is") {
  const auto may_be_missing = [](const std::string& name) {
    for (const char* end : {"data_dep_init_done", ".eye", "_distribution._log_z", "num_batches_tracked"})
      if (name.ends_with(end)) return true;
    return false;
  };
  for (const Source& source :
       {kGlow, kRealNVP, kNICE, kNflows, kNflowsPlain, kBlocks, kMasked, kNormflowsGlow, kGlowBase}) {
    const TensorFile whole = state(source);
    for (const auto& [name, tensor] : whole.tensors) {
      CAPTURE(source.oracle);
      CAPTURE(name);
      TensorFile file = whole;
      std::erase_if(file.tensors, [&](const auto& t) { return t.first == name; });
      if (may_be_missing(name)) {
        CHECK_NOTHROW(import_flow(file, source.name, source.options));
        continue;
      }
      CHECK(refusal(file, source).find(name) != std::string::npos);
      file.tensors.emplace_back(name, Tensor::zeros({3, 1, 77}));
      CHECK(refusal(file, source).find(name) != std::string::npos);
    }
  }
}

TEST_CASE("import: a file whose shapes ask for far more than it holds is refused before anything is built") {
  const auto refused = [](const Source& source, const std::string& name, const Shape& shape) {
    TensorFile file = state(source);
    *tensor_of(file, name) = Tensor::zeros(shape);
    const std::string why = refusal(file, source);
    CAPTURE(why);
    CHECK(why.find("asks for more weights than the file holds") != std::string::npos);
  };
  constexpr int64_t kMany = 60000;
  refused(kGlow, "blocks.0.flows.0.coupling.net.0.weight", {kMany, 6, 1, 1});
  refused(kNormflowsGlow, "flows.1.0.flows.0.flows.1.param_map.net.0.weight", {kMany, 6, 1, 1});
  refused(kNormflowsGlow, "q0.0.loc", {1, 1, kMany, 1000});
  refused(kRealNVP, "flows.in_couplings.0.st_net.in_conv.conv.weight_v", {kMany, 6, 1, 1});
  refused(kNflows, "_transform._transforms.0.transform_net.initial_layer.weight", {kMany, 3});
  refused(kBlocks, "flows.0.flows.1.param_map.net.0.weight", {1, kMany * 10});
  refused(kMasked, "q0.loc", {1, kMany * 100});
}

TEST_CASE("import: all that is wrong is listed, not only the first") {
  for (const Source& source : {kGlow, kRealNVP, kNICE, kNflows, kBlocks, kMasked, kNormflowsGlow}) {
    TensorFile file = state(source);
    for (int i = 0; i < 40; ++i) file.tensors.emplace_back(text("another.", i), Tensor::zeros({2}));
    const std::string why = refusal(file, source);
    CAPTURE(why);
    CHECK(why.find("40 tensors do not fit") != std::string::npos);
    for (int i = 0; i < 40; ++i) CHECK(why.find(text("left over another.", i, " [2]")) != std::string::npos);
  }
}

TEST_CASE("import: other transforms are refused by name, with a tensor that says so") {
  const auto with = [](const Source& source, const std::vector<std::string>& names) {
    TensorFile file = state(source);
    for (const std::string& name : names) file.tensors.emplace_back(name, Tensor::zeros({2}));
    return refusal(file, source);
  };
  const std::string all = "_transform._transforms.";
  const std::string two = with(kNflows, {all + "7.log_scale", all + "8.autoregressive_net.final_layer.bias"});
  CHECK(two.find("an ActNorm (_transform._transforms.7.log_scale)") != std::string::npos);
  CHECK(two.find("an autoregressive transform (_transform._transforms.8.autoregressive_net.final_layer.bias)") !=
        std::string::npos);
  for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
           {"1._permutation", "a permutation"},
           {"1.lower_entries", "an LU linear transform"},
           {"0.transform_net.blocks.0.batch_norm_layers.0.weight", "batch_norm_within_layers=True"},
           {"0.transform_net.blocks.0.context_layer.weight", "a context"},
           {"0.unconditional_transform.unnormalized_widths", "an unconditional transform"},
           {"0.transform_net.blocks.0.conv_layers.0.weight", "convolutional networks"}}) {
    const std::string why = with(kNflows, {all + name});
    CAPTURE(why);
    CHECK(why.find(what) != std::string::npos);
    CHECK(why.find("(" + all + name + ")") != std::string::npos);
  }
  for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
           {"flows.0.mprqat.autoregressive_net.initial_layer.weight", "AutoregressiveRationalQuadraticSpline"},
           {"flows.0.prqct.transform_net.final_layer.bias", "CoupledRationalQuadraticSpline"},
           {"flows.0.autoregressive_net.initial_layer.weight", "MaskedAffineAutoregressive"},
           {"flows.1.iresblock.lamb", "Residual"},
           {"flows.1.u", "Planar"},
           {"flows.1.z_0", "Radial"},
           {"flows.1.perm", "Permute(mode=\"shuffle\")"},
           {"flows.1.linear.lower_entries", "LULinearPermute"},
           {"flows.1.log_S", "InvertibleAffine"},
           {"flows.1.eps", "BatchNorm"},
           {"flows.1.bound", "PeriodicWrap or PeriodicShift"},
           {"flows.1.log_step_size", "HamiltonianMonteCarlo"},
           {"q0.weight_scores", "GaussianMixture"},
           {"q0.W", "GaussianPCA"},
           {"q0.transform.s", "AffineGaussian"},
           {"flows.0.flows.1.param_map.net.5.scale", "MLP(output_scale)"}}) {
    const std::string why = with(kBlocks, {name});
    CAPTURE(why);
    CHECK(why.find(text(what, " (", name, ")")) != std::string::npos);
  }
}

TEST_CASE("import: what has no counterpart is refused") {
  TensorFile glow = state(kGlow);
  Tensor& scale = *tensor_of(glow, "blocks.0.flows.0.actnorm.scale");
  scale = math::negate(scale);
  CHECK(refusal(glow, kGlow).find("actnorm.scale holds a number that is not positive") != std::string::npos);
  glow = state(kGlow);
  Tensor& p = *tensor_of(glow, "blocks.1.flows.1.invconv.w_p");
  p = Tensor::full(p.shape(), 1);
  CHECK(refusal(glow, kGlow).find("blocks.1.flows.1.invconv.w_p is no permutation matrix") != std::string::npos);

  TensorFile nice = state(kNICE);
  std::swap(*tensor_of(nice, "_transform._transforms.2.identity_features"),
            *tensor_of(nice, "_transform._transforms.0.identity_features"));
  CHECK(refusal(nice, kNICE).find("identity_features") != std::string::npos);
  nice = state(kNICE);
  *tensor_of(nice, "_transform._transforms.0.transform_net.final_layer.bias") = Tensor::zeros({63});
  CHECK(refusal(nice, kNICE).find("final_layer.bias has 63 values for the 21 columns") != std::string::npos);
  TensorFile net = state(kNormflowsGlow);
  Tensor& first = *tensor_of(net, "flows.1.0.flows.0.flows.1.param_map.net.0.weight");
  first = math::concat(std::vector{first, first}, 1);
  CHECK(refusal(net, kNormflowsGlow).find("couplings by checkerboard") != std::string::npos);
  CHECK(refusal(state(kNICE), kGlow).find("blocks.0.flows.0.coupling.net.0.weight") != std::string::npos);
}

TEST_CASE("import: options that do not belong to the source") {
  const auto why = [](const Source& source, const ImportOptions& options) {
    return message<UsageError>([&] { import_flow(state(source), source.name, options); });
  };
  CHECK(why(kNICE, {.size = 8}).find("--size and --levels are for images") != std::string::npos);
  CHECK(why(kGlow, {.size = 6}).find("cannot be halved 2 times") != std::string::npos);
  CHECK(why(kGlow, {.set = {"lu=1"}}).find("'lu=1' sets nothing") != std::string::npos);
  CHECK(message<UsageError>([] { import_flow(state(kNICE), "tensorflow"); }).find("there are: rosinality-glow") !=
        std::string::npos);
}
