// The three ways to train (flows/memory.hpp) have the same mathematics: checkpointed gradients are stored's in every
// byte, reversible ones to rounding; and less is kept.
#include "flows/memory.hpp"
#include "nn/batch_statistics.hpp"
#include "nn/optimizer.hpp"
#include "tests/helpers.hpp"
#include "tests/laws/flow_law.hpp"

#include <optional>

using namespace bijou;
using bijou_tests::distance;
using bijou_tests::register_law;
using bijou_tests::values;
using bijou_tests::warnings;

namespace {

// What a forward and a backward pass give: values first, then gradients, of x (when it wants one) and of the parameters.
struct Pass {
  std::vector<Tensor> values, gradients;
};

void clear_gradients(const Module& module) {
  for (const auto& p : module.parameters()) p.variable->clear_gradient();
}

std::vector<Tensor> collected(const Module& module) {
  std::vector<Tensor> gradients;
  for (const auto& p : module.parameters()) {
    const Tensor g = p.variable->gradient();
    gradients.push_back(g.defined() ? g : Tensor::zeros(p.variable->shape()));
  }
  return gradients;
}

struct Seeds {
  Tensor y, log_det;
};
Seeds seeds_of(const FlowCase& row, const Flow& flow) {
  Rng rng(8, stream("seeds"));
  const Tensor y = draw_latents(row, flow);
  return {Tensor::randn(y.shape(), rng), Tensor::randn({row.batch}, rng)};
}

Pass pass(const Flow& flow, const Variable& x, const Seeds& seeds, Memory way) {
  clear_gradients(flow);
  const MemoryScope memory(way);
  Tape tape;
  const auto [y, log_det] = [&] {
    const Tape::Recording on(tape);
    return flow.forward(x);
  }();
  if (y.requires_grad() || log_det.requires_grad()) tape.backward({y, log_det}, {seeds.y, seeds.log_det});
  Pass result{{y.value(), log_det.value()}, collected(flow)};
  if (x.requires_grad()) result.gradients.push_back(x.gradient());
  return result;
}

void check_same_bytes(const Pass& a, const Pass& b) {
  for (size_t i = 0; i < a.values.size(); ++i) CHECK(values(a.values[i]) == values(b.values[i]));
  REQUIRE(a.gradients.size() == b.gradients.size());
  for (size_t i = 0; i < a.gradients.size(); ++i) CHECK(values(a.gradients[i]) == values(b.gradients[i]));
}

void check_close(const std::vector<Tensor>& a, const std::vector<Tensor>& b, double bound = 1e-9) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) CHECK(distance(a[i], b[i]) < bound);
}

// By running averages, and where there are such, by the batch's own moments.
void with_statistics(const FlowCase& row, const Flow& flow, const std::function<void()>& hold) {
  hold();
  for (const auto& b : flow.buffers()) {
    if (row.batch == 1 || !b.name.ends_with("variance")) continue;
    const BatchStatistics batch;
    hold();
    return;
  }
}

struct CheckpointedIsStored {
  static constexpr const char* name = "checkpointed is stored in every byte";
  static void hold(const FlowCase& row, const Flow& flow) {
    const Seeds seeds = seeds_of(row, flow);
    with_statistics(row, flow, [&] {
      for (const bool wants_dx : {false, true}) {
        const auto by = [&](Memory way) { return pass(flow, {draw_data(row, flow), wants_dx}, seeds, way); };
        check_same_bytes(by(Memory::checkpointed), by(Memory::stored));
      }
    });
  }
};

struct ReversibleIsStored {
  static constexpr const char* name = "reversible is stored";
  static void hold(const FlowCase& row, const Flow& flow) {
    const Seeds seeds = seeds_of(row, flow);
    with_statistics(row, flow, [&] {
      for (const bool wants_dx : {false, true}) {
        const auto by = [&](Memory way) { return pass(flow, {draw_data(row, flow), wants_dx}, seeds, way); };
        const Pass stored = by(Memory::stored);
        Pass reversible;
        CHECK(warnings([&] { reversible = by(Memory::reversible); }) == "");
        CHECK(values(reversible.values[0]) == values(stored.values[0]));
        CHECK(distance(reversible.values[1], stored.values[1]) < 1e-12);  // the sum's order is another
        check_close(reversible.gradients, stored.gradients);
      }
    });
  }
};

