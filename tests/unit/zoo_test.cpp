// The three models under one roof: names, presets, what a configuration builds, and what it cannot.
#include "apps/density.hpp"
#include "apps/fit.hpp"
#include "flows/permutation.hpp"
#include "flows/zoo.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace bijou;
using bijou_tests::message;
using bijou_tests::values;

namespace {

std::vector<std::string> names(const Module& module) {
  std::vector<std::string> all;
  for (const auto& p : module.parameters()) all.push_back(p.name);
  for (const auto& b : module.buffers()) all.push_back(b.name);
  return all;
}

bool has(const std::vector<std::string>& all, const std::string& name) { return std::ranges::count(all, name) == 1; }

Tensor& buffer(const Module& module, const std::string& name) {
  for (const auto& b : module.buffers()) {
    if (b.name == name) return *b.tensor;
  }
  FAIL("no buffer is called ", name);
  throw 0;
}

const DataSpec kDigits{.input = {8, 8, 1}, .levels = 17};

}  // namespace

TEST_CASE("zoo: families and presets by their names; unknown ones list what there is") {
  CHECK(families() == std::vector<std::string>{"nice", "realnvp", "glow"});
  CHECK(family_title("nice") == "NICE");
  CHECK(family_title("glow") == "Glow");
  for (const std::string& family : families()) {
    for (const char* preset : {"digits", "mnist", "toy", "table", "cifar10"}) {
      CHECK(family_of(flow_preset(family, preset)) == family);
    }
    for (const char* preset : {"digits", "toy", "table"}) {
      const FlowConfig config = flow_preset(family, preset);
      CHECK(build_flow(config, 1)->title() == text(family_title(family), " on ", data_of(config).input));
    }
  }
  CHECK(message<UsageError>([] { flow_preset("flow", "digits"); }) ==
        "unknown model 'flow'; there are: nice, realnvp, glow");
  CHECK(message<UsageError>([] { flow_preset("glow", "tfd"); }) ==
        "unknown preset 'tfd' for glow; there are: digits, mnist, toy, table, cifar10, imagenet32, imagenet64");
  CHECK(scales_of(flow_preset("glow", "cifar10")) == 3);
  CHECK(scales_of(flow_preset("glow", "toy")) == 0);
  CHECK(scales_of(flow_preset("nice", "digits")) == 0);
  CHECK(classes_of(GlowConfig{.classes = 4}) == 4);
  CHECK(classes_of(NICEConfig{}) == 0);
}

