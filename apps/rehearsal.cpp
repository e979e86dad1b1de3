#include "apps/rehearsal.hpp"

#include "apps/density.hpp"
#include "apps/fit.hpp"
#include "autograd/kernels/machine.hpp"
#include "nn/safetensors.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include <unistd.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

template <class F>
double seconds_of(const F& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Examples head(const Examples& examples, int64_t n) {
  n = std::min(n, examples.size());
  const auto labels = examples.labels.begin();
  return {examples.rows(0, n), examples.labels.empty() ? std::vector<int>() : std::vector<int>(labels, labels + n)};
}

// What an epoch's two checkpoints take, the last and the best: tried in the system's folder for temporary files. Where
// that cannot be written they are left out.
double checkpoint_seconds(const FlowModel& model) {
  TensorFile file;
  for (const auto& p : model.parameters()) file.tensors.emplace_back(p.name, p.variable->value());
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  const std::string path = (folder / text("bijou-dry-run-", ::getpid())).string();
  double seconds = 0;
  try {
    if (!error) seconds = 2 * seconds_of([&] { write_safetensors(path, file); });
  } catch (const Error&) {}
  std::filesystem::remove(path, error);
  return seconds;
}

// "12.3 s", "7 min 5 s", "3 h 20 min"
std::string duration(double seconds) {
  char out[48];
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (seconds < 0.1) std::snprintf(out, sizeof out, "%.2f ms", 1e3 * seconds);
  else if (seconds < 100) std::snprintf(out, sizeof out, seconds < 10 ? "%.2f s" : "%.1f s", seconds);
  else if (whole < 3600) std::snprintf(out, sizeof out, "%lld min %lld s", whole / 60, whole % 60);
  else std::snprintf(out, sizeof out, "%lld h %lld min", whole / 3600, whole / 60 % 60);
  return out;
}

}  // namespace

// The first step meets memory that the system has yet to give: it is left out of the time.
Rehearsal rehearse(FlowModel& model, const Dataset& data, const TrainSettings& settings, uint64_t seed) {
  constexpr size_t kFewest = 4, kMost = 200;
  constexpr double kSeconds = 0.5;
  constexpr int64_t kSome = 512;  // of the validation part, as many as evaluation takes at once
  const MemoryScope memory(settings.memory);
  Rehearsal r{};
  r.parameters = model.parameter_count();
  r.parameter_bytes = r.parameters * static_cast<int64_t>(sizeof(Real));
  const int64_t begin = storage_statistics().bytes_in_use - r.parameter_bytes;
  reset_peak_storage();
  fit_to_data(model, data, seed);

  const Loader loader(data.train, data.levels, settings.batch_size, seed);
  r.steps_per_epoch = loader.batches_per_epoch();
  const int64_t before = storage_statistics().bytes_in_use;
  TrainingStep step(model, settings, seed);
  r.optimizer_bytes = storage_statistics().bytes_in_use - before + r.parameter_bytes;
  r.peak_bytes = storage_statistics().peak_bytes_in_use - begin;
  reset_peak_storage();
  std::vector<double> times;
  double spent = 0;
  while (times.size() < kFewest || (spent < kSeconds && times.size() < kMost)) {
    const auto t = static_cast<int64_t>(times.size());
    times.push_back(seconds_of([&] { step.take(loader.batch(t), settings.learning_rate / 100); }));
    spent += times.back();
  }
  const int64_t step_peak = storage_statistics().peak_bytes_in_use - begin;
  r.activation_bytes = std::max<int64_t>(0, step_peak - r.parameter_bytes - r.optimizer_bytes);
  std::nth_element(times.begin() + 1, times.begin() + 1 + (times.size() - 1) / 2, times.end());
  r.step_seconds = times[1 + (times.size() - 1) / 2];

  const Examples some = head(data.validation, kSome);
  double evaluation = seconds_of([&] { average_nll(model, some, data.levels); });
  evaluation *= static_cast<double>(data.validation.size()) / static_cast<double>(some.size());
  r.peak_bytes = std::max(r.peak_bytes, storage_statistics().peak_bytes_in_use - begin);
  r.epoch_seconds = static_cast<double>(r.steps_per_epoch) * r.step_seconds + evaluation + checkpoint_seconds(model);
  return r;
}

void print(const Rehearsal& r, const TrainSettings& settings) {
  const auto mib = [](const char* what, int64_t bytes, const std::string& note = "") {
    std::printf("  %-46s %9.1f MiB%s\n", what, static_cast<double>(bytes) / (1 << 20), note.c_str());
  };
  mib("parameters", r.parameter_bytes, text("  (", r.parameters, ")"));
  mib("gradients, optimiser, moving average", r.optimizer_bytes);
  mib("activations", r.activation_bytes,
      text("  (--memory ", memory_names()[static_cast<size_t>(settings.memory)], ")"));
  const bool apart = r.peak_bytes > r.parameter_bytes + r.optimizer_bytes + r.activation_bytes;
  mib("peak", r.peak_bytes, apart ? "  (initialisation or evaluation, which take more than a step)" : "");
  std::printf("  %-46s %13s\n", text("a step of ", settings.batch_size, " examples").c_str(),
              duration(r.step_seconds).c_str());
  std::printf("  %-46s %13s\n", text("an epoch of ", r.steps_per_epoch, " steps, evaluation, checkpoints").c_str(),
              duration(r.epoch_seconds).c_str());
  std::printf("nothing was written\n");
}

}  // namespace bijou
