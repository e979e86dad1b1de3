// Densities of two-dimensional models: they integrate to one, samples follow them, and the map folds nothing. The base;
// bits per dimension.
#include "datasets/toys.hpp"
#include "flows/preprocess.hpp"
#include "flows/realnvp.hpp"
#include "nn/optimizer.hpp"
#include "tests/tables/flows.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numbers>

using namespace bijou;

namespace {

// A random model whose density is far from the base's, but of a size that a grid can hold.
std::unique_ptr<FlowModel> random_model(uint64_t seed, double noise = 0.12) {
  auto model = build_realnvp({.data = {.input = {2}}, .couplings = 4, .hidden = {16, 16}}, seed);
  add_noise(*model, seed, noise);
  return model;
}

// The points of a square lattice [-half, half]^2 with n cells a side, (n + 1)^2 rows of two.
Tensor lattice(double half, int64_t n) {
  Tensor points({(n + 1) * (n + 1), 2});
  const auto p = points.mutable_data();
  const double step = 2 * half / static_cast<double>(n);
  for (int64_t i = 0; i <= n; ++i) {
    for (int64_t j = 0; j <= n; ++j) {
      p[2 * (i * (n + 1) + j)] = static_cast<Real>(-half + step * static_cast<double>(j));
      p[2 * (i * (n + 1) + j) + 1] = static_cast<Real>(-half + step * static_cast<double>(i));
    }
  }
  return points;
}

double largest(const Tensor& x) {
  double most = 0;
  for (const Real v : x.data()) most = std::max(most, std::abs(static_cast<double>(v)));
  return most;
}

// The integral of g(log p) p over a square that holds all samples with room to spare.
double integral(const FlowModel& model, const std::function<double(double)>& g) {
  Rng rng(1, stream("extent"));
  const double half = 1.5 * largest(model.sample(4000, rng));
  constexpr int64_t kCells = 500;
  const double area = std::pow(2 * half / kCells, 2);
  double sum = 0;
  for (const Real log_p : model.log_prob(lattice(half, kCells)).value().data())
    sum += g(log_p) * std::exp(log_p) * area;
  return sum;
}

// The signed area of each cell's two triangles, by its corners' images: negative where the map folds.
void check_orientation(const Tensor& image, int64_t n) {
  const auto p = image.data();
  const auto area = [&](int64_t a, int64_t b, int64_t c) {
    return (p[2 * b] - p[2 * a]) * (p[2 * c + 1] - p[2 * a + 1]) -
           (p[2 * b + 1] - p[2 * a + 1]) * (p[2 * c] - p[2 * a]);
  };
  int64_t folded = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const int64_t a = i * (n + 1) + j, b = a + 1, c = a + n + 1, d = c + 1;
      folded += !(area(a, b, d) > 0);
      folded += !(area(a, d, c) > 0);
    }
  }
  CHECK_MESSAGE(folded == 0, folded, " of ", 2 * n * n, " triangles");
}

// U[0, 1)^D.
class UnitCube : public Base {
 public:
  explicit UnitCube(int64_t dimensions) : dimensions_(dimensions) {}
  Variable log_prob(const Variable& z) const override { return Tensor::zeros({z.shape()[0]}); }
  Tensor sample(int64_t n, Rng& rng, double) const override { return Tensor::uniform({n, dimensions_}, rng); }
  std::string describe() const override { return "uniform on the unit cube"; }

 private:
  int64_t dimensions_;
};

}  // namespace

TEST_CASE("density: random two-dimensional models integrate to one") {
  for (const uint64_t seed : {1, 2, 3}) {
    CHECK(std::abs(integral(*random_model(seed), [](double) { return 1; }) - 1) < 1e-3);
  }
}

// Monte Carlo's -E log p against the integral of -p log p: the samples come from the density that log_prob reports.
TEST_CASE("density: samples follow it") {
  for (const uint64_t seed : {1, 2}) {
    const auto model = random_model(seed);
    Rng rng(2, stream("samples"));
    constexpr int64_t kSamples = 20'000;
    const Tensor x = model->sample(kSamples, rng), log_p = model->log_prob(x).value();
    const Tensor log_base = model->base().log_prob(x).value();
    double mean = 0, square = 0, from_base = 0;
    for (size_t i = 0; i < kSamples; ++i) {
      const double v = log_p.data()[i];
      mean -= v / kSamples;
      square += v * v / kSamples;
      from_base += std::abs(v - log_base.data()[i]) / kSamples;
    }
    const double standard_error = std::sqrt((square - mean * mean) / kSamples);
    const double entropy = integral(*model, [](double v) { return -v; });
    CHECK(std::abs(mean - entropy) < 4 * standard_error);
    CHECK(standard_error < 0.02);
    CHECK(from_base > 0.1);  // else the law says little
  }
}

// The weights are gentle here: where a ReLU's kink shears the plane strongly, a triangle that lies across it is turned
// over, however small it is.
TEST_CASE("density: neither direction folds the plane") {
  for (const uint64_t seed : {1, 2, 3}) {
    const auto model = random_model(seed, 0.05);
    constexpr int64_t kCells = 400;
    const Tensor points = lattice(3, kCells);
    check_orientation(model->bijection().forward(points).y.value(), kCells);
    check_orientation(model->bijection().inverse(points), kCells);
  }
}

