// Base densities other than N(0, I): they integrate to one, samples follow them, and classes are counted as they should.
// (N(0, I), and whole models on two dimensions, are in densities.cpp.)
#include "autograd/gradcheck.hpp"
#include "flows/model.hpp"
#include "flows/preprocess.hpp"
#include "tests/helpers.hpp"
#include "tests/tables/flows.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace bijou;
using bijou_tests::message;
using bijou_tests::values;

namespace {

constexpr int64_t kSamples = 40'000;

double log_normal(double x, double mu, double log_sigma) {
  const double e = (x - mu) / std::exp(log_sigma);
  return -0.5 * e * e - log_sigma - 0.5 * std::log(2 * std::numbers::pi);
}

Variable& parameter(const Module& module, const std::string& name) {
  for (const auto& p : module.parameters()) {
    if (p.name == name) return *p.variable;
  }
  FAIL("no parameter is called ", name);
  throw 0;
}

// Two latents as a place with two channels, or one channel, and three classes of different sizes.
std::unique_ptr<ClassConditionalNormal> three_classes(int64_t dimensions, const Shape& top) {
  auto base = std::make_unique<ClassConditionalNormal>(dimensions, top, 3);
  Rng rng(2);
  parameter(*base, "mu").set_value(Tensor::randn({3, top[-1]}, rng));
  parameter(*base, "log_sigma")
      .set_value(math::scale_offset(Tensor::randn({3, top[-1]}, rng), 0.3, -0.2));
  base->set_class_frequencies(std::vector<double>{5, 0, 11});  // and one more of each: 6, 1, 12 of 19
  return base;
}
constexpr double kFrequencies[] = {6.0 / 19, 1.0 / 19, 12.0 / 19};

// The sum of p over a lattice that ends where p has become nothing, times a cell's area.
double integral_1d(const Base& base, double half) {
  constexpr int64_t kCells = 4000;
  std::vector<double> z;
  for (int64_t i = 0; i <= kCells; ++i) z.push_back(half * (2.0 * static_cast<double>(i) / kCells - 1));
  double sum = 0;
  for (const Real v : base.log_prob(Tensor::from({kCells + 1, 1}, z)).value().data()) sum += std::exp(v);
  return sum * 2 * half / kCells;
}
double integral_2d(const std::function<Variable(const Tensor&)>& log_prob, double half) {
  constexpr int64_t kCells = 500;
  std::vector<double> z;
  for (int64_t i = 0; i <= kCells; ++i) {
    for (int64_t j = 0; j <= kCells; ++j) {
      z.push_back(half * (2.0 * static_cast<double>(i) / kCells - 1));
      z.push_back(half * (2.0 * static_cast<double>(j) / kCells - 1));
    }
  }
  double sum = 0;
  for (const Real v : log_prob(Tensor::from({(kCells + 1) * (kCells + 1), 2}, z)).value().data()) sum += std::exp(v);
  return sum * std::pow(2 * half / kCells, 2);
}

struct Moments {
  double mean, variance;
};
Moments moments_of(const Tensor& z, int64_t column) {  // of one column
  const int64_t n = z.shape()[0], d = z.shape()[1];
  double mean = 0, square = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double v = z.data()[i * d + column];
    mean += v / static_cast<double>(n);
    square += v * v / static_cast<double>(n);
  }
  return {mean, square - mean * mean};
}

void check_gradients_of(const std::function<Variable(const Variable& z)>& log_prob, const Base& base, const Tensor& z) {
  std::vector<Tensor> inputs = {z};
  for (const auto& p : base.parameters()) inputs.push_back(p.variable->value());
  // The parameters are put in as the variables that the checker moves.
  const auto f = [&](const std::vector<Variable>& in) {
    const auto all = base.parameters();
    for (size_t i = 0; i < all.size(); ++i) *all[i].variable = in[i + 1];
    return log_prob(in[0]);
  };
  for (const GradientError& e : check_gradients(f, inputs)) {
    CHECK_MESSAGE(e.error < 1e-7, "argument ", e.argument, ", entry ", e.entry, ": gradient ", e.gradient,
                  ", finite difference ", e.difference);
  }
}

}  // namespace

