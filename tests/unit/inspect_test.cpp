// The door to the double build, and what comes through it: Jacobians in the order that shows their structure, checks
// of whole models, errors with their kind.
#include "apps/check_source.hpp"
#include "apps/inspect/differences.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

using namespace bijou;
using bijou_inspect::LayerJacobian;
using bijou_inspect::PlainMatrix;

namespace {

double at(const PlainMatrix& m, size_t i, size_t j) { return m.values[i * m.columns + j]; }

bool lower_triangular(const PlainMatrix& m) {
  for (size_t i = 0; i < m.rows; ++i) {
    for (size_t j = i + 1; j < m.columns; ++j) {
      if (at(m, i, j) != 0) return false;
    }
  }
  return true;
}

std::map<std::string, LayerJacobian> jacobians(const bijou_inspect::Source& source, const std::string& layer = "") {
  std::map<std::string, LayerJacobian> all;
  bijou_inspect::jacobians_f64(source, layer, [&](const LayerJacobian& j) { all[j.short_name] = j; });
  return all;
}

}  // namespace

TEST_CASE("inspect: Jacobians of Glow's layers, in an order that shows their structure") {
  const auto all = jacobians({.checkpoint = {}, .family = "glow", .preset = "digits"});
  CHECK(all.size() == 54);
  for (const auto& [name, j] : all) {
    INFO(name);
    CHECK(j.name.ends_with(name));
    CHECK(j.formula == doctest::Approx(j.log_det).epsilon(1e-9));
    const bool mix = name.ends_with("mix");
    CHECK(lower_triangular(j.ordered) == !mix);
    CHECK(j.diagonal_is_det == !mix);
    if (!mix) CHECK(j.diagonal == doctest::Approx(j.log_det).epsilon(1e-9));
    // The same entries as before, in another order.
    auto before = j.natural.values, after = j.ordered.values;
    std::ranges::sort(before);
    std::ranges::sort(after);
    CHECK(before == after);
  }
  const LayerJacobian& coupling = all.at("scales.0.steps.0.coupling");
  CHECK_FALSE(lower_triangular(coupling.natural));  // the second half stays
  for (size_t i = 0; i < 32; ++i) CHECK(at(coupling.ordered, i, i) == 1);
  CHECK(at(coupling.ordered, 40, 40) != 1);
  const LayerJacobian& squeeze = all.at("scales.0.squeeze");
  CHECK_FALSE(lower_triangular(squeeze.natural));
  const LayerJacobian& conv = all.at("scales.1.steps.0.mix");
  REQUIRE(conv.part.rows == 8);
  for (size_t i = 0; i < 32; ++i) {
    for (size_t j = 0; j < 32; ++j) {
      CHECK(at(conv.natural, i, j) == (i / 8 == j / 8 ? at(conv.part, i % 8, j % 8) : 0));
    }
  }
}

TEST_CASE("inspect: one layer by either of its names, and a film for the plane alone") {
  const bijou_inspect::Source nice{.checkpoint = {}, .family = "nice", .preset = "digits"};
  CHECK(jacobians(nice, "flow.couplings.2").size() == 1);
  CHECK(jacobians(nice, "couplings.2").at("couplings.2").name == "flow.couplings.2");
  const auto nothing = [](const LayerJacobian&) {};
  CHECK(bijou_inspect::jacobians_f64(nice, "", nothing).film.empty());
  const auto plane =
      bijou_inspect::jacobians_f64({.checkpoint = {}, .family = "realnvp", .preset = "toy"}, "", nothing);
  REQUIRE(plane.film.size() == 9);
  CHECK(plane.film.front().title == "x = g(z)");
  CHECK(plane.film.back().title == "latents z");
  // A vertical line is straight before the first layer.
  for (const auto& p : plane.film.front().vertical[3]) CHECK(p[0] == plane.film.front().vertical[3][0][0]);
}

TEST_CASE("inspect: models with random weights pass, layer by layer") {
  for (const char* family : {"nice", "realnvp", "glow"}) {
    std::vector<std::string> seen;
    const auto result = bijou_inspect::check_model_f64({.checkpoint = {}, .family = family, .preset = "toy", .seed = 5},
                                                       [&](const std::string& name) { seen.push_back(name); });
    CHECK(seen.size() == result.layers.size() + 1);
    for (const auto& layer : result.layers) {
      INFO(family, " ", layer.name);
      CHECK(layer.failures.empty());
      CHECK(layer.log_dets.size() == 2);
      for (const auto& p : layer.parameters) CHECK(p.measured > 0);
      CHECK(layer.in_float.x.error >= 0);
      CHECK(layer.in_double.y.error < 1e-12);
    }
    CHECK(result.wholes.front().failures.empty());
  }
}

TEST_CASE("inspect: errors keep their kind on the way through the door") {
  const auto check = [](const bijou_inspect::Source& source) {
    through_door([&] { return bijou_inspect::check_model_f64(source, [](const std::string&) {}); });
  };
  CHECK_THROWS_AS(check({.checkpoint = {}, .family = "nice", .preset = "none"}), UsageError);
  CHECK_THROWS_AS(check({.checkpoint = "no/such/file", .family = {}, .preset = {}}), CheckpointError);
  CHECK_THROWS_AS(source_of("vgg", "", 0), UsageError);
  CHECK_THROWS_AS(source_of("./vgg", "", 0), CheckpointError);
  CHECK_THROWS_AS(source_of("glow", "none", 0), UsageError);
  CHECK(source_of("glow", "", 3).preset == "digits");
}

TEST_CASE("inspect: a difference quotient, beside kinks and against wrong expectations") {
  const auto of = [](const std::function<double(double)>& f, double expected) {
    return derivative([&](double h) { return f(h) - f(-h); }, expected, 1e-3);
  };
  const auto sine = [](double h) { return std::sin(0.3 + h); };
  for (const double expected : {std::cos(0.3), -std::cos(0.3), 1.001 * std::cos(0.3), 0.0, std::nan("")}) {
    REQUIRE(of(sine, expected));
    CHECK(*of(sine, expected) == doctest::Approx(std::cos(0.3)).epsilon(1e-8));
  }
  const auto kink = [](double h) { return std::max(0.0, h - 1e-5); };  // the steps must get below it
  for (const double expected : {0.0, 1.0, 0.5}) CHECK(*of(kink, expected) == 0);
  const auto jagged = [](double h) { return std::sin(1 / (std::abs(h) + 1e-9)) * (h > 0 ? h : 0); };
  CHECK_FALSE(of(jagged, 0.3));
}
