// ActNorm: it starts from data once, by an explicit call, and never again. What a singular scale says.
#include "apps/fit.hpp"
#include "apps/trainer.hpp"
#include "flows/actnorm.hpp"
#include "flows/checkpoint.hpp"
#include "flows/coupling.hpp"
#include "flows/multiscale.hpp"
#include "tests/helpers.hpp"
#include "tests/unit/short_training.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>

using namespace bijou;
using bijou_tests::message;
using bijou_tests::values;
using bijou_tests::warnings;

namespace {

Variable& parameter(const Module& module, const std::string& name) {
  for (const auto& p : module.parameters()) {
    if (p.name == name) return *p.variable;
  }
  FAIL("no parameter is called ", name);
  throw 0;
}

std::vector<std::vector<double>> all_values(const Module& module) {
  std::vector<std::vector<double>> all;
  for (const auto& p : module.parameters()) all.push_back(values(p.variable->value()));
  for (const auto& b : module.buffers()) all.push_back(values(*b.tensor));
  return all;
}

// Each channel has mean 0 and variance 1.
void check_normal(const Tensor& y, const std::string& where) {
  const auto moments = math::moments(y);
  for (size_t c = 0; c < moments.mean.data().size(); ++c) {
    const double mean = moments.mean.data()[c], variance = moments.variance.data()[c];
    CHECK_MESSAGE(std::abs(mean) < 1e-4, where, ", channel ", c, ": mean ", mean);
    CHECK_MESSAGE(std::abs(variance - 1) < 1e-3, where, ", channel ", c, ": variance ", variance);
  }
}

// The layer with this name below a module.
template <class M>
M& below(const Module& module, const std::string& name) {
  for (const auto& c : module.children()) {
    if (c->name() == name) return dynamic_cast<M&>(*c);
  }
  FAIL("no child is called ", name);
  throw 0;
}

// Follows a batch through a flow, layer by layer, and looks at what each ActNorm makes of what arrives there, also inside
// the couplings' networks. Returns how many there were.
int follow(const Flow& flow, const Tensor& x) {
  int seen = 0;
  if (dynamic_cast<const ActNormFlow*>(&flow)) {
    check_normal(flow.forward(x).y.value(), flow.path());
    return 1;
  }
  if (dynamic_cast<const Coupling*>(&flow)) {
    const auto& net = below<Network>(flow, "net");
    if (!dynamic_cast<const ConvNet*>(&net)) return 0;
    const int64_t c = x.shape()[-1];
    const Tensor x_b = math::slice(x, -1, c / 2, c);
    const Tensor y1 = below<ActNorm>(net, "norm1")(below<Conv2d>(net, "conv1")(x_b)).value();
    check_normal(y1, net.path() + ".norm1");
    const Tensor h1 = math::relu(y1);
    check_normal(below<ActNorm>(net, "norm2")(below<Conv2d>(net, "conv2")(h1)).value(), net.path() + ".norm2");
    return 2;
  }
  Tensor h = x;
  for (const auto& child : flow.children()) {
    const auto* layer = dynamic_cast<const Flow*>(child.get());
    if (layer == nullptr) continue;
    seen += follow(*layer, h);
    h = layer->forward(h).y.value();
    if (dynamic_cast<const MultiScale*>(&flow)) h = math::slice(h, -1, 0, h.shape()[-1] / 2);
  }
  return seen;
}

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / text("bijou-actnorm-", ::getpid())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

GlowConfig small_glow() { return {.data = {.input = {8, 8, 1}, .levels = 17}, .scales = 2, .steps = 2, .width = 8}; }

}  // namespace

TEST_CASE("ActNorm: after initialize each channel has mean 0 and variance 1, of vectors and of images") {
  Rng rng(1);
  for (const Shape& s : {Shape{200, 5}, Shape{20, 3, 4, 5}}) {
    const Tensor offsets = Tensor::from({5}, {0, -3, 10, 0.5, 2}), scales = Tensor::from({5}, {1, 0.01, 20, 3, 0.4});
    const Tensor x = math::add(math::multiply(Tensor::randn(s, rng), scales), offsets);
    ActNormFlow flow(s.from(1));
    CHECK(values(flow.forward(x).y.value()) == values(x));  // before: the identity
    const Tensor y = flow.initialize(x);
    check_normal(y, "ActNormFlow");
    CHECK(values(y) == values(flow.forward(x).y.value()));
  }
}

