// Modules, layers, networks, the weight-norm penalty, and the watch for what is not finite.
#include "flows/coupling_laws.hpp"
#include "flows/zoo.hpp"
#include "nn/init.hpp"
#include "nn/optimizer.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace bijou;
using bijou_tests::message;
using bijou_tests::values;

namespace {

constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();

std::vector<std::string> names(const Module& module) {
  std::vector<std::string> all;
  for (const auto& p : module.parameters()) all.push_back(p.name);
  return all;
}

Variable& parameter(const Module& module, const std::string& name) {
  for (const auto& p : module.parameters()) {
    if (p.name == name) return *p.variable;
  }
  FAIL("no parameter is called ", name);
  throw 0;
}

}  // namespace

TEST_CASE("module: names are joined by dots, in order of construction, and counted") {
  Rng rng(1);
  const Mlp mlp(2, {3}, 4, rng);
  CHECK(names(mlp) == std::vector<std::string>{"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"});
  CHECK(mlp.parameter_count() == 2 * 3 + 3 + 3 * 4 + 4);
  CHECK(mlp.buffers().empty());
  CHECK(mlp.path().empty());
  CHECK(mlp.children()[1]->path() == "layers.1");

  const BatchNorm norm(3);
  CHECK(names(norm) == std::vector<std::string>{"gain", "offset"});
  REQUIRE(norm.buffers().size() == 2);
  CHECK(norm.buffers()[0].name == "running.mean");
  CHECK(norm.buffers()[1].name == "running.variance");

  const auto model = build_realnvp({.data = {.input = {2}}, .couplings = 2, .hidden = {3}}, 1);
  CHECK(names(*model).front() == "flow.couplings.0.net.layers.0.weight");
  const Module* coupling = model->bijection().children()[1].get();
  CHECK(coupling->path() == "flow.couplings.1");
  CHECK(coupling->children()[0]->children()[1]->path() == "flow.couplings.1.net.layers.1");
}

TEST_CASE("module: the summary is a tree with counts, grouped by threes") {
  Rng rng(1);
  const Mlp mlp(1000, {1234}, 1, rng);
  const auto line = [](const std::string& left, const std::string& count) {
    return left + std::string(96 - left.size() - count.size(), ' ') + count + "\n";
  };
  CHECK(mlp.summary() == line("MLP 1000 -> 1, 2 layers", "1,236,469") +
                             line("  layers.0: Linear 1000 -> 1234", "1,235,234") +
                             line("  layers.1: Linear 1234 -> 1", "1,235"));
}

TEST_CASE("layers: Linear is x W + b, and names itself when the input does not fit") {
  Rng rng(1);
  const Linear layer(2, 3, rng);
  parameter(layer, "weight").set_value(Tensor::from({2, 3}, {1, 2, 3, 4, 5, 6}));
  parameter(layer, "bias").set_value(Tensor::from({3}, {0.5, 0, -1}));
  CHECK(values(layer(Tensor::from({2, 2}, {1, 0, 1, -1})).value()) == std::vector<double>{1.5, 2, 2, -2.5, -3, -4});

  const Mlp mlp(2, {3}, 4, rng);
  CHECK(message<ShapeError>([&] { mlp(Tensor::zeros({5, 3})); }) == "Linear: layers.0 expects [N, 2], got [5, 3]");
}

TEST_CASE("layers: Conv2d keeps the image's size, and its ReLU is fused") {
  Rng rng(1);
  const Conv2d plain(2, 3, 3, rng), with_relu(2, 3, 3, rng, Start::he, Activation::relu),
      zero(2, 3, 1, rng, Start::zero);
  parameter(with_relu, "weight").set_value(parameter(plain, "weight").value());
  const Tensor x = Tensor::randn({2, 4, 5, 2}, rng), y = plain(x).value();
  CHECK(y.shape() == Shape{2, 4, 5, 3});
  CHECK(values(with_relu(x).value()) == values(math::relu(y)));
  CHECK(math::sum_squares(zero(x).value()) == 0);
}

