// The benchmark of memory against depth, on a small model.
#include "apps/bench/memory.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

using namespace bijou;

TEST_CASE("bench: memory against depth") {
  const GlowConfig glow{.data = {.input = {16, 16, 3}, .levels = 256, .alpha = 0}, .scales = 2, .width = 32};
  const auto points = memory_against_depth(glow, 4, {2, 8}, 1);
  REQUIRE(points.size() == 6);
  for (size_t i = 0; i < 6; ++i) {
    CHECK(points[i].steps == (i < 3 ? 2 : 8));
    CHECK(points[i].way == static_cast<Memory>(i % 3));
    CHECK(points[i].milliseconds > 0);
  }
  const auto bytes = [&](size_t i) { return static_cast<double>(points[i].activation_bytes); };
  CHECK(bytes(3) > 3 * bytes(0));    // stored: by K
  CHECK(bytes(4) < bytes(3) / 3);    // checkpointed
  CHECK(bytes(5) < 1.1 * bytes(2));  // reversible: as before
  CHECK(std::isnan(memory_against_depth(glow, 2, {1}, 0)[0].milliseconds));

  const std::string table = memory_table(points);
  CHECK(std::ranges::count(table, '\n') == 3);
  CHECK(table.find("\n   8 ") != std::string::npos);
  const auto path = std::filesystem::temp_directory_path() / text("bijou-memory-", ::getpid(), ".png");
  draw_memory(path.string(), points, "a small Glow");
  CHECK(std::filesystem::file_size(path) > 5000);
  std::filesystem::remove(path);
  CHECK(bijou_tests::message<ValueError>([&] { memory_table({points[0]}); }) ==
        "memory_table: no point for K = 2 in way checkpointed");
}