// Of each layer by itself, also of those that are the first of their chain.
struct PullBackLaw {
  static constexpr const char* name = "pull_back";
  static void hold(const FlowCase& row, const Flow& flow) {
    const Seeds seeds = seeds_of(row, flow);
    with_statistics(row, flow, [&] {
      const Variable x(draw_data(row, flow), true);
      const Pass stored = pass(flow, x, seeds, Memory::stored);
      clear_gradients(flow);
      Tensor shown;
      const auto distrust = [&](const Tensor& recovered) { return shown = recovered, false; };
      CHECK_FALSE(flow.pull_back(stored.values[0], seeds.y, seeds.log_det, distrust).has_value());
      CHECK(distance(shown, x.value()) < 1e-9);
      for (const auto& p : flow.parameters()) CHECK_FALSE(p.variable->gradient().defined());

      const auto before = flow.pull_back(stored.values[0], seeds.y, seeds.log_det, [](const Tensor&) { return true; });
      REQUIRE(before.has_value());
      CHECK(values(before->x) == values(shown));
      std::vector<Tensor> gradients = collected(flow);
      gradients.push_back(before->dx);
      check_close(gradients, stored.gradients);
    });
  }
};

// Tape::gradients asks again and again, and touches no parameter's gradient.
struct GradientsAgree {
  static constexpr const char* name = "gradients() in all three ways";
  static bool applies(const FlowCase& row) { return row.batch == 3 && row.model.has_value(); }
  static void hold(const FlowCase& row, const Flow& flow) {
    const Seeds seeds = seeds_of(row, flow);
    std::vector<Variable> inputs = {{draw_data(row, flow), true}};
    const auto parameters = flow.parameters();
    inputs.push_back(*parameters.back().variable);
    Variable& untouched = *parameters.front().variable;
    untouched.slot()->gradient = Tensor::full(untouched.shape(), 7);
    std::optional<std::vector<Tensor>> stored;
    for (const Memory way : {Memory::stored, Memory::checkpointed, Memory::reversible}) {
      const MemoryScope memory(way);
      Tape tape;
      const auto [y, log_det] = [&] {
        const Tape::Recording on(tape);
        return flow.forward(inputs[0]);
      }();
      for (int again = 0; again < 2; ++again) {
        const auto g = tape.gradients({y, log_det}, {seeds.y, seeds.log_det}, inputs);
        if (!stored) stored = g;
        check_close(g, *stored, way == Memory::reversible ? 1e-9 : 1e-300);
        CHECK(values(untouched.gradient()) == values(Tensor::full(untouched.shape(), 7)));
        CHECK_FALSE(inputs[0].gradient().defined());
        CHECK_FALSE(y.gradient().defined());
      }
    }
  }
};

const bool registered = register_law<CheckpointedIsStored>() && register_law<ReversibleIsStored>() &&
                        register_law<PullBackLaw>() && register_law<GradientsAgree>();

constexpr int64_t kClasses = 3;

struct Subject {
  const char* name;
  FlowConfig config;
};

std::vector<Subject> subjects() {
  const DataSpec images{.input = {8, 8, 2}, .levels = 17};
  using Mixing = GlowConfig::Mixing;
  return {
      {"NICE", NICEConfig{.data = {.input = {4, 4, 1}, .levels = 17, .alpha = 0}, .depths = {2, 1, 2}, .width = 9}},
      {"RealNVP of images", RealNVPConfig{.data = images, .scales = 2, .features = 4, .blocks = 1}},
      {"RealNVP of images as vectors", RealNVPConfig{.data = images, .scales = 0, .couplings = 3, .hidden = {8, 8}}},
      {"RealNVP of vectors", RealNVPConfig{.data = {.input = {5}}, .couplings = 6, .hidden = {8, 8}}},
      {"Glow", GlowConfig{.data = images, .scales = 3, .steps = 3, .width = 5}},
      {"Glow PLU", GlowConfig{.data = images, .scales = 2, .steps = 3, .width = 5, .mixing = Mixing::plu}},
      {"Glow with classes", GlowConfig{.data = images, .scales = 2, .steps = 2, .width = 5, .classes = kClasses}}};
}