// An impulse in one input channel gives all weights that go out from it.
TEST_CASE("layers: in WeightNormConv2d, the norm of each output channel's weights is its gain") {
  using Affine = WeightNormConv2d::Affine;
  Rng rng(1);
  const auto norms = [](const WeightNormConv2d& layer, int64_t in, int64_t out) {
    std::vector<double> squares(static_cast<size_t>(out), 0);
    for (int64_t c = 0; c < in; ++c) {
      Tensor impulse = Tensor::zeros({1, 5, 5, in});
      impulse.mutable_data()[(2 * 5 + 2) * in + c] = 1;
      const Tensor y = layer(impulse).value();
      for (int64_t i = 0; i < y.numel(); ++i) squares[i % out] += std::pow(static_cast<double>(y.data()[i]), 2);
    }
    for (double& s : squares) s = std::sqrt(s);
    return squares;
  };
  for (const int64_t kernel : {1, 3}) {
    const WeightNormConv2d with(2, 3, kernel, rng, Affine::yes), without(2, 3, kernel, rng, Affine::no),
        zero(2, 3, kernel, rng, Affine::yes, Start::zero);
    for (const double norm : norms(with, 2, 3)) CHECK(norm == doctest::Approx(std::sqrt(2.0)).epsilon(1e-5));
    for (const double norm : norms(without, 2, 3)) CHECK(norm == doctest::Approx(1).epsilon(1e-5));
    for (const double norm : norms(zero, 2, 3)) CHECK(norm == 0);
    parameter(with, "gain").set_value(Tensor::from({3}, {0.5, -2, 3}));
    const auto changed = norms(with, 2, 3);
    CHECK(changed[0] == doctest::Approx(0.5).epsilon(1e-5));
    CHECK(changed[1] == doctest::Approx(2).epsilon(1e-5));
    CHECK(changed[2] == doctest::Approx(3).epsilon(1e-5));
    CHECK(names(without) == std::vector<std::string>{"v"});
    CHECK(names(with) == std::vector<std::string>{"v", "gain", "bias"});
  }
}

TEST_CASE("layers: BatchNorm by its running averages, gain and offset") {
  const BatchNorm norm(2, 0);
  *norm.buffers()[0].tensor = Tensor::from({2}, {1, -1});
  *norm.buffers()[1].tensor = Tensor::from({2}, {4, 0.25});
  parameter(norm, "gain").set_value(Tensor::from({2}, {3, 1}));
  parameter(norm, "offset").set_value(Tensor::from({2}, {0, 5}));
  CHECK(values(norm(Tensor::from({2, 2}, {1, -1, 5, 0})).value()) == std::vector<double>{0, 5, 6, 7});
  CHECK(message<ShapeError>([&] {
          norm(Tensor::zeros({4, 3}));
        }) == "BatchNorm: 2 channels expected, the input of the layer is [4, 3]");
}

TEST_CASE("networks: a ResNet whose running moments are those of a batch gives this batch what it gives in training") {
  Rng rng(5, stream("resnet"));
  for (const auto inner :
       {WeightNormConv2d::Affine::no, WeightNormConv2d::Affine::gain, WeightNormConv2d::Affine::yes}) {
    const ResNet net(3, 8, 4, 2, rng, inner);
    for (const auto& p : net.parameters()) {
      p.variable->set_value(math::add(p.variable->value(), Tensor::randn(p.variable->shape(), rng)));
    }
    const Tensor x = Tensor::randn({4, 5, 6, 3}, rng);
    Tensor in_training;
    {
      const BatchStatistics batch;
      in_training = net(x).value();
      batch.commit(1);
    }
    const Tensor by_running = net(x).value();
    double largest = 0, worst = 0;
    for (size_t i = 0; i < in_training.data().size(); ++i) {
      largest = std::max(largest, std::abs(double{in_training.data()[i]}));
      worst = std::max(worst, std::abs(double{in_training.data()[i]} - by_running.data()[i]));
    }
    CHECK(largest > 1);
    CHECK(worst < 1e-5 * largest);
  }
}

TEST_CASE("networks: shapes, and zero at the start") {
  Rng rng(1);
  const Mlp mlp(3, {8, 7}, 4, rng), shallow(3, {}, 4, rng);
  const ResNet resnet(2, 5, 6, 2, rng), without_blocks(2, 5, 6, 0, rng);
  const Tensor v = Tensor::randn({6, 3}, rng), image = Tensor::randn({2, 3, 5, 2}, rng);
  for (const Tensor& y : {mlp(v).value(), shallow(v).value()}) {
    CHECK(y.shape() == Shape{6, 4});
    CHECK(math::sum_squares(y) == 0);
  }
  for (const Tensor& y : {resnet(image).value(), without_blocks(image).value()}) {
    CHECK(y.shape() == Shape{2, 3, 5, 6});
    CHECK(math::sum_squares(y) == 0);
  }
  CHECK(resnet.describe() == "ResNet 2 -> 6, 5 features, 2 blocks");
}

