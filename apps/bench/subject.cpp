#include "apps/bench/subject.hpp"

#include "flows/checkpoint.hpp"
#include "nn/batch_statistics.hpp"
#include "nn/safetensors.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace bijou::inline BIJOU_SCALAR::bench {
namespace {

constexpr double kLearningRate = 1e-4;
constexpr double kSmall = 0.005;  // larger ones make samples of a deep Glow overflow

Shape batch_shape(const Workload& w) {
  Shape s{w.batch};
  for (const int64_t d : data_of(w.config).input) s.append(d);
  return s;
}

// Images of noise, dequantised; or points of a normal distribution. Times do not depend on what is in the batch.
Tensor draw_batch(const Workload& w) {
  Rng rng(0, stream("batch"));
  const int levels = data_of(w.config).levels;
  return levels > 0 ? Tensor::uniform(batch_shape(w), rng, 0, levels) : Tensor::randn(batch_shape(w), rng);
}

// A model that has seen data. What starts at zero (the last layers, the biases) gets small random values, so that no
// path of the network is multiplied by nothing; then ActNorm and the running averages start from the batch.
std::unique_ptr<FlowModel> warm_model(const Workload& w, const Tensor& x) {
  auto model = build_flow(w.config, 0);
  Rng rng(0, stream("warm"));
  for (const auto& p : model->parameters()) {
    const auto values = p.variable->value().data();
    if (std::ranges::any_of(values, [](Real v) { return v != 0; })) continue;
    p.variable->set_value(math::scale_offset(Tensor::randn(p.variable->shape(), rng), kSmall, 0));
  }
  const BatchStatistics moments;
  model->bijection().initialize(x);
  moments.commit(1);
  return model;
}

Tensor latents(const Workload& w, const FlowModel& model) {
  Rng rng(0, stream("latents"));
  return model.base().sample(w.batch, rng, 1);
}

}  // namespace

Subject::Subject(const Workload& w)
    : workload_(w), x_(draw_batch(w)), model_(warm_model(w, x_)), optimizer_(*model_, {.clip_norm = 0}) {}

double Subject::step() {
  const auto start = std::chrono::steady_clock::now();
  if (workload_.task == Task::sample) {
    model_->sample(workload_.batch, rng_);
  } else {
    Tape tape;
    const BatchStatistics moments;
    Variable loss;
    {
      const Tape::Recording on(tape);
      loss = -mean(model_->log_prob(x_));
    }
    if (!std::isfinite(loss.item())) fail<NonFiniteError>(workload_.name, ": the loss is ", loss.item());
    tape.backward(loss);
    optimizer_.step(kLearningRate);
    moments.commit(0.1);
  }
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

Subject::Judged Subject::judge() {
  Tape tape;
  const BatchStatistics moments;
  Variable loss;
  {
    const Tape::Recording on(tape);
    loss = -mean(model_->log_prob(x_));
  }
  tape.backward(loss);
  double squares = 0;
  for (const auto& p : model_->parameters()) squares += math::sum_squares(p.variable->gradient());
  optimizer_.clear_gradients();
  return {loss.item(), std::sqrt(squares)};
}

void Subject::write(const std::string& path) const {
  const DataSpec& data = data_of(workload_.config);
  const Tensor z = latents(workload_, *model_);
  TensorFile file;
  file.metadata = {{"family", family_of(workload_.config)},
                   {"task", task_name(workload_.task)},
                   {"levels", text(data.levels)},
                   {"low", text(data.low)},
                   {"alpha", text(data.alpha)},
                   {"learning_rate", text(kLearningRate)}};
  for (const auto& p : model_->parameters()) file.tensors.emplace_back(p.name, p.variable->value());
  for (const auto& b : model_->buffers()) file.tensors.emplace_back(b.name, *b.tensor);
  file.tensors.emplace_back("x", x_);
  if (workload_.task == Task::sample) {
    file.tensors.emplace_back("z", z);
    file.tensors.emplace_back("g(z)", model_->bijection().inverse(z));
  }
  write_safetensors(path, file);
}

void Subject::save(const std::string& path) const { save_flow(path, *model_, workload_.config, {}); }

int64_t peak_resident_memory() {
  long long kib = 0;
  if (std::FILE* f = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, f) && std::sscanf(line, "VmHWM: %lld", &kib) != 1) {}
    std::fclose(f);
  }
  return kib * 1024;
}

Spread spread(std::vector<double> values) {
  require(!values.empty(), "spread", "of no values");
  std::ranges::sort(values);
  const size_t n = values.size();
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back()};
}

}  // namespace bijou
