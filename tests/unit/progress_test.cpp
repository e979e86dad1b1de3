// What training says about its time.
#include "apps/progress.hpp"

#include <doctest/doctest.h>

using namespace bijou;

TEST_CASE("progress: where the time went") {
  CHECK(shares_of({.batches = 1, .validation = 4, .checkpoints = 2, .pictures = 0.5}, 50) ==
        "of 50 s: steps 85.0%, batches 2.0%, validation 8.0%, checkpoints 4.0%, pictures 1.0%");
  double seconds = 2;
  for (int i = 0; i < 2; ++i) {
    const Timer timer(seconds);
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(2)) {}
  }
  CHECK(seconds >= 2.004);
}
