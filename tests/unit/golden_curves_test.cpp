// Golden curves (apps/golden.hpp): what comes with the program, and where a run stands.
#include "apps/golden.hpp"

#include <doctest/doctest.h>

using namespace bijou;

TEST_CASE("golden curves: those that come with the program are whole") {
  for (const char* family : {"nice", "realnvp", "glow"}) {
    CAPTURE(family);
    const auto curve = golden_curve(family, "digits", "digits");
    REQUIRE(curve.has_value());
    CHECK(curve->seeds >= 3);
    CHECK_FALSE(curve->machine.empty());
    CHECK(curve->date.size() == 10);
    for (size_t i = 0; i < curve->epochs.size(); ++i) {
      const auto& e = curve->epochs[i];
      CHECK(e.epoch == static_cast<int64_t>(i) + 1);
      CHECK((e.low <= e.mean && e.mean <= e.high));
    }
    CHECK(curve->epochs.back().mean < curve->epochs.front().mean);  // something was learned
    CHECK(golden_names().find(text(family, " --data digits --preset digits")) != std::string::npos);
  }
  CHECK_FALSE(golden_curve("glow", "cifar10", "cifar10").has_value());
  CHECK_FALSE(golden_curve("glow", "digits", "toy").has_value());
}

TEST_CASE("golden curves: where a run stands") {
  const GoldenCurve curve{.epochs = {{1, 10, 9, 12}, {2, 5, 4, 5.5}}, .seeds = 3, .machine = "M", .date = "2026-11-29"};
  const Unit nats{"nats", 1}, halves{"halves", 2};
  CHECK(curve.standing(1, 10, nats) == "golden 10.000 (9.000 to 12.000)");
  CHECK(curve.standing(1, 15, nats) ==
        "golden 10.000 (9.000 to 12.000)");  // not farther outside than the range is wide
  CHECK(curve.standing(1, 15.5, nats) == "golden 10.000 (9.000 to 12.000), 3.500 above that range");
  CHECK(curve.standing(1, 5.75, nats) == "golden 10.000 (9.000 to 12.000), 3.250 below that range");
  CHECK(curve.standing(2, 8, halves) == "golden 10.000 (8.000 to 11.000), 5.000 above that range");
  CHECK(curve.standing(3, 1, nats).empty());
}