// As in training: by the batch's moments, with the penalty on weight-norm gains, and two batches whose gradients add up.
Pass training_pass(const FlowModel& model, Memory way) {
  const MemoryScope memory(way);
  clear_gradients(model);
  Pass result;
  const std::vector<int> labels = {0, 2, 1, 2};
  for (const uint64_t seed : {1, 2}) {
    const BatchStatistics batch;
    Rng rng(seed, stream("batch"));
    const Shape& s = model.bijection().input_shape();
    const Tensor x = s.rank() == 3 ? Tensor::uniform({4, s[0], s[1], s[2]}, rng, 1, 16) : Tensor::randn({4, s[0]}, rng);
    Tape tape;
    const Variable loss = [&] {
      const Tape::Recording on(tape);
      const Variable log_prob = model.has_classes() ? model.log_prob(x, labels) : model.log_prob(x);
      return -mean(log_prob) + weight_norm_penalty(model) * 5e-5;
    }();
    tape.backward(loss);
    result.values.push_back(loss.value());
    batch.commit(0.1);
  }
  result.gradients = collected(model);
  return result;
}

// Bytes of tensors at the peak of forward and backward, above what was there before: the parameters' gradients are.
int64_t activations(const GlowConfig& config, Memory way) {
  const auto model = build_glow(config, 1);
  for (const auto& p : model->parameters()) p.variable->slot()->gradient = Tensor::zeros(p.variable->shape());
  Rng rng(1);
  const Shape& s = config.data.input;
  const Tensor x = Tensor::uniform({4, s[0], s[1], s[2]}, rng);
  const MemoryScope memory(way);
  const int64_t before = storage_statistics().bytes_in_use;
  reset_peak_storage();
  Tape tape;
  const Variable loss = [&] {
    const Tape::Recording on(tape);
    return sum(model->log_prob(x));
  }();
  tape.backward(loss);
  return storage_statistics().peak_bytes_in_use - before;
}

}  // namespace

TEST_CASE("memory: models train alike in all three ways") {
  for (const Subject& subject : subjects()) {
    CAPTURE(subject.name);
    const auto pass_by = [&](Memory way) {
      const auto model = build_flow(subject.config, 1);
      add_noise(*model, 2, 0.1);
      Pass result = training_pass(*model, way);
      for (const auto& b : model->buffers()) result.values.push_back(*b.tensor);  // running averages
      return result;
    };
    const Pass stored = pass_by(Memory::stored), checkpointed = pass_by(Memory::checkpointed);
    Pass reversible;
    CHECK(warnings([&] { reversible = pass_by(Memory::reversible); }) == "");
    check_same_bytes(checkpointed, stored);
    CHECK(distance(reversible.values[0], stored.values[0]) < 1e-12);
    check_close(reversible.gradients, stored.gradients);
  }
}

TEST_CASE("memory: checkpointed keeps a part of stored's, and reversible does not grow with depth") {
  const auto glow = [](int64_t steps) {
    return GlowConfig{.data = {.input = {16, 16, 3}}, .scales = 2, .steps = static_cast<int>(steps), .width = 64};
  };
  const int64_t stored = activations(glow(16), Memory::stored),
                checkpointed = activations(glow(16), Memory::checkpointed);
  const int64_t reversible = activations(glow(16), Memory::reversible),
                shallow = activations(glow(4), Memory::reversible);
  CAPTURE(stored);
  CAPTURE(checkpointed);
  CAPTURE(reversible);
  CAPTURE(shallow);
  CHECK(checkpointed < stored / 4);
  CHECK(reversible < checkpointed);
  CHECK(reversible < shallow * 1.1);
  CHECK(reversible < stored / 8);
}

TEST_CASE("memory: scopes nest, and end") {
  CHECK(MemoryScope::way() == Memory::stored);
  {
    const MemoryScope outer(Memory::reversible);
    CHECK(MemoryScope::way() == Memory::reversible);
    {
      const MemoryScope inner(Memory::checkpointed);
      CHECK(MemoryScope::way() == Memory::checkpointed);
    }
    CHECK(MemoryScope::way() == Memory::reversible);
  }
  CHECK(MemoryScope::way() == Memory::stored);
}

