// Storage in training: after the second step nothing is asked from the system any more.
#include "autograd/kernels/machine.hpp"
#include "tests/unit/short_training.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

using namespace bijou;

namespace {

int64_t page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// Batches of equal size, and tensors large enough that each would bring page faults if it came from the system.
struct Case {
  const char *name, *data;
  FlowConfig model;
  int64_t batch_size;
};

std::vector<Case> cases() {
  const DataSpec digits{.input = {8, 8, 1}, .levels = 17, .alpha = 0.05};
  return {{"NICE", "digits", NICEConfig{.data = digits, .depths = {3, 3, 3, 3}, .width = 300}, 64},
          {"RealNVP", "digits", RealNVPConfig{.data = digits, .scales = 2, .features = 24, .blocks = 2}, 64},
          {"RealNVP on vectors", "8gaussians", RealNVPConfig{.data = {.input = {2}}, .hidden = {128, 128}}, 512},
          {"Glow", "digits", GlowConfig{.data = digits, .scales = 2, .steps = 4, .width = 64}, 64}};
}

}  // namespace

TEST_CASE("training: after the second step no tensor is allocated, and hardly a page is touched for the first time") {
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    DatasetOptions options;
    options.toy_train = 20 * 512;
    ShortTraining training(load_dataset(c.data, options), {c.model, {.batch_size = c.batch_size}}, 20, 1);
    training.steps(2);
    const StorageStatistics before = storage_statistics();
    const int64_t faults = page_faults();
    training.steps(10);
    CHECK(storage_statistics().allocations == before.allocations);
    CHECK(storage_statistics().bytes_in_use == before.bytes_in_use);
    CHECK((page_faults() - faults) / 10 < 10);
  }
}

TEST_CASE("storage: what the machine cannot hold is refused with its size") {
  const auto refused = [](const Shape& shape, const std::string& what) {
    CHECK_THROWS_WITH_AS(Tensor{shape}, doctest::Contains(what.c_str()), StorageError);
  };
  const int64_t all = kernels::physical_memory() / static_cast<int64_t>(sizeof(Real)), huge = int64_t{1} << 40;
  const StorageStatistics before = storage_statistics();
  refused({all, 2}, "the machine has no memory for a tensor of ");
  refused({huge, 1 << 10}, text("a tensor of ", huge * 1024 * sizeof(Real), " bytes"));
  refused({huge, 1 << 22}, "no machine has memory for a tensor of 4611686018427387904 values");
  refused({huge, huge}, "Shape: [1099511627776, 1099511627776] holds more values than any machine");
  CHECK(storage_statistics().bytes_in_use == before.bytes_in_use);
}

TEST_CASE("storage: when the machine's memory runs out, buffers that only wait are given back first") {
  Tensor(Shape{1 << 20});
  REQUIRE(storage_statistics().bytes_waiting > 0);
  CHECK_THROWS_AS(Tensor(Shape{kernels::physical_memory()}), StorageError);
  CHECK(storage_statistics().bytes_waiting == 0);
}
