// What --dry-run and the forecast say, against what a training then takes.
#include "apps/fit.hpp"
#include "apps/memory.hpp"
#include "apps/rehearsal.hpp"
#include "apps/trainer.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

using namespace bijou;

namespace {

struct Case {
  const char *name, *data;
  Preset preset;
};

std::vector<Case> cases() {
  const DataSpec digits{.input = {8, 8, 1}, .levels = 17, .alpha = 0.05};
  const TrainSettings images{.batch_size = 64, .learning_rate = 1e-3}, points{.batch_size = 512, .learning_rate = 1e-3};
  return {{"NICE", "digits", {NICEConfig{.data = digits, .depths = {3, 3, 3, 3}, .width = 200}, images}},
          {"RealNVP", "digits", {RealNVPConfig{.data = digits, .scales = 2, .features = 12, .blocks = 2}, images}},
          {"Glow", "digits", {GlowConfig{.data = digits, .scales = 2, .steps = 6, .width = 64}, images}},
          {"RealNVP of points", "8gaussians", {RealNVPConfig{.data = {.input = {2}}, .hidden = {64, 64}}, points}}};
}

struct Taken {
  int64_t peak_bytes;
  double step_seconds;
};

// As `bijou train` does it, for some steps: the storage's peak, without the data.
Taken train_some(const Case& c, const Dataset& data, const TrainSettings& settings) {
  constexpr int64_t kSteps = 6;
  const auto path = std::filesystem::temp_directory_path() / text("bijou-rehearsal-", ::getpid());
  const int64_t before = storage_statistics().bytes_in_use;
  reset_peak_storage();
  const auto model = build_flow(c.preset.model, 1);
  fit_to_data(*model, data, 1);
  RunFolder folder(path);
  Trainer trainer(*model, c.preset.model, data, settings, kSteps, 1, folder, {});
  const auto start = std::chrono::steady_clock::now();
  trainer.run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::filesystem::remove_all(path);
  return {storage_statistics().peak_bytes_in_use - before, seconds / kSteps};
}

}  // namespace

TEST_CASE("rehearsal: what a dry run and the forecast say is what a training takes") {
  for (const Case& c : cases()) {
    const Dataset data = load_dataset(c.data, {});
    for (const Memory way : {Memory::stored, Memory::checkpointed, Memory::reversible}) {
      CAPTURE(c.name);
      CAPTURE(static_cast<int>(way));
      TrainSettings settings = c.preset.training;
      settings.memory = way;
      const auto model = build_flow(c.preset.model, 1);
      const Rehearsal said = rehearse(*model, data, settings, 1);
      Taken taken = train_some(c, data, settings);
      for (int again = 0; again < 3 && taken.step_seconds > 50 * said.step_seconds; ++again)  // the machine was busy
        taken.step_seconds = std::min(taken.step_seconds, train_some(c, data, settings).step_seconds);
      CHECK(said.parameters == model->parameter_count());
      CHECK(static_cast<double>(said.peak_bytes) / static_cast<double>(taken.peak_bytes) ==
            doctest::Approx(1).epsilon(0.25));
      CHECK(said.peak_bytes >= said.parameter_bytes + said.optimizer_bytes + said.activation_bytes);
      CHECK(said.optimizer_bytes == doctest::Approx(static_cast<double>(4 * said.parameter_bytes)).epsilon(0.15));
      CHECK(said.step_seconds < 50 * taken.step_seconds);  // other programs may run beside
      CHECK(said.step_seconds > taken.step_seconds / 50);
      CHECK(said.epoch_seconds > static_cast<double>(said.steps_per_epoch) * said.step_seconds);

      // The forecast looks at two and four examples, and refuses before anything large is asked for.
      const int64_t of_step = said.parameter_bytes + said.optimizer_bytes + said.activation_bytes;
      const int64_t forecast = forecast_memory(c.preset.model, settings.batch_size, way).total();
      CHECK(static_cast<double>(forecast) / static_cast<double>(of_step) == doctest::Approx(1).epsilon(0.25));
    }
  }
}