TEST_CASE("standard logistic: the formula, and it integrates to one") {
  const StandardLogistic base(2);
  const Tensor log_p = base.log_prob(Tensor::from({2, 2}, {0, 0, 1.5, -3})).value();
  REQUIRE(log_p.shape() == Shape{2});
  const auto one = [](double z) { return -z - 2 * std::log1p(std::exp(-z)); };
  CHECK(log_p.data()[0] == doctest::Approx(-4 * std::numbers::ln2).epsilon(1e-14));
  CHECK(log_p.data()[1] == doctest::Approx(one(1.5) + one(-3)).epsilon(1e-14));
  CHECK(integral_1d(StandardLogistic(1), 40) == doctest::Approx(1).epsilon(1e-9));
  CHECK(integral_2d([&](const Tensor& z) { return base.log_prob(z); }, 30) == doctest::Approx(1).epsilon(1e-6));
  // Far out, where e^z has no double: log p(z) -> -|z|.
  CHECK(base.log_prob(Tensor::from({1, 2}, {1000, -1000})).item() == doctest::Approx(-2000));
}

// Variance pi^2 / 3; by the temperature the deviation is scaled. The distribution function at samples is uniform.
TEST_CASE("standard logistic: samples follow it") {
  const StandardLogistic base(3);
  for (const double temperature : {1.0, 0.6}) {
    Rng rng(1, stream("logistic"));
    const Tensor z = base.sample(kSamples, rng, temperature);
    REQUIRE(z.shape() == Shape{kSamples, 3});
    const double variance = temperature * temperature * std::numbers::pi * std::numbers::pi / 3;
    double quarters[4] = {};
    for (const Real v : z.data()) ++quarters[static_cast<int>(4 / (1 + std::exp(-v / temperature)))];
    for (const double count : quarters) CHECK(std::abs(count / (3 * kSamples) - 0.25) < 0.01);
    for (int64_t c = 0; c < 3; ++c) {
      const Moments m = moments_of(z, c);
      CHECK(std::abs(m.mean) < 5 * std::sqrt(variance / kSamples));
      CHECK(m.variance == doctest::Approx(variance).epsilon(0.05));
    }
  }
  Rng rng(1);
  for (const Real v : base.sample(5, rng, 0).data()) CHECK(v == 0);
  CHECK(message<ValueError>([&] { base.sample(1, rng, -0.5); }) ==
        "StandardLogistic::sample: the temperature must not be negative, got -0.5");
}

TEST_CASE("class-conditional: given a class, and whatever the class, it integrates to one") {
  for (const Shape& top : {Shape{2}, Shape{1, 1, 2}, Shape{1}, Shape{1, 2, 1}}) {
    const auto base = three_classes(2, top);
    CHECK(integral_2d([&](const Tensor& z) { return base->log_prob(z); }, 12) == doctest::Approx(1).epsilon(1e-8));
    for (const int y : {0, 1, 2}) {
      const auto given_y = [&](const Tensor& z) {
        return base->log_prob(z, std::vector<int>(static_cast<size_t>(z.shape()[0]), y));
      };
      CHECK(integral_2d(given_y, 12) == doctest::Approx(1).epsilon(1e-8));
    }
  }
}

// Five latents: one that is standard normal, and two places with two channels each, which the class moves.
TEST_CASE("class-conditional: log p(z | y) and log p(z | y) p(y) are the formulas, log p(z) their sum") {
  const auto base = three_classes(5, {2, 1, 2});
  Rng rng(3);
  const Tensor z = Tensor::randn({4, 5}, rng), joint = base->log_joint(z).value(), log_p = base->log_prob(z).value();
  const Tensor mu = parameter(*base, "mu").value(), log_sigma = parameter(*base, "log_sigma").value();
  REQUIRE(joint.shape() == Shape{4, 3});
  REQUIRE(log_p.shape() == Shape{4});
  for (int64_t n = 0; n < 4; ++n) {
    double sum = 0;
    for (int y = 0; y < 3; ++y) {
      double given_y = log_normal(z.data()[n * 5], 0, 0);
      for (int64_t d = 0; d < 4; ++d) {
        given_y += log_normal(z.data()[n * 5 + 1 + d], mu.data()[y * 2 + d % 2], log_sigma.data()[y * 2 + d % 2]);
      }
      CHECK(base->log_prob(z.rows(n, n + 1), std::vector{y}).item() == doctest::Approx(given_y).epsilon(1e-12));
      CHECK(joint.data()[n * 3 + y] == doctest::Approx(given_y + std::log(kFrequencies[y])).epsilon(1e-12));
      sum += kFrequencies[y] * std::exp(given_y);
    }
    CHECK(log_p.data()[n] == doctest::Approx(std::log(sum)).epsilon(1e-12));
    CHECK(log_p.data()[n] ==
          doctest::Approx(math::logsumexp(joint).data()[n]).epsilon(1e-14));
  }
  const std::vector<int> labels = {2, 0, 1, 2};
  const Tensor each = base->log_prob(z, labels).value();
  for (int64_t n = 0; n < 4; ++n) {
    CHECK(each.data()[n] == doctest::Approx(joint.data()[n * 3 + labels[n]] - std::log(kFrequencies[labels[n]])));
  }
}