TEST_CASE("networks: by zero last layers, a fresh coupling is the identity to the last bit") {
  Rng rng(1);
  const Coupling vectors({5}, channel_partition(5, Keep::first),
                         std::make_unique<Mlp>(2, std::vector<int64_t>{8}, 6, rng), std::make_unique<AffineLaw>());
  const Coupling images({4, 5, 2}, checkerboard_partition(4, 5, 2, Keep::second),
                        std::make_unique<ResNet>(2, 4, 4, 1, rng), std::make_unique<AffineLaw>());
  const auto toy = build_flow(flow_preset("realnvp", "toy"), 1);
  for (const Flow* flow : {static_cast<const Flow*>(&vectors), static_cast<const Flow*>(&images),
                           static_cast<const Flow*>(&toy->bijection())}) {
    Shape shape{3};
    for (const int64_t d : flow->input_shape()) shape.append(d);
    const Tensor x = Tensor::randn(shape, rng);
    const auto [y, log_det] = flow->forward(x);
    CHECK(values(y.value()) == values(x));
    CHECK(values(log_det.value()) == std::vector<double>{0, 0, 0});
    CHECK(values(flow->inverse(x)) == values(x));
  }
}

TEST_CASE("initialisers: the variances that their papers ask for") {
  Rng rng(1);
  const auto variance = [](const Tensor& w) { return math::sum_squares(w) / static_cast<double>(w.numel()); };
  // Five standard errors: the variance of a variance is 2 v^2 / n for normal numbers, 0.8 v^2 / n for uniform ones.
  const Tensor he = init::he({300, 200}, 300, rng), glorot = init::glorot({300, 200}, 300, 200, rng);
  CHECK(variance(he) == doctest::Approx(2.0 / 300).epsilon(5 * std::sqrt(2.0 / 60'000)));
  CHECK(variance(glorot) == doctest::Approx(2.0 / 500).epsilon(5 * std::sqrt(0.8 / 60'000)));
  const double a = std::sqrt(6.0 / 500);
  CHECK(std::ranges::all_of(glorot.data(), [&](Real w) { return std::abs(w) <= a; }));

  const Linear linear(300, 200, rng);
  CHECK(variance(parameter(linear, "weight").value()) == doctest::Approx(2.0 / 300).epsilon(0.03));
  CHECK(variance(parameter(linear, "bias").value()) == 0);
  const Conv2d small(40, 150, 3, rng, Start::small);  // N(0, 0.05^2)
  CHECK(variance(parameter(small, "weight").value()) == doctest::Approx(0.0025).epsilon(0.03));
  const Conv2d conv(40, 150, 3, rng);
  CHECK(variance(parameter(conv, "weight").value()) == doctest::Approx(2.0 / 360).epsilon(0.03));
}

TEST_CASE("weight_norm_penalty: the squares of weight normalisation's gains, and of nothing else") {
  Rng rng(1);
  const ResNet net(2, 5, 6, 2, rng);
  // sqrt(2) each: of stem and stem_skip, and of conv2 and skip in each block; those of the last layer start at 0.
  CHECK(weight_norm_penalty(net).item() == doctest::Approx(2 * 5 * (2 + 2 * 2)));
  parameter(net, "last.gain").set_value(Tensor::full({6}, 3));
  CHECK(weight_norm_penalty(net).item() == doctest::Approx(2 * 5 * (2 + 2 * 2) + 9 * 6));
  Tape tape;
  Variable penalty;
  {
    const Tape::Recording on(tape);
    penalty = weight_norm_penalty(net);
  }
  tape.backward(penalty);
  for (const auto& p : net.parameters()) {
    const bool gain = p.name.ends_with(".gain") && p.name.find("norm") == std::string::npos;
    CHECK_MESSAGE(p.variable->gradient().defined() == gain, p.name);
  }
  CHECK(parameter(net, "last.gain").gradient().data()[0] == doctest::Approx(6));
  CHECK(weight_norm_penalty(Mlp(2, {3}, 4, rng)).item() == 0);
}

TEST_CASE("FiniteWatch: names the first layer whose output is not finite") {
  const auto model =
      build_realnvp({.data = {.input = {4, 4, 1}, .levels = 17}, .scales = 2, .features = 4, .blocks = 1}, 1);
  Rng rng(1);
  const Tensor x = Tensor::uniform({2, 4, 4, 1}, rng, 0, 17);
  const auto watched = [&] {
    const FiniteWatch watch;
    model->log_prob(x);
  };
  CHECK_NOTHROW(watched());
  Tensor& weights = parameter(*model, "flow.images.scales.0.checkerboard.1.net.blocks.0.conv2.v").mutable_value();
  weights.mutable_data()[3] = kNaN;
  CHECK(message<NonFiniteError>(watched) ==
        "layer flow.images.scales.0.checkerboard.1.net.blocks.0.conv2 (Conv2d 3x3, 4 -> 4, weight norm) gave a value "
        "that is not finite");
  CHECK_NOTHROW(model->log_prob(x));  // nobody watches
  CHECK(std::isnan(model->log_prob(x).value().data()[0]));
  const FiniteWatch outer;
  { const FiniteWatch inner; }
  CHECK_THROWS_AS(model->log_prob(x), NonFiniteError);  // the outer one still watches
}