TEST_CASE("Glow: what each member of its configuration builds") {
  const auto glow = [](GlowConfig config) {
    config.data = kDigits, config.steps = 2, config.width = 4, config.scales = 2;
    return build_glow(config, 1);
  };
  const std::string mix = "flow.images.scales.0.steps.1.mix";
  const auto plain = names(*glow({}));
  CHECK(has(plain, mix + ".w"));
  CHECK(has(plain, "flow.images.scales.0.prior.net.conv.weight"));  // the split's prior
  CHECK(has(plain, "flow.images.scales.1.prior.net.value"));        // the top's
  CHECK(!has(plain, "flow.images.scales.1.prior.net.conv.weight"));
  CHECK(has(names(*glow({.mixing = GlowConfig::Mixing::plu})), mix + ".log_s"));
  CHECK(values(buffer(*glow({.mixing = GlowConfig::Mixing::reverse}), mix + ".order")) ==
        std::vector<double>{3, 2, 1, 0});
  const auto shuffled = glow({.mixing = GlowConfig::Mixing::shuffle});
  auto order = values(buffer(*shuffled, "flow.images.scales.1.steps.0.mix.order"));
  CHECK(order.size() == 8);
  std::ranges::sort(order);
  CHECK(order == std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(!has(names(*glow({.learned_top = false})), "flow.images.scales.1.prior.net.value"));

  const auto classes = glow({.classes = 3});
  CHECK(classes->classes() == 3);
  CHECK(!has(names(*classes), "flow.images.scales.1.prior.net.value"));  // instead of it
  for (const auto& p : classes->parameters()) {
    if (p.name == "base.mu") CHECK(p.variable->shape() == Shape{3, 32});  // of the top's latents: 2 x 2 x 8
  }
  const auto describes = [&](const GlowConfig& config, const std::string& word) {
    return glow(config)->summary().find(word) != std::string::npos;
  };
  CHECK(describes({}, "affine, s = log sigmoid(h + 2)"));
  CHECK(describes({.scale = GlowConfig::Scale::exp}, "affine, s = h"));
  CHECK(describes({.law = GlowConfig::Law::additive}, "additive"));
}

TEST_CASE("Glow: in a step the first half of the channels is moved; the split's prior moves what is factored out") {
  const auto model = build_glow({.data = kDigits, .scales = 2, .steps = 1, .width = 4}, 1);
  const auto child = [](const Module& module, const std::string& name) -> const Flow& {
    for (const auto& c : module.children()) {
      if (c->name() == name) return dynamic_cast<const Flow&>(*c);
    }
    FAIL("no child is called ", name);
    throw 0;
  };
  Rng rng(1);
  for (const auto& p : model->parameters()) p.variable->set_value(Tensor::randn(p.variable->shape(), rng));
  const Flow& scale = child(child(model->bijection(), "images"), "scales.0");
  const Tensor x = Tensor::randn({2, 4, 4, 4}, rng);
  for (const auto& [name, moved] : {std::pair{"steps.0.coupling", 0}, std::pair{"prior", 2}}) {
    const Tensor y = child(scale, name).forward(x).y.value();
    for (int64_t i = 0; i < x.numel(); ++i) {
      const bool stays = i % 4 / 2 * 2 != moved;
      CHECK((x.data()[i] == y.data()[i]) == stays);
    }
  }
}

TEST_CASE("NICE: each coupling moves the half that the one before it left") {
  for (const auto halves : {NICEConfig::Halves::odd_even, NICEConfig::Halves::first_last}) {
    const auto model =
        build_nice({.data = {.input = {4}, .alpha = 0}, .halves = halves, .depths = {1, 1, 1}, .width = 8}, 1);
    Rng rng(1);
    for (const auto& p : model->parameters()) p.variable->set_value(Tensor::randn(p.variable->shape(), rng));
    const Tensor x = Tensor::randn({1, 4}, rng);
    int64_t coupling = 0;
    for (const auto& child : model->bijection().children()) {
      if (child->name().find("couplings") != 0) continue;
      const Tensor y = dynamic_cast<const Flow&>(*child).forward(x).y.value();
      for (int64_t d = 0; d < 4; ++d) {
        const int64_t half = halves == NICEConfig::Halves::odd_even ? d % 2 : d / 2;
        CHECK((x.data()[d] == y.data()[d]) == (half == coupling % 2));
      }
      ++coupling;
    }
    CHECK(coupling == 3);
  }
}

TEST_CASE("zoo: a configuration that makes no model says which member, and what it may be") {
  const auto glow = [](const GlowConfig& config) { return message<ValueError>([&] { build_glow(config, 1); }); };
  CHECK(glow({.data = kDigits, .scales = 40}) == "build_glow: scales must lie in 1..16, got 40");
  CHECK(glow({.data = kDigits, .scales = 0}) == "build_glow: scales must lie in 1..16, got 0");
  CHECK(glow({.data = kDigits, .scales = 1, .steps = 0}) == "build_glow: steps must lie in 1..1000, got 0");
  CHECK(glow({.data = kDigits, .scales = 1, .width = -1}) == "build_glow: width must lie in 1..65536, got -1");
  CHECK(glow({.data = kDigits, .scales = 1, .classes = -1}) ==
        "build_glow: the number of classes must not be negative, got -1");
  CHECK(glow({.data = {.input = {2}}, .hidden = {8, 0}}) ==
        "build_glow: hidden layers must have 1..65536 units, got 0");
  CHECK(glow({.data = kDigits, .scales = 4}).find("images of 8 x 8 cannot be halved 4 times") != std::string::npos);
  CHECK(message<ValueError>([] { build_realnvp({.data = {.input = {2}}, .hidden = {-4}}, 1); }) ==
        "build_realnvp: hidden layers must have at least one unit, got -4");
  DataSpec spec = kDigits;
  spec.alpha = -1;
  CHECK(message<ValueError>([&] { build_nice({.data = spec}, 1); }) ==
        "add_preprocessing: the logit's alpha must not be negative, got -1");
  spec = kDigits;
  spec.standardize = true;
  CHECK(message<ValueError>([&] { build_glow({.data = spec}, 1); }) ==
        "add_preprocessing: standardize is for vectors, not for [8, 8, 1]");
}

TEST_CASE("permutation: one that is damaged is refused, with the layer's name") {
  const auto model =
      build_glow({.data = kDigits, .scales = 1, .steps = 1, .width = 4, .mixing = GlowConfig::Mixing::shuffle}, 1);
  const std::string name = "flow.images.scales.0.steps.0.mix";
  const Tensor x = Tensor::full({1, 8, 8, 1}, 8);
  const auto said = [&](const std::vector<double>& order) {
    buffer(*model, name + ".order") = Tensor::from({4}, order);
    return message<CheckpointError>([&] { model->log_prob(x); });
  };
  const std::string begin = name + " (Permutation of 4 channels): its permutation holds ",
                    end = "; the checkpoint is damaged, use another one";
  CHECK(said({0, 1, 2, 1}) == begin + "1 twice" + end);
  CHECK(said({0, 1, 2, 4}) == begin + "4, which is no index below 4" + end);
  CHECK(said({-1, 1, 2, 3}) == begin + "-1, which is no index below 4" + end);
  CHECK(said({0, 0.5, 2, 3}) == begin + "0.5, which is no index below 4" + end);
  buffer(*model, name + ".order") = Tensor::from({4}, {2, 0, 3, 1});
  CHECK_NOTHROW(model->log_prob(x));
}

TEST_CASE("class figures: log p(x), log p(x | y), and how often the likeliest class is the label") {
  GlowConfig config{.data = kDigits, .scales = 1, .steps = 1, .width = 4, .classes = 10};
  const auto model = build_glow(config, 1);
  Rng rng(1);
  for (const auto& p : model->parameters()) {
    if (p.name.starts_with("base.")) {
      p.variable->set_value(math::scale_offset(Tensor::randn(p.variable->shape(), rng), 0.3, 0));
    }
  }
  const Dataset digits = load_digits();
  fit_to_data(*model, digits, 1);
  const ClassFigures figures = class_figures(*model, digits.test, digits.levels);
  CHECK(figures.nll == doctest::Approx(average_nll(*model, digits.test, digits.levels)).epsilon(1e-6));
  const Tensor x = dequantise(digits.test.x, 17, 0xE7A1);  // the evaluation's own draw
  const Tensor joint = model->log_joint(x).value(), given = model->log_prob(x, digits.test.labels).value();
  double right = 0, nll = 0;
  for (int64_t i = 0; i < 360; ++i) {
    int best = 0;
    for (int y = 1; y < 10; ++y) {
      if (joint.data()[i * 10 + y] > joint.data()[i * 10 + best]) best = y;
    }
    right += best == digits.test.labels[i];
    nll -= given.data()[i];
  }
  CHECK(figures.accuracy == right / 360);
  CHECK(figures.nll_given_y == doctest::Approx(nll / 360).epsilon(1e-6));
  CHECK(figures.nll != doctest::Approx(figures.nll_given_y).epsilon(1e-6));

  // The average over two draws of the noise.
  const Tensor other = model->log_prob(dequantise(digits.test.x, 17, 0xE7A1, 1), digits.test.labels).value();
  for (const Real v : other.data()) nll -= v;
  const ClassFigures two = class_figures(*model, digits.test, digits.levels, 2);
  CHECK(two.nll_given_y == doctest::Approx(nll / 720).epsilon(1e-6));
  CHECK(two.nll == doctest::Approx(ledger_of(*model, digits.test, digits.levels, 2).total().mean).epsilon(1e-6));
}

TEST_CASE("as_trained: images of 256 levels are read in as many bits as the model was trained on") {
  Dataset data;
  data.name = "images", data.levels = 256;
  data.train.x = data.validation.x = data.test.x = Tensor::from({1, 1, 2, 2}, {0, 31, 32, 255});
  const Dataset three = as_trained(data, {.input = {1, 2, 2}, .levels = 8});
  CHECK(three.levels == 8);
  CHECK(values(three.test.x) == std::vector<double>{0, 0, 1, 7});
  CHECK(as_trained(data, {.input = {1, 2, 2}, .levels = 256}).levels == 256);
  CHECK(as_trained(data, {.input = {1, 2, 2}, .levels = 17}).levels == 256);  // no number of bits: left alone
}
