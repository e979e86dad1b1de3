// Reversible training in float, where inverses drift: it is noticed, said once, and the gradients stay right.
#include "flows/coupling_laws.hpp"
#include "flows/memory.hpp"
#include "flows/sequential.hpp"
#include "tests/helpers.hpp"
#include "tests/tables/flows.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace bijou;
using bijou_tests::warnings;

namespace {

// Affine couplings with nothing to bound their scales.
std::unique_ptr<Sequential> couplings(int count, double weights) {
  auto flow = std::make_unique<Sequential>(Shape{6});
  Rng rng(1);
  for (int k = 0; k < count; ++k) {
    auto halves = channel_partition(6, k % 2 == 0 ? Keep::first : Keep::second);
    auto net = std::make_unique<Mlp>(3, std::vector<int64_t>{16}, 6, rng);
    flow->then<Coupling>(text("couplings.", k), std::move(halves), std::move(net),
                         std::make_unique<AffineLaw>(std::make_unique<TanhScale>()));
  }
  add_noise(*flow, 2, weights);
  return flow;
}

std::vector<Tensor> gradients(const Flow& flow, const Tensor& data) {
  for (const auto& p : flow.parameters()) p.variable->clear_gradient();
  const Variable x(data, true);
  Tape tape;
  const Variable loss = [&] {
    const Tape::Recording on(tape);
    const auto [y, log_det] = flow.forward(x);
    return mean(sum_per_sample(square(tanh(y))) - log_det);
  }();
  tape.backward(loss);
  std::vector<Tensor> all = {x.gradient()};
  for (const auto& p : flow.parameters()) all.push_back(p.variable->gradient());
  return all;
}

// |a - b| / |b|, of all numbers together.
double distance(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += math::sum_squares(math::subtract(a[i], b[i]));
    size += math::sum_squares(b[i]);
  }
  return std::sqrt(difference / size);
}

Tensor data() {
  Rng rng(3);
  return Tensor::randn({32, 6}, rng);
}

}  // namespace

TEST_CASE("memory: where inverses drift, reversible training says so once, and its gradients stay right") {
  const auto flow = couplings(32, 0.4);
  const auto stored = gradients(*flow, data());
  const MemoryScope memory(Memory::reversible);
  std::vector<Tensor> reversible;
  const std::string first = warnings([&] { reversible = gradients(*flow, data()); });
  CHECK(distance(reversible, stored) < 1e-3);
  CHECK(memory.given_up() == 2);  // both stretches
  CHECK(std::ranges::count(first, '\n') == 2);
  CHECK(first.starts_with("bijou: warning: reversible: inverting couplings."));
  CHECK(
      first.find("of its input, the bound is 1e-05; the gradients are right, and from here on the layers couplings.16 "
                 "(Coupling, affine, s = c tanh(h), by channels, keeps the first 3) to couplings.31 (Coupling, ") !=
      std::string::npos);

  // From then on both are checkpointed: the gradients are stored's, and nothing more is said.
  CHECK(warnings([&] { reversible = gradients(*flow, data()); }) == "");
  CHECK(distance(reversible, stored) == 0);
  CHECK(memory.given_up() == 2);
}

TEST_CASE("memory: a tape that is asked again says nothing again") {
  const auto flow = couplings(16, 0.5);
  const MemoryScope memory(Memory::reversible);
  const Variable x(data(), true);
  Tape tape;
  const Variable loss = [&] {
    const Tape::Recording on(tape);
    return mean(sum_per_sample(flow->forward(x).y));
  }();
  const auto ask = [&] { return tape.gradients({loss}, {Tensor::scalar(1)}, {x}); };
  std::vector<Tensor> once, again;
  CHECK(warnings([&] { once = ask(); }) != "");
  CHECK(warnings([&] { again = ask(); }) == "");
  CHECK(distance(again, once) < 1e-3);
}

TEST_CASE("memory: another scope begins anew") {
  const auto flow = couplings(32, 0.4);
  for (int scope = 0; scope < 2; ++scope) {
    const MemoryScope memory(Memory::reversible);
    CHECK(warnings([&] { gradients(*flow, data()); }) != "");
  }
}

TEST_CASE("memory: a state that is not finite any more is noticed, too") {
  const auto flow = couplings(32, 0.02);
  // A layer whose scale e^-200 is zero in float: forward gives t, backward (t - t) / 0.
  for (const auto& p : flow->parameters()) {
    const Shape& s = p.variable->shape();
    if (p.name == "couplings.20.law.scale.c") p.variable->set_value(Tensor::full(s, -200));
    if (p.name == "couplings.20.net.layers.1.weight") p.variable->set_value(Tensor::zeros(s));
    if (p.name == "couplings.20.net.layers.1.bias") p.variable->set_value(Tensor::full(s, 1.5));
  }
  const auto stored = gradients(*flow, data());
  const MemoryScope memory(Memory::reversible);
  std::vector<Tensor> reversible;
  CHECK(warnings([&] { reversible = gradients(*flow, data()); }).find("left an error of nan of its input") !=
        std::string::npos);
  CHECK(distance(reversible, stored) < 1e-3);
}

TEST_CASE("memory: without drift nothing falls back") {
  const auto flow = couplings(32, 0.05);
  const auto stored = gradients(*flow, data());
  const MemoryScope memory(Memory::reversible);
  std::vector<Tensor> reversible;
  CHECK(warnings([&] { reversible = gradients(*flow, data()); }) == "");
  CHECK(distance(reversible, stored) < 1e-5);
  CHECK(memory.given_up() == 0);
}

// Whether anything falls back or not. (Behind weights as large as these, a value moved by 1e-6 of itself may cross a
// ReLU's kink, and take a tenth of the gradient along, in any of the three ways: the list has none where that happens.)
TEST_CASE("memory: reversible gradients by the size of weights") {
  for (const double weights : {0.01, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5}) {
    CAPTURE(weights);
    const auto flow = couplings(32, weights);
    const auto stored = gradients(*flow, data());
    const MemoryScope memory(Memory::reversible);
    std::vector<Tensor> reversible;
    warnings([&] { reversible = gradients(*flow, data()); });
    CHECK(distance(reversible, stored) < 1e-4);
    CHECK(memory.given_up() == (weights < 0.06 ? 0 : 2));
  }
}
