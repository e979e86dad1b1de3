#include "apps/step_profile.hpp"

#include "apps/fit.hpp"
#include "autograd/kernels/machine.hpp"

#include <cstdio>

namespace bijou::inline BIJOU_SCALAR {

StepProfile profile_step(FlowModel& model, const Dataset& data, const TrainSettings& settings, uint64_t seed) {
  constexpr int64_t kWarmUp = 2, kFewest = 3, kMost = 200;
  constexpr double kSeconds = 2;
  const MemoryScope memory(settings.memory);
  fit_to_data(model, data, seed);
  const Loader loader(data.train, data.levels, settings.batch_size, seed);
  TrainingStep step(model, settings, seed);
  const double learning_rate = settings.learning_rate / 100;  // the weights stay where they are sensible
  for (int64_t t = 0; t < kWarmUp; ++t) step.take(loader.batch(t), learning_rate);

  const Profile profile;
  int64_t steps = 0;
  while (steps < kFewest || (profile.seconds() < kSeconds && steps < kMost)) {
    const Batch batch = loader.batch(kWarmUp + steps++);
    Profile::report("load the batch", Profile::Phase::step);
    step.take(batch, learning_rate);
    Profile::report("moving average", Profile::Phase::step);
  }
  return {steps, profile.seconds() / static_cast<double>(steps), profile.rows()};
}

void print(const StepProfile& p, const TrainSettings& settings) {
  const double steps = static_cast<double>(p.steps);
  std::printf("a step of %lld examples: %.3f ms, the average of %lld, %d threads\n\n",
              static_cast<long long>(settings.batch_size), 1e3 * p.step_seconds, static_cast<long long>(p.steps),
              kernels::threads());
  std::printf("%-32s %8s %10s %7s  %s\n", "operation", "calls", "ms", "share", "speed");
  double flops = 0;
  for (const auto& row : p.rows) {
    const std::string name = std::string(row.operation) + (row.phase == Profile::Phase::backward ? ", gradient" : "");
    std::printf("%-32s %8.4g %10.3f %6.1f%%", name.c_str(), static_cast<double>(row.calls) / steps,
                1e3 * row.seconds / steps, 100 * row.seconds / (steps * p.step_seconds));
    if (row.flops > 0) std::printf("  %7.1f GFLOP/s", 1e-9 * static_cast<double>(row.flops) / row.seconds);
    else if (row.bytes > 0) std::printf("  %7.1f GB/s", 1e-9 * static_cast<double>(row.bytes) / row.seconds);
    std::printf("\n");
    flops += static_cast<double>(row.flops);
  }
  std::printf("%-32s %8s %10.3f %6.1f%%  %7.1f GFLOP/s\n\n", "the step", "", 1e3 * p.step_seconds, 100.0,
              1e-9 * flops / (steps * p.step_seconds));
  std::printf(
      "GFLOP/s count products and direct convolutions; GB/s what a loop reads and writes at least.\n"
      "nothing was written\n");
}

}  // namespace bijou
