// `bijou import`: a state dictionary goes in, a checkpoint comes out that gives the oracles' log-likelihood; what does
// not fit is listed.
#include "flows/checkpoint.hpp"
#include "flows/import/import.hpp"
#include "tests/helpers.hpp"
#include "tests/laws/oracle.hpp"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <numbers>

using namespace bijou;
using namespace bijou_tests;

namespace {

struct Source {
  const char *name, *oracle;
  ImportOptions options;
};
const Source kGlow{"rosinality-glow", "tests/oracles/glow_rosinality.safetensors", {.size = 8, .levels = 0}};
const Source kRealNVP{"chrischute-realnvp", "tests/oracles/realnvp_chrischute.safetensors", {.size = 8}};
const Source kNICE{"nflows", "tests/oracles/nice_nflows.safetensors", {}};

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

// No numbers of that program are at hand: these are its documented formulas, in its own direction, from latents to data.
//   z1, z2 = the halves of z;  (t_0, s_0, t_1, s_1, ...) = MLP(z1);  z2 -> z2 exp(s) + t;  then the halves are swapped
//   log q(x) = log N(z; loc, exp(log_scale)^2) - sum s
TEST_CASE("import: normflows' RealNVP is its documented formulas, from latents to data") {
  constexpr int64_t kDimensions = 4, kUnits = 5;
  for (const int couplings : {3, 4}) {
    Rng rng(11, stream("normflows"));
    TensorFile file{.tensors = {}, .metadata = {}, .path = "normflows"};
    const auto add = [&](const std::string& name, const Shape& shape) {
      file.tensors.emplace_back(name, math::scale_offset(Tensor::randn(shape, rng), 0.3, 0));
    };
    add("q0.loc", {1, kDimensions});
    add("q0.log_scale", {1, kDimensions});
    const std::vector<int64_t> sizes = {kDimensions / 2, kUnits, kUnits + 1, kDimensions};
    for (int i = 0; i < couplings; ++i) {
      for (size_t j = 0; j + 1 < sizes.size(); ++j) {
        const std::string layer = text("flows.", 2 * i, ".flows.1.param_map.net.", 2 * j);
        add(layer + ".weight", {sizes[j + 1], sizes[j]});
        add(layer + ".bias", {sizes[j + 1]});
      }
    }
    std::vector<double> z;
    double log_q = 0;
    for (int64_t d = 0; d < kDimensions; ++d) {
      const double e = rng.normal(), log_scale = file.at("q0.log_scale").data()[d];
      z.push_back(file.at("q0.loc").data()[d] + std::exp(log_scale) * e);
      log_q -= (e * e + std::log(2 * std::numbers::pi)) / 2 + log_scale;
    }
    for (int i = 0; i < couplings; ++i) {
      std::vector<double> h(z.begin(), z.begin() + kDimensions / 2);
      for (size_t j = 0; j + 1 < sizes.size(); ++j) {
        const std::string layer = text("flows.", 2 * i, ".flows.1.param_map.net.", 2 * j);
        const Tensor &w = file.at(layer + ".weight"), &b = file.at(layer + ".bias");
        std::vector<double> out;
        for (int64_t r = 0; r < sizes[j + 1]; ++r) {
          double sum = b.data()[r];
          for (int64_t c = 0; c < sizes[j]; ++c) sum += w.data()[r * sizes[j] + c] * h[static_cast<size_t>(c)];
          out.push_back(j + 2 < sizes.size() ? std::max(sum, 0.0) : sum);
        }
        h = out;
      }
      std::vector<double> swapped;
      for (size_t d = 0; d < kDimensions / 2; ++d) {
        swapped.push_back(z[kDimensions / 2 + d] * std::exp(h[2 * d + 1]) + h[2 * d]);
        log_q -= h[2 * d + 1];
      }
      swapped.insert(swapped.end(), z.begin(), z.begin() + kDimensions / 2);
      z = swapped;
    }
    REQUIRE(std::abs(log_q) < 100);  // nothing overflows
    const auto model = imported(file, {"normflows", "", {}});
    gives(*model, Tensor::from({1, kDimensions}, z), -log_q);
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
  *tensor_of(nice, "_transform._transforms.0.transform_net.final_layer.bias") = Tensor::zeros({42});
  CHECK(refusal(nice, kNICE).find("affine couplings of nflows") != std::string::npos);
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
