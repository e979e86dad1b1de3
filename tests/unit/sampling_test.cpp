// A short training, end to end: what is sampled afterwards looks like the data.
#include "apps/density.hpp"
#include "apps/pictures.hpp"
#include "tests/unit/short_training.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numbers>

using namespace bijou;

TEST_CASE("sampling: a model of eight Gaussians draws from each of them as often as from the others") {
  const Dataset data = load_dataset("8gaussians");
  Preset preset = find_preset("realnvp", "toy", data);
  preset.training = {.batch_size = 256, .learning_rate = 2e-3, .weight_norm_l2 = 0, .average_decay = 0.99};
  ShortTraining training(data, preset, 3000, 1);
  training.steps(3000);
  const MovingAverage::Use averaged(training.average());

  CHECK(average_nll(training.model(), data.test, data.levels) < 2.95);  // the density's entropy is 2.83

  constexpr double kCentre = 4 / 1.414, kSpread = 0.5 / 1.414;  // as in datasets/toys.cpp
  constexpr int64_t kSamples = 10'000;
  Rng rng(2, stream("sampling test"));
  const Tensor x = training.model().sample(kSamples, rng);
  std::array<int64_t, 8> inside{};
  for (int64_t i = 0; i < kSamples; ++i) {
    const double x1 = x.data()[2 * i], x2 = x.data()[2 * i + 1];
    const int mode = static_cast<int>(std::lround(std::atan2(x2, x1) / (std::numbers::pi / 4)) + 8) % 8;  // the nearest
    const double angle = std::numbers::pi / 4 * mode;
    inside[mode] += std::hypot(x1 - kCentre * std::cos(angle), x2 - kCentre * std::sin(angle)) < 4 * kSpread;
  }
  for (const int64_t count : inside) {
    CHECK(count >= kSamples / 10);
    CHECK(count <= kSamples * 15 / 100);
  }
}

TEST_CASE("sampling: a sheet that is drawn unasked holds fewer of large images, and always one") {
  CHECK(fit_on_sheet(100, {32, 32, 3}) == 100);
  CHECK(fit_on_sheet(64, {1024, 1024, 3}) == 5);
  CHECK(fit_on_sheet(24, {16384, 4096, 3}) == 1);
}