// A model of two moons, trained for a few seconds: the plane is bent strongly.
std::unique_ptr<FlowModel> moons_model() {
  auto model = build_realnvp({.data = {.input = {2}}, .couplings = 8, .hidden = {32, 32}}, 1);
  Adam optimizer(*model);
  for (int64_t step = 0; step < 400; ++step) {
    const Tensor x = draw_toy(*find_toy("moons"), 256, 1, static_cast<uint64_t>(step));
    Tape tape;
    Variable loss;
    {
      const Tape::Recording on(tape);
      loss = -mean(model->log_prob(x));
    }
    tape.backward(loss);
    optimizer.step(2e-3);
  }
  return model;
}

// The warped lattice of the pictures: the image of a cell is bounded by bent lines, so its area is the shoelace formula's
// over a finely sampled boundary. (The straight-edged quadrilateral of its corners may well be turned over.)
TEST_CASE("density: every cell of a trained model's lattice keeps the sign of its area") {
  const auto model = moons_model();
  const double nll = -mean(model->log_prob(draw_toy(*find_toy("moons"), 5000, 2))).item();
  CHECK(nll < 2.8);  // it has learnt something: a fitted Gaussian has about 3.4
  constexpr int64_t kCells = 16, kSide = 200, kPoints = 4 * kSide;
  const auto smallest_area = [&](double extent, const std::function<Tensor(const Tensor&)>& map) {
    const double width = 2 * extent / kCells;
    double smallest = INFINITY;
    for (int64_t cell = 0; cell < kCells * kCells; ++cell) {
      const int64_t row = cell / kCells, column = cell % kCells;
      std::vector<double> boundary;  // counter-clockwise
      for (int64_t k = 0; k < kPoints; ++k) {
        const double along = static_cast<double>(k % kSide) / kSide;
        const std::array<std::array<double, 2>, 4> sides = {{{along, 0}, {1, along}, {1 - along, 1}, {0, 1 - along}}};
        const auto [u, v] = sides[k / kSide];
        boundary.push_back(-extent + width * (static_cast<double>(column) + u));
        boundary.push_back(-extent + width * (static_cast<double>(row) + v));
      }
      const Tensor image = map(Tensor::from({kPoints, 2}, boundary));
      const auto p = image.data();
      double area = 0;
      for (int64_t k = 0; k < kPoints; ++k) {
        const int64_t next = (k + 1) % kPoints;
        area += 0.5 * (p[2 * k] * p[2 * next + 1] - p[2 * next] * p[2 * k + 1]);
      }
      smallest = std::min(smallest, area);
    }
    return smallest;
  };
  CHECK(smallest_area(4, [&](const Tensor& x) { return model->bijection().forward(x).y.value(); }) > 0);
  CHECK(smallest_area(3, [&](const Tensor& z) { return model->bijection().inverse(z); }) > 0);
}

TEST_CASE("standard normal: log_prob is the formula, one number for each row") {
  const StandardNormal base(3);
  const Tensor log_p = base.log_prob(Tensor::from({2, 3}, {0, 0, 0, 1, -2, 0.5})).value();
  REQUIRE(log_p.shape() == Shape{2});
  const double constant = -1.5 * std::log(2 * std::numbers::pi);
  CHECK(log_p.data()[0] == doctest::Approx(constant).epsilon(1e-14));
  CHECK(log_p.data()[1] == doctest::Approx(constant - 0.5 * 5.25).epsilon(1e-14));
}

TEST_CASE("standard normal: samples have mean 0 and the temperature as deviation") {
  const StandardNormal base(4);
  constexpr int64_t n = 50'000;
  for (const double temperature : {1.0, 0.7}) {
    Rng rng(1, stream("base"));
    const Tensor z = base.sample(n, rng, temperature);
    REQUIRE(z.shape() == Shape{n, 4});
    for (int64_t a = 0; a < 4; ++a) {
      double mean = 0, squares = 0, product = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double v = z.data()[i * 4 + a], w = z.data()[i * 4 + (a + 1) % 4];
        mean += v / n;
        squares += v * v / n;
        product += v * w / n;
      }
      const double five = 5 * temperature / std::sqrt(static_cast<double>(n));  // standard errors
      CHECK(std::abs(mean) < five);
      CHECK(std::abs(squares - temperature * temperature) < five * temperature * std::numbers::sqrt2);
      CHECK(std::abs(product) < five * temperature);
    }
  }
}

TEST_CASE("standard normal: at temperature 0 all samples are the mode, and a negative one is refused") {
  Rng rng(1);
  const auto model = random_model(1);
  for (const Real v : model->base().sample(3, rng, 0).data()) CHECK(v == 0);
  const Tensor mode = model->bijection().inverse(Tensor::zeros({3, 2}));
  CHECK(std::ranges::equal(model->sample(3, rng, 0).data(), mode.data()));
  CHECK_THROWS_WITH_AS(model->sample(3, rng, -0.1),
                       "StandardNormal::sample: the temperature must not be negative, got -0.1", ValueError);
}

TEST_CASE("bits per dimension: a uniform density over 256 levels has exactly 8") {
  for (const int levels : {2, 17, 256}) {
    const Shape image{4, 4, 3};
    const FlowModel model("uniform", std::make_unique<Rescale>(image, levels),
                          std::make_unique<UnitCube>(image.numel()));
    Rng rng(1);
    const Tensor x = Tensor::uniform({2, 4, 4, 3}, rng, 0, levels);
    for (const double log_p : model.log_prob(x).value().data()) {
      CHECK(bits_per_dim(-log_p, image.numel()) == doctest::Approx(std::log2(levels)).epsilon(1e-14));
    }
  }
  CHECK(bits_per_dim(-48 * -std::log(256.0), 48) == doctest::Approx(8).epsilon(1e-14));
}