TEST_CASE("ActNorm: in a whole Glow each one starts from the batch as it arrives there") {
  const Dataset digits = load_digits();
  for (const auto law : {GlowConfig::Law::affine, GlowConfig::Law::additive}) {
    GlowConfig config = small_glow();
    config.law = law;
    const auto model = build_glow(config, 3);
    const Tensor x = dequantise(digits.train.x.rows(0, 128), 17, 1);
    model->bijection().initialize(x);
    CHECK(follow(model->bijection(), x) == 2 * 2 * 3);  // scales, steps, and in each: one, and two in the network
  }
  const auto vectors = build_glow({.data = {.input = {3}}, .steps = 4, .hidden = {8}}, 3);
  Rng rng(2);
  const Tensor x = math::scale_offset(Tensor::randn({100, 3}, rng), 5, 2);
  vectors->bijection().initialize(x);
  CHECK(follow(vectors->bijection(), x) == 4);
}

TEST_CASE("ActNorm: forward and inverse never change a parameter") {
  const auto model = build_glow(small_glow(), 1);
  Rng rng(1);
  const Tensor x = Tensor::uniform({16, 8, 8, 1}, rng, 0, 17);
  const auto fresh = all_values(*model);
  model->log_prob(x);
  CHECK(all_values(*model) == fresh);  // not even the first forward
  model->bijection().initialize(x);
  const auto started = all_values(*model);
  CHECK(started != fresh);
  model->log_prob(math::scale_offset(x, 0.25, 3));
  model->sample(3, rng);
  CHECK(all_values(*model) == started);
}

TEST_CASE("ActNorm: a loaded model never initialises again") {
  const TemporaryFolder folder;
  const Dataset digits = load_digits();
  for (const bool classes : {false, true}) {
    GlowConfig config = small_glow();
    if (classes) config.classes = 10;
    ShortTraining training(digits, {config, {.batch_size = 32, .weight_norm_l2 = 0}}, 5, 1);
    training.steps(5);
    const FlowModel& trained = training.model();
    const Tensor x = dequantise(digits.test.x.rows(0, 40), 17, 2);
    Rng one(4);
    const auto log_p = values(trained.log_prob(x).value()), samples = values(trained.sample(5, one, 0.8));

    save_flow(folder.file("model.safetensors"), trained, config, {});
    const SavedFlow loaded = load_flow(folder.file("model.safetensors"));
    CHECK(all_values(*loaded.model) == all_values(trained));
    for (int again = 0; again < 3; ++again) {
      CHECK(values(loaded.model->log_prob(x).value()) == log_p);
      Rng other(4);
      CHECK(values(loaded.model->sample(5, other, 0.8)) == samples);
      loaded.model->log_prob(dequantise(digits.train.x.rows(20 * again, 20 * again + 7), 17, 3));  // other data between
    }
    CHECK(all_values(*loaded.model) == all_values(trained));
    save_flow(folder.file("again.safetensors"), *loaded.model, loaded.config, {});
    CHECK(bytes_of(folder.file("again.safetensors")) == bytes_of(folder.file("model.safetensors")));
  }
}

TEST_CASE("ActNorm: a constant channel gets a floor, and a warning that names layer and channel") {
  const auto model = build_glow({.data = {.input = {4, 4, 1}}, .scales = 1, .steps = 1, .width = 4}, 1);
  Rng rng(1);
  Tensor x = Tensor::randn({20, 4, 4, 1}, rng);
  for (int64_t i = 0; i < x.numel(); ++i) {
    if (i / 4 % 4 % 2 == 0 && i % 2 == 1) x.mutable_data()[i] = 3;  // the upper right pixel of each 2x2 square
  }
  const std::string said = warnings([&] { model->bijection().initialize(x); });
  CHECK(
      said ==
      "bijou: warning: ActNorm flow.images.scales.0.steps.0.actnorm.affine: channel 1 is constant in the data that it "
      "starts from (variance 0); its scale starts from a variance of 1e-07\n");
  const double log_s = parameter(*model, "flow.images.scales.0.steps.0.actnorm.affine.log_s").value().data()[1];
  CHECK(log_s == doctest::Approx(-0.5 * std::log(1e-7)).epsilon(1e-6));
  CHECK(math::all_finite(model->log_prob(x).value()));
}

