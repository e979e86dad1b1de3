// Golden losses: the first steps of training, as numbers. They change when anything does in data, initialisation,
// layers, gradients or optimiser. They are those of the double build, taken as the truth: this file, tests/main.cpp and
// apps/*.cpp but main.cpp, compiled with -DBIJOU_DOUBLE and linked with build/f64/libbijou.a, print them. The float
// build agrees to 1.3e-5 here; the bound leaves room for the vector units and BLAS kernels of any processor. (Some
// gradients are zero but for rounding, and Adam makes whole steps of them: at larger learning rates the builds differ.)
#include "apps/trainer.hpp"
#include "autograd/kernels/machine.hpp"
#include "tests/unit/short_training.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <numeric>

using namespace bijou;

namespace {

constexpr double kBound = 1e-4;
constexpr uint64_t kSeed = 1;

// The model and its training are written out here: the program's presets may be tuned without new numbers.
struct Golden {
  const char *name, *data;
  Preset preset;
  std::vector<double> losses;  // of each step, in nats per example
};

const Golden& golden(const std::string& name) {
  static const Golden all[] = {
      {"RealNVP on the digits",
       "digits",
       {RealNVPConfig{
            .data = {.input = {8, 8, 1}, .levels = 17, .alpha = 0.05}, .scales = 2, .features = 16, .blocks = 2},
        {.batch_size = 64,
         .learning_rate = 2e-3,
         .clip_norm = 100,
         .weight_norm_l2 = 5e-5,
         .batch_norm_momentum = 0.1}},
       {172.292571953, 172.294755386, 172.843480560, 170.964252846, 170.810372468, 170.700086807, 170.735289935,
        169.423453365, 169.757298072, 169.393058327}},
      {"RealNVP on 8gaussians",
       "8gaussians",
       {RealNVPConfig{.data = {.input = {2}}, .couplings = 16, .hidden = {64, 64}},
        {.batch_size = 512, .learning_rate = 2e-3, .clip_norm = 100, .weight_norm_l2 = 0}},
       {5.912811217, 5.268690184, 5.371931018, 5.420850996, 5.541430328, 5.411843878, 5.431843894, 5.417834331,
        5.317359590, 5.353541021}},
      {"NICE on the digits",
       "digits",
       {NICEConfig{.data = {.input = {8, 8, 1}, .levels = 17, .alpha = 0}, .depths = {2, 1, 2, 1}, .width = 40},
        {.batch_size = 64, .learning_rate = 2e-3, .clip_norm = 100, .weight_norm_l2 = 0}},
       {273.569797976, 273.159947217, 272.776267058, 272.299441059, 271.971520740, 271.708882035, 271.588733099,
        271.399895420, 271.330650059, 271.272750930}},
      {"Glow on the digits",
       "digits",
       {GlowConfig{.data = {.input = {8, 8, 1}, .levels = 17}, .scales = 2, .steps = 3, .width = 16},
        {.batch_size = 64, .learning_rate = 2e-3, .clip_norm = 100, .weight_norm_l2 = 0}},
       {164.598925741, 159.423158532, 156.881099776, 152.386772734, 151.355320167, 149.961748906, 147.700981965,
        146.412918593, 147.138798218, 147.183902623}},
      {"Glow with classes",
       "digits",
       {GlowConfig{.data = {.input = {8, 8, 1}, .levels = 17},
                   .scales = 1,
                   .steps = 2,
                   .width = 12,
                   .mixing = GlowConfig::Mixing::plu,
                   .scale = GlowConfig::Scale::exp,
                   .classes = 10},
        {.batch_size = 64, .learning_rate = 2e-3, .clip_norm = 100, .weight_norm_l2 = 0}},
       {168.782512312, 165.607353977, 163.995961572, 160.211807735, 159.199229000, 158.046701930, 156.230681571,
        155.068339032, 155.001297739, 155.601927483}},
  };
  for (const Golden& g : all) {
    if (name == g.name) return g;
  }
  FAIL("no golden losses are called ", name);
  throw 0;
}

Dataset dataset(const std::string& name) {
  DatasetOptions options;
  options.toy_train = 20 * 512;
  options.toy_validation = options.toy_test = 100;
  return load_dataset(name, options);
}

std::vector<double> train(const std::string& name, int64_t steps) {
  return ShortTraining(dataset(golden(name).data), golden(name).preset, steps, kSeed).steps(steps);
}

class Threads {
 public:
  explicit Threads(int count) : before_(kernels::threads()) { kernels::set_threads(count); }
  ~Threads() { kernels::set_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

void check_losses(const std::string& name) {
  const std::vector<double>& expected = golden(name).losses;
  const std::vector<double> losses = train(name, 10);
  std::string got;
  for (const double loss : losses) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.9f, ", loss);
    got += digits;
  }
  if (std::is_same_v<Real, double>) MESSAGE(name, ": ", got);
  REQUIRE(losses.size() == expected.size());
  for (size_t i = 0; i < losses.size(); ++i) {
    CHECK_MESSAGE(std::abs(losses[i] - expected[i]) < kBound * std::abs(expected[i]), name, ", step ", i + 1, ": ",
                  losses[i], ", expected ", expected[i], "; all: ", got);
  }
}

}  // namespace

TEST_CASE("golden losses: RealNVP on the digits") { check_losses("RealNVP on the digits"); }
TEST_CASE("golden losses: RealNVP on a density in two dimensions") { check_losses("RealNVP on 8gaussians"); }
TEST_CASE("golden losses: NICE on the digits") { check_losses("NICE on the digits"); }
TEST_CASE("golden losses: Glow on the digits") { check_losses("Glow on the digits"); }
TEST_CASE("golden losses: Glow with classes") { check_losses("Glow with classes"); }

TEST_CASE("golden losses: the same to the last bit with any number of threads") {
  for (const char* name :
       {"RealNVP on the digits", "RealNVP on 8gaussians", "NICE on the digits", "Glow on the digits"}) {
    std::vector<std::vector<double>> losses;
    for (const int threads : {1, 2, 3}) {
      const Threads now(threads);
      losses.push_back(train(name, 5));
    }
    CHECK(losses[0] == losses[1]);
    CHECK(losses[0] == losses[2]);
  }
}

TEST_CASE("golden losses: the program's training takes these steps") {
  const Dataset data = dataset("8gaussians");
  const Preset& preset = golden("RealNVP on 8gaussians").preset;
  const auto model = build_flow(preset.model, kSeed);
  const auto path = std::filesystem::temp_directory_path() / text("bijou-golden-", ::getpid());
  {
    RunFolder folder(path);
    Trainer trainer(*model, preset.model, data, preset.training, 10, kSeed, folder, {});
    const auto outcome = trainer.run();
    const std::vector<double> losses = train("RealNVP on 8gaussians", 10);
    REQUIRE(outcome.history.size() == 1);
    CHECK(outcome.history[0].train ==
          doctest::Approx(std::accumulate(losses.begin(), losses.end(), 0.0) / 10).epsilon(1e-12));
  }
  std::filesystem::remove_all(path);
}