TEST_CASE("class-conditional: before any counts all classes are as frequent, and it is N(0, I)") {
  const ClassConditionalNormal base(3, {2}, 4);
  Rng rng(1);
  const Tensor z = Tensor::randn({5, 3}, rng);
  const Tensor normal = StandardNormal(3).log_prob(z).value(), joint = base.log_joint(z).value();
  for (int64_t n = 0; n < 5; ++n) {
    CHECK(base.log_prob(z).value().data()[n] == doctest::Approx(normal.data()[n]).epsilon(1e-12));
    for (int y = 0; y < 4; ++y) {
      CHECK(joint.data()[n * 4 + y] == doctest::Approx(normal.data()[n] - std::log(4)).epsilon(1e-12));
    }
  }
}

TEST_CASE("class-conditional: samples follow it, by class and by the classes' frequencies") {
  const auto base = three_classes(5, {2, 1, 2});
  const Tensor mu = parameter(*base, "mu").value(), log_sigma = parameter(*base, "log_sigma").value();
  for (const double temperature : {1.0, 0.5}) {
    for (int y = 0; y < 3; ++y) {
      Rng rng(1, stream("class"));
      const Tensor z = base->sample(std::vector<int>(kSamples, y), rng, temperature);
      REQUIRE(z.shape() == Shape{kSamples, 5});
      for (int64_t d = 0; d < 5; ++d) {
        const double mean = d == 0 ? 0 : mu.data()[y * 2 + (d - 1) % 2];
        const double sd = temperature * (d == 0 ? 1 : std::exp(log_sigma.data()[y * 2 + (d - 1) % 2]));
        const Moments m = moments_of(z, d);
        CHECK(std::abs(m.mean - mean) < 5 * sd / std::sqrt(static_cast<double>(kSamples)));
        CHECK(m.variance == doctest::Approx(sd * sd).epsilon(0.05));
      }
    }
  }
  // At temperature 0 a sample is its class's mean: so the classes drawn can be counted.
  Rng rng(2, stream("frequencies"));
  const Tensor z = base->sample(kSamples, rng, 0);
  double counts[3] = {};
  for (int64_t n = 0; n < kSamples; ++n) {
    for (int y = 0; y < 3; ++y) counts[y] += z.data()[n * 5 + 1] == mu.data()[y * 2];
  }
  CHECK(counts[0] + counts[1] + counts[2] == kSamples);
  for (int y = 0; y < 3; ++y) CHECK(std::abs(counts[y] / kSamples - kFrequencies[y]) < 0.012);
}

TEST_CASE("bases: gradients in z, and of mu and log sigma") {
  Rng rng(4);
  const StandardLogistic logistic(3);
  check_gradients_of([&](const Variable& z) { return logistic.log_prob(z); }, logistic, Tensor::randn({2, 3}, rng));
  const StandardNormal normal(3);
  check_gradients_of([&](const Variable& z) { return normal.log_prob(z); }, normal, Tensor::randn({2, 3}, rng));
  const Tensor z = Tensor::randn({2, 5}, rng);
  auto base = three_classes(5, {2, 1, 2});
  const std::vector<int> labels = {1, 2};
  check_gradients_of([&](const Variable& v) { return base->log_prob(v, labels); }, *base, z);
  base = three_classes(5, {2, 1, 2});
  check_gradients_of([&](const Variable& v) { return base->log_prob(v); }, *base, z);
  base = three_classes(5, {2, 1, 2});
  check_gradients_of([&](const Variable& v) { return base->log_joint(v); }, *base, z);
}

