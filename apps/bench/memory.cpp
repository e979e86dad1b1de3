#include "apps/bench/memory.hpp"

#include "apps/plot/pictures.hpp"
#include "nn/optimizer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr double kMiB = 1 << 20;

void pass(const FlowModel& model, const Tensor& x) {
  Tape tape;
  const Variable loss = [&] {
    const Tape::Recording on(tape);
    return -mean(model.log_prob(x));
  }();
  tape.backward(loss);
}

MemoryPoint measure(const GlowConfig& config, int64_t batch_size, Memory way, int timed) {
  const auto model = build_glow(config, 1);
  Rng rng(2);
  const Shape& s = config.data.input;
  const Tensor x = Tensor::uniform({batch_size, s[0], s[1], s[2]}, rng, 0, config.data.levels);
  model->bijection().initialize(x);
  const MemoryScope memory(way);

  // With the gradients already there, what comes on top is what is held.
  for (const auto& p : model->parameters()) p.variable->slot()->gradient = Tensor::zeros(p.variable->shape());
  const int64_t before = storage_statistics().bytes_in_use;
  reset_peak_storage();
  pass(*model, x);
  MemoryPoint point{way, config.steps, storage_statistics().peak_bytes_in_use - before, NAN};

  constexpr double kRate = 1e-6;  // Noise teaches nothing: with larger steps the layers soon lose digits.
  Adam adam(*model);
  adam.step(kRate);
  for (int i = 0; i < timed; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pass(*model, x);
    adam.step(kRate);
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (!(point.milliseconds <= ms)) point.milliseconds = ms;
  }
  return point;
}

const MemoryPoint& find(const std::vector<MemoryPoint>& points, Memory way, int steps) {
  for (const MemoryPoint& p : points) {
    if (p.way == way && p.steps == steps) return p;
  }
  fail<ValueError>("memory_table: no point for K = ", steps, " in way ", memory_names()[static_cast<size_t>(way)]);
}

}  // namespace

std::vector<MemoryPoint> memory_against_depth(GlowConfig config, int64_t batch_size, const std::vector<int>& depths,
                                              int timed) {
  std::vector<MemoryPoint> points;
  for (const int steps : depths) {
    config.steps = steps;
    for (const Memory way : {Memory::stored, Memory::checkpointed, Memory::reversible}) {
      points.push_back(measure(config, batch_size, way, timed));
      release_waiting_storage();
    }
  }
  return points;
}

std::string memory_table(const std::vector<MemoryPoint>& points) {
  std::string table =
      "   K      stored  checkpointed  reversible, MiB      1/n of stored      stored  checkpointed  reversible, ms\n";
  for (const MemoryPoint& stored : points) {
    if (stored.way != Memory::stored) continue;
    const MemoryPoint& checkpointed = find(points, Memory::checkpointed, stored.steps);
    const MemoryPoint& reversible = find(points, Memory::reversible, stored.steps);
    const auto bytes = [](const MemoryPoint& p) { return static_cast<double>(p.activation_bytes); };
    char line[160];
    std::snprintf(line, sizeof line, "%4d  %10.1f  %12.1f  %10.1f  %14.1f %6.1f  %12.0f  %6.0f x%4.2f  %6.0f x%4.2f\n",
                  stored.steps, bytes(stored) / kMiB, bytes(checkpointed) / kMiB, bytes(reversible) / kMiB,
                  bytes(stored) / bytes(checkpointed), bytes(stored) / bytes(reversible), stored.milliseconds,
                  checkpointed.milliseconds, checkpointed.milliseconds / stored.milliseconds, reversible.milliseconds,
                  reversible.milliseconds / stored.milliseconds);
    table += line;
  }
  return table;
}

void draw_memory(const std::string& path, const std::vector<MemoryPoint>& points, const std::string& title) {
  std::vector<plot::SizeCurve> curves;
  for (const Memory way : {Memory::stored, Memory::checkpointed, Memory::reversible}) {
    plot::SizeCurve curve{.label = memory_names()[static_cast<size_t>(way)]};
    for (const MemoryPoint& p : points) {
      if (p.way != way) continue;
      curve.x.push_back(p.steps);
      curve.y.push_back(static_cast<double>(p.activation_bytes) / kMiB);
    }
    curves.push_back(curve);
  }
  plot::size_curves(path, curves,
                    {.title = title, .x_label = "K, steps of flow in each scale", .y_label = "activations, MiB"});
}

}  // namespace bijou