TEST_CASE("memory: a layer is one node of the tape, a reversible chain too; without a tape nothing is kept") {
  const auto model = build_nice({.data = {.input = {4}, .alpha = 0}, .depths = {1, 1, 1}, .width = 3}, 1);
  const Tensor x = Tensor::full({2, 4}, 0.5);
  const auto nodes = [&](Memory way) {
    const MemoryScope memory(way);
    Tape tape;
    const Tape::Recording on(tape);
    model->bijection().forward(x);
    return tape.size();
  };
  CHECK(nodes(Memory::reversible) == 2);        // the stretch, and the sum
  CHECK(nodes(Memory::checkpointed) == 4 + 4);  // each layer, and the sum of the log-determinants
  CHECK(nodes(Memory::stored) > 16);
  const MemoryScope memory(Memory::reversible);
  CHECK_FALSE(model->bijection().forward(x).y.requires_grad());
}

TEST_CASE("memory: the batch's moments must be there when a layer runs again") {
  const auto model = build_realnvp({.data = {.input = {4, 4, 1}}, .scales = 1, .features = 2, .blocks = 0}, 1);
  for (const Memory way : {Memory::checkpointed, Memory::reversible}) {
    const MemoryScope memory(way);
    Tape tape;
    Variable loss;
    {
      const BatchStatistics batch;
      const Tape::Recording on(tape);
      Rng rng(1);
      loss = sum(model->log_prob(Tensor::randn({3, 4, 4, 1}, rng)));
    }
    const std::string error = bijou_tests::message<ValueError>([&] { tape.backward(loss); });
    CHECK(error.starts_with("Tape::backward: flow.images.scales.0"));
    CHECK(error.ends_with(
        "is to run again, but not in the BatchStatistics scope that it ran in; keep that scope until then"));
  }
}

TEST_CASE("memory: a sketch tells how far two states are apart") {
  Rng rng(4);
  const Tensor h = Tensor::randn({8, 10, 10, 3}, rng);
  const double norm = std::sqrt(math::sum_squares(h) / 8);
  CHECK(sketch(h).shape() == Shape{8, 16});
  CHECK(drift(sketch(h), sketch(h)) == 0);
  // One value of one example; all values by the same; noise of one example.
  Tensor one = h.clone(), all = math::scale_offset(h, 1, 0.01), noise = h.clone();
  one.mutable_data()[777] += 0.5;
  CHECK(drift(sketch(one), sketch(h)) == doctest::Approx(0.5 / norm).epsilon(0.3));
  CHECK(drift(sketch(all), sketch(h)) / (0.01 * std::sqrt(300) / norm) == doctest::Approx(1).epsilon(0.5));
  double size = 0;
  for (int64_t i = 600; i < 900; ++i) {
    const double e = 1e-3 * rng.normal();
    size += e * e;
    noise.mutable_data()[i] += static_cast<Real>(e);
  }
  CHECK(drift(sketch(noise), sketch(h)) / (std::sqrt(size) / norm) == doctest::Approx(1).epsilon(0.5));
  // Each example by its own size.
  Tensor small = h.clone();
  for (int64_t i = 900; i < 1200; ++i) small.mutable_data()[i] *= static_cast<Real>(1e-4);
  Tensor moved = small.clone();
  for (int64_t i = 900; i < 1200; ++i) moved.mutable_data()[i] *= static_cast<Real>(1.01);
  CHECK(drift(sketch(moved), sketch(small)) == doctest::Approx(0.01).epsilon(1e-6));
  one.mutable_data()[777] = NAN;
  CHECK(std::isnan(drift(sketch(one), sketch(h))));
}

TEST_CASE("memory: a value that is not finite has its layer's name in all three ways") {
  const auto model = build_realnvp({.data = {.input = {4}}, .couplings = 3, .hidden = {5}}, 1);
  for (const auto& p : model->parameters()) {
    if (p.name == "flow.couplings.1.net.layers.1.bias") p.variable->set_value(Tensor::full(p.variable->shape(), NAN));
  }
  for (const Memory way : {Memory::stored, Memory::checkpointed, Memory::reversible}) {
    const MemoryScope memory(way);
    const FiniteWatch watch;
    Tape tape;
    const std::string error = bijou_tests::message<NonFiniteError>([&] {
      const Tape::Recording on(tape);
      model->log_prob(Tensor::full({2, 4}, 0.5));
    });
    CHECK(error.starts_with("layer flow.couplings.1.net.layers.1 "));
  }
}
