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
        CHECK(values(reversible.values[1]) == values(stored.values[1]));
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

}  // namespace
