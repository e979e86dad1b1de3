// One model, many threads: what flows/model.hpp promises.
#include "flows/zoo.hpp"
#include "tests/tables/flows.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <future>
#include <latch>

using namespace bijou;

namespace {

constexpr int kThreads = 4, kRounds = 3;
constexpr int64_t kBatch = 48;  // enough for the kernels to wake threads of their own

struct Answers {
  Tensor log_p, samples, score;  // score: d log p(x) / dx
};

Tensor draw(const Shape& input, Rng& rng) {
  Shape batch{kBatch};
  for (const int64_t d : input) batch.append(d);
  return Tensor::uniform(batch, rng, 0.01, 0.99);
}

Answers ask(const FlowModel& model, const Shape& input, uint64_t seed) {
  Rng rng(seed);
  const Tensor x = draw(input, rng);
  const Variable leaf(x, true);
  Tape tape;
  const Variable log_p = [&] {
    const Tape::Recording on(tape);
    return model.log_prob(leaf);
  }();
  return {model.log_prob(x).value(), model.sample(kBatch, rng),
          tape.gradients({log_p}, {Tensor::full(log_p.shape(), 1)}, {leaf})[0]};
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data().data(), b.data().data(), a.data().size_bytes()) == 0;
}

bool all_finite(const Tensor& x) {
  return std::ranges::all_of(x.data(), [](Real v) { return std::isfinite(v); });
}

// Each thread asks something else, and all begin together.
void check_threads(const FlowModel& model, const Shape& input, const std::vector<Answers>& alone) {
  std::latch begin(kThreads);
  std::vector<std::future<std::vector<Answers>>> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.push_back(std::async(std::launch::async, [&, i] {
      std::vector<Answers> rounds;
      begin.arrive_and_wait();
      for (int round = 0; round < kRounds; ++round) rounds.push_back(ask(model, input, static_cast<uint64_t>(i)));
      return rounds;
    }));
  }
  for (int i = 0; i < kThreads; ++i) {
    CAPTURE(i);
    for (const Answers& answers : threads[i].get()) {
      CHECK(same_bytes(answers.log_p, alone[i].log_p));
      CHECK(same_bytes(answers.samples, alone[i].samples));
      CHECK(same_bytes(answers.score, alone[i].score));
    }
  }
}

void check_threads(const FlowConfig& config) {
  const auto make = [&] {
    auto model = build_flow(config, 1);
    add_noise(*model, 2, 0.05);
    return model;
  };
  const Shape input = data_of(config).input;
  std::vector<Answers> alone;
  for (int i = 0; i < kThreads; ++i) {
    const Answers a = ask(*make(), input, static_cast<uint64_t>(i));
    REQUIRE(all_finite(a.log_p));
    REQUIRE(all_finite(a.samples));
    REQUIRE(all_finite(a.score));
    REQUIRE(math::sum_squares(a.score) > 0);
    alone.push_back(a);
  }
  REQUIRE_FALSE(same_bytes(alone[0].log_p, alone[1].log_p));

  // Nobody has asked this model before: what a layer might keep from its first call, all of them make at once.
  const auto model = make();
  check_threads(*model, input, alone);
  for (const auto& p : model->parameters()) CHECK_FALSE(p.variable->gradient().defined());

  // Gradients that its parameters hold already stay as they are.
  Rng rng(9);
  const Tensor x = draw(input, rng);
  Tape tape;
  Variable loss;
  {
    const Tape::Recording on(tape);
    loss = -mean(model->log_prob(x));
  }
  tape.backward(loss);
  std::vector<Tensor> before;
  for (const auto& p : model->parameters()) before.push_back(p.variable->gradient().clone());
  check_threads(*model, input, alone);
  const auto after = model->parameters();
  for (size_t i = 0; i < after.size(); ++i) {
    CAPTURE(after[i].name);
    REQUIRE(after[i].variable->gradient().defined());
    CHECK(same_bytes(after[i].variable->gradient(), before[i]));
  }
}

}  // namespace

TEST_CASE("threads share a NICE: log p, samples and scores are those of one thread, to the byte") {
  check_threads(NICEConfig{.data = {.input = {8, 8, 3}, .alpha = 0}, .depths = {2, 2}, .width = 64});
}

TEST_CASE("threads share a RealNVP of images") {
  check_threads(RealNVPConfig{.data = {.input = {8, 8, 3}, .alpha = 0}, .features = 8, .blocks = 1});
}

TEST_CASE("threads share a RealNVP of vectors") {
  check_threads(RealNVPConfig{.data = {.input = {6}}, .couplings = 4, .hidden = {64}});
}

TEST_CASE("threads share a Glow") {
  check_threads(GlowConfig{.data = {.input = {8, 8, 3}, .alpha = 0}, .scales = 2, .steps = 2, .width = 16});
}

TEST_CASE("threads share a Glow of factors, with a prior for each class") {
  check_threads(GlowConfig{.data = {.input = {8, 8, 3}, .alpha = 0},
                           .scales = 2,
                           .steps = 2,
                           .width = 16,
                           .mixing = GlowConfig::Mixing::plu,
                           .classes = 3});
}
