// Reversible training in float, where inverses drift: it is noticed, said once, and the gradients stay right.
#include "flows/coupling_laws.hpp"
#include "flows/memory.hpp"
#include "flows/sequential.hpp"
#include "tests/helpers.hpp"
#include "tests/tables/flows.hpp"

#include <doctest/doctest.h>

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

std::vector<Tensor> gradients(const Flow& flow, const Tensor& data, Memory way) {
  const MemoryScope memory(way);
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

TEST_CASE("memory: where inverses drift, reversible training says so once and falls back") {
  const auto flow = couplings(32, 0.45);
  const Tensor x = data();
  const auto stored = gradients(*flow, x, Memory::stored);
  const MemoryScope memory(Memory::reversible);
  for (int step = 0; step < 3; ++step) {
    std::vector<Tensor> reversible;
    const std::string said = warnings([&] {
      for (const auto& p : flow->parameters()) p.variable->clear_gradient();
      const Variable input(x, true);
      Tape tape;
      const Variable loss = [&] {
        const Tape::Recording on(tape);
        const auto [y, log_det] = flow->forward(input);
        return mean(sum_per_sample(square(tanh(y))) - log_det);
      }();
      tape.backward(loss);
      reversible = {input.gradient()};
      for (const auto& p : flow->parameters()) reversible.push_back(p.variable->gradient());
    });
    MESSAGE(said, distance(reversible, stored));
    CHECK(distance(reversible, stored) < 1e-3);
  }
}

TEST_CASE("memory: drift and gradients by the size of weights") {
  const Tensor x = data();
  for (const double weights : {0.01, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5}) {
    const auto flow = couplings(32, weights);
    const auto stored = gradients(*flow, x, Memory::stored);
    std::vector<Tensor> reversible;
    const std::string said = warnings([&] { reversible = gradients(*flow, x, Memory::reversible); });
    MESSAGE(weights, " ", distance(reversible, stored), " ", said);
  }
}