TEST_CASE("ActNorm: a scale without inverse is an error that names layer and channel") {
  const auto model = build_glow(small_glow(), 1);
  Rng rng(1);
  const Tensor x = Tensor::uniform({2, 8, 8, 1}, rng, 0, 17);
  struct Case {
    Real log_s;
    const char* said;
  };
  constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
  for (const auto& [log_s, said] :
       {Case{-1000, "0"}, Case{-kInfinity, "0"}, Case{1000, "inf"}, Case{kInfinity, "inf"}}) {
    Variable& parameter_ = parameter(*model, "flow.images.scales.1.steps.0.actnorm.affine.log_s");
    const Tensor before = parameter_.value().clone();
    Tensor bad = before.clone();
    bad.mutable_data()[5] = log_s;
    parameter_.set_value(bad);
    const std::string expected =
        text("flow.images.scales.1.steps.0.actnorm.affine (ActNorm, 8 channels): its scale 5 is ", said,
             ", so the layer has no inverse (in training, try a smaller learning rate; a file with such a model is "
             "damaged)");
    CHECK(message<NonFiniteError>([&] { model->log_prob(x); }) == expected);
    CHECK(message<NonFiniteError>([&] { model->sample(1, rng); }) == expected);
    parameter_.set_value(before);
  }
  CHECK_NOTHROW(model->log_prob(x));
}

TEST_CASE("fit_to_data: the data-dependent layers see the first 256 training examples, and no others") {
  const auto fitted = [](const Dataset& data) {
    const auto model = build_glow(small_glow(), 1);
    fit_to_data(*model, data, 7);
    return all_values(*model);
  };
  const auto changed = [](int64_t row) {
    Dataset data = load_digits();
    Tensor x = data.train.x.clone();
    Real& pixel = x.mutable_data()[row * 64 + 27];
    pixel = pixel > 8 ? 0 : 16;
    data.train.x = x;
    return data;
  };
  const auto plain = fitted(load_digits());
  CHECK(fitted(changed(255)) != plain);
  CHECK(fitted(changed(0)) != plain);
  CHECK(fitted(changed(256)) == plain);
  CHECK(fitted(changed(1292)) == plain);

  const Dataset digits = load_digits();  // the very layer: normal over these examples
  const auto model = build_glow(small_glow(), 1);
  fit_to_data(*model, digits, 7);
  CHECK(follow(model->bijection(), dequantise(digits.train.x.rows(0, 256), 17, 7)) == 12);
}

TEST_CASE("fit_to_data: the checkpoint before the first step is the same for every batch size") {
  const TemporaryFolder folder;
  const Dataset digits = load_digits();
  std::vector<std::string> files;
  for (const int64_t batch_size : {16, 64, 300}) {
    const FlowConfig config = small_glow();
    const auto model = build_flow(config, 1);
    fit_to_data(*model, digits, 1);
    RunFolder run(folder.file(text("run-", batch_size)));
    const TrainSettings settings{.batch_size = batch_size};
    Trainer(*model, config, digits, settings, 0, 1, run, {}).run();
    files.push_back(bytes_of(run.last()));
  }
  CHECK(!files[0].empty());
  CHECK(files[0] == files[1]);
  CHECK(files[0] == files[2]);
}

TEST_CASE("fit_to_data: moments of what arrives at a layer, and the labels' frequencies") {
  Rng rng(1);
  const Dataset digits = load_digits();
  // NICE whitens what rescale gives; standardisation stands behind the logit.
  const auto nice = build_nice({.data = {.input = {8, 8, 1}, .levels = 17, .alpha = 0},
                                .whitening = NICEConfig::Whitening::zca,
                                .depths = {1, 1},
                                .width = 4},
                               1);
  fit_to_data(*nice, digits, 5);
  Tensor h = dequantise(digits.train.x, 17, 5);
  for (const auto& child : nice->bijection().children()) {
    h = dynamic_cast<const Flow&>(*child).forward(h).y.value();
    if (child->name() == "whiten") break;
  }
  const auto [mean, variance] = math::moments(h);
  for (int64_t d = 0; d < 64; ++d) {
    CHECK(std::abs(mean.data()[d]) < 2e-3);
    CHECK(variance.data()[d] == doctest::Approx(1).epsilon(2e-3));
  }

  GlowConfig config = small_glow();
  config.classes = 10;
  const auto glow = build_glow(config, 1);
  fit_to_data(*glow, digits, 5);
  std::vector<double> counts(10, 1);
  for (const int y : digits.train.labels) counts[static_cast<size_t>(y)] += 1;
  for (const auto& b : glow->buffers()) {
    if (b.name != "base.log_frequency") continue;
    for (size_t y = 0; y < 10; ++y) {
      CHECK(b.tensor->data()[y] == doctest::Approx(std::log(counts[y] / (1293.0 + 10))).epsilon(1e-5));
    }
    counts.clear();
  }
  CHECK(counts.empty());
}