TEST_CASE("class-conditional: what is out of range is refused") {
  const auto base = three_classes(3, {2});
  Rng rng(1);
  const Tensor z = Tensor::zeros({2, 3});
  CHECK(message<ValueError>([&] { base->log_prob(z, std::vector{0, 3}); }) ==
        "ClassConditionalNormal: class 3 of example 1 is not one of 0 .. 2");
  CHECK(message<ValueError>([&] { base->log_prob(z, std::vector{-1, 0}); }) ==
        "ClassConditionalNormal: class -1 of example 0 is not one of 0 .. 2");
  CHECK(message<ShapeError>([&] { base->log_prob(z, std::vector{0}); }) ==
        "ClassConditionalNormal::log_prob: 1 labels for 2 examples");
  CHECK(message<ValueError>([&] { base->sample(std::vector{3}, rng, 1); }) ==
        "ClassConditionalNormal::sample: class 3 is not one of 0 .. 2");
  CHECK(message<ValueError>([&] { base->sample(std::vector{-1}, rng, 1); }) ==
        "ClassConditionalNormal::sample: class -1 is not one of 0 .. 2");
  for (const auto& f : std::vector<std::function<void()>>{[&] { base->sample(2, rng, -1); },
                                                          [&] { base->sample(std::vector{0}, rng, -1); }}) {
    CHECK(message<ValueError>(f) ==
          "ClassConditionalNormal::sample: the temperature must not be negative, got -1");
  }
  CHECK(message<ValueError>([&] { base->set_class_frequencies(std::vector<double>{1, 2}); }) ==
        "ClassConditionalNormal: 2 counts for 3 classes");
  CHECK(message<ValueError>([] { ClassConditionalNormal(3, {2}, 0); }) ==
        "ClassConditionalNormal: needs at least one class, got 0");
  CHECK(message<ShapeError>([] { ClassConditionalNormal(3, {4}, 2); }) ==
        "ClassConditionalNormal: top latents [4] of 3 dimensions");
}

// log p(x | y), log p(x | y) p(y) and log p(x) of a model are the base's, with one and the same log-determinant.
TEST_CASE("class-conditional: a model adds its log-determinant to each") {
  const FlowModel model("scaled", std::make_unique<Rescale>(Shape{2}, 4), three_classes(2, {2}));
  Rng rng(5);
  const Tensor x = Tensor::uniform({3, 2}, rng, 0, 4), z = math::scale_offset(x, 0.25, 0);
  const auto base = three_classes(2, {2});
  const double log_det = -2 * std::log(4.0);
  const std::vector<int> labels = {1, 2, 0};
  CHECK(model.has_classes());
  CHECK(model.classes() == 3);
  for (int64_t n = 0; n < 3; ++n) {
    CHECK(model.log_prob(x).value().data()[n] ==
          doctest::Approx(base->log_prob(z).value().data()[n] + log_det).epsilon(1e-12));
    CHECK(model.log_prob(x, labels).value().data()[n] ==
          doctest::Approx(base->log_prob(z, labels).value().data()[n] + log_det).epsilon(1e-12));
    for (int y = 0; y < 3; ++y) {
      CHECK(model.log_joint(x).value().data()[n * 3 + y] ==
            doctest::Approx(base->log_joint(z).value().data()[n * 3 + y] + log_det).epsilon(1e-12));
    }
  }
  Rng one(6), other(6);
  CHECK(values(model.sample(labels, one, 0.7)) ==
        values(math::scale_offset(base->sample(labels, other, 0.7), 4, 0)));
}

TEST_CASE("class-conditional: a model without classes says so") {
  const FlowModel model("plain", std::make_unique<Rescale>(Shape{2}, 4), std::make_unique<StandardNormal>(2));
  Rng rng(1);
  const std::string expected = "FlowModel: plain knows no classes: its base is a StandardNormal in 2 dimensions";
  CHECK(!model.has_classes());
  CHECK(model.classes() == 0);
  CHECK(message<ValueError>([&] { model.log_joint(Tensor::zeros({1, 2})); }) == expected);
  CHECK(message<ValueError>([&] { model.log_prob(Tensor::zeros({1, 2}), std::vector{0}); }) == expected);
  CHECK(message<ValueError>([&] { model.sample(std::vector{0}, rng); }) == expected);
}
