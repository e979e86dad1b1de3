// Below, U is uniform on [0, 1), N is standard normal, B a fair coin; each occurrence is a new draw.
#include "datasets/toys.hpp"

#include <cmath>
#include <numbers>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using Point = std::array<double, 2>;
constexpr double kPi = std::numbers::pi;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool coin(Rng& rng) { return rng.uniform() < 0.5; }

// Two half circles, t = pi U:  (cos t, sin t)  or  (1 - cos t, 1/2 - sin t), each with probability 1/2;
// x = 2 (that + 0.1 N) + (-1, -0.2).
Point moons(Rng& rng) {
  const bool upper = coin(rng);
  const double t = kPi * rng.uniform();
  const double x = upper ? std::cos(t) : 1 - std::cos(t);
  const double y = upper ? std::sin(t) : 0.5 - std::sin(t);
  return {2 * (x + 0.1 * rng.normal()) - 1, 2 * (y + 0.1 * rng.normal()) - 0.2};
}

// x = (4 (cos(k pi/4), sin(k pi/4)) + 0.5 N) / 1.414, k uniform on 0..7: eight Gaussians of standard
// deviation 0.354 on a circle of radius 2.83. The divisor is the literal 1.414 of the density that others
// report on.
constexpr double kCentre = 4 / 1.414, kSpread = 0.5 / 1.414;

Point eight_gaussians(Rng& rng) {
  const double angle = kPi / 4 * static_cast<double>(rng.below(8));
  const double c1 = kCentre * std::cos(angle), c2 = kCentre * std::sin(angle);
  return {c1 + kSpread * rng.normal(), c2 + kSpread * rng.normal()};
}

// log p(x) = log sum_k exp(-|x - c_k|^2 / (2 s^2)) - log(8 * 2 pi s^2)
double eight_gaussians_log_density(double x1, double x2) {
  std::array<double, 8> exponent;
  double largest = -kInfinity;
  for (int k = 0; k < 8; ++k) {
    const double a = x1 - kCentre * std::cos(k * kPi / 4), b = x2 - kCentre * std::sin(k * kPi / 4);
    exponent[k] = -(a * a + b * b) / (2 * kSpread * kSpread);
    largest = std::max(largest, exponent[k]);
  }
  double sum = 0;
  for (double e : exponent) sum += std::exp(e - largest);
  return largest + std::log(sum) - std::log(16 * kPi * kSpread * kSpread);
}

// Every other square, of side 2, of the board [-4, 4)^2; uniform there: p = 1/32.
// x1 = 2 v, v = 4 U - 2;  x2 = 2 (U - 2 B + floor(v) mod 2).
Point checkerboard(Rng& rng) {
  const double v = 4 * rng.uniform() - 2;
  const double column = std::floor(v);
  const double odd = column - 2 * std::floor(column / 2);
  return {2 * v, 2 * (rng.uniform() - (coin(rng) ? 2 : 0) + odd)};
}

double checkerboard_log_density(double x1, double x2) {
  if (!(-4 <= x1 && x1 < 4 && -4 <= x2 && x2 < 4)) return -kInfinity;
  const double squares = std::floor(x1 / 2) + std::floor(x2 / 2);
  return squares == 2 * std::floor(squares / 2) ? -std::log(32.0) : -kInfinity;
}

// A circle of radius R with Gaussian noise: R (cos t, sin t) + 0.24 N or + 0.08 N, t = 2 pi U.
Point ring(double radius, double noise, Rng& rng) {
  const double t = 2 * kPi * rng.uniform();
  return {radius * std::cos(t) + noise * rng.normal(), radius * std::sin(t) + noise * rng.normal()};
}

// Radii 3, 2.25, 1.5, 0.75, each with probability 1/4; noise 0.08.
Point rings(Rng& rng) { return ring(0.75 * static_cast<double>(1 + rng.below(4)), 0.08, rng); }

// Radii 3 and 1.5, each with probability 1/2; noise 3 * 0.08 = 0.24.
Point circles(Rng& rng) { return ring(coin(rng) ? 3 : 1.5, 0.24, rng); }

// Five arms, k uniform on 0..4: f = (1 + 0.3 N, 0.1 N) is turned clockwise by 2 pi k/5 + 0.25 exp(f1), and
// doubled. The turn grows with the radius: that bends the arms.
Point pinwheel(Rng& rng) {
  const double f1 = 1 + 0.3 * rng.normal(), f2 = 0.1 * rng.normal();
  const double angle = 2 * kPi / 5 * static_cast<double>(rng.below(5)) + 0.25 * std::exp(f1);
  const double c = std::cos(angle), s = std::sin(angle);
  return {2 * (f1 * c + f2 * s), 2 * (f2 * c - f1 * s)};
}

// r = 3 pi sqrt(U): one and a half turns.  x = +-(U/2 - r cos r, U/2 + r sin r) / 3 + 0.1 N, each sign with
// probability 1/2.
Point two_spirals(Rng& rng) {
  const double sign = coin(rng) ? 1 : -1;
  const double r = 3 * kPi * std::sqrt(rng.uniform());
  const double x = 0.5 * rng.uniform() - r * std::cos(r), y = 0.5 * rng.uniform() + r * std::sin(r);
  return {sign * x / 3 + 0.1 * rng.normal(), sign * y / 3 + 0.1 * rng.normal()};
}

// t = 1.5 pi (1 + 2 U);  x = (t cos t + N, t sin t + N) / 5.
Point swissroll(Rng& rng) {
  const double t = 1.5 * kPi * (1 + 2 * rng.uniform());
  return {(t * std::cos(t) + rng.normal()) / 5, (t * std::sin(t) + rng.normal()) / 5};
}

// The entropy of 8gaussians is a two-dimensional integral without a closed form (eight separate Gaussians
// would have ln 8 + ln(2 pi e s^2) = 2.838; neighbours overlap a little). By the midpoint rule on [-7, 7]^2,
// where all digits given stand still from a step of 0.02 on.
constexpr Toy kToys[] = {
    {"moons", moons, nullptr, kNaN},
    {"8gaussians", eight_gaussians, eight_gaussians_log_density, 2.83188040614},
    {"checkerboard", checkerboard, checkerboard_log_density, 3.46573590280},  // ln 32
    {"rings", rings, nullptr, kNaN},
    {"circles", circles, nullptr, kNaN},
    {"pinwheel", pinwheel, nullptr, kNaN},
    {"2spirals", two_spirals, nullptr, kNaN},
    {"swissroll", swissroll, nullptr, kNaN},
};

}  // namespace

std::span<const Toy> toys() { return kToys; }

const Toy* find_toy(std::string_view name) {
  if (name == "spirals") name = "2spirals";
  for (const Toy& toy : kToys)
    if (name == toy.name) return &toy;
  return nullptr;
}

Tensor draw_toy(const Toy& toy, int64_t n, uint64_t seed, uint64_t part) {
  Tensor x({n, 2});
  const std::span<Real> out = x.mutable_data();
  for (int64_t i = 0; i < n; ++i) {
    Rng rng(seed, stream(toy.name, part, static_cast<uint64_t>(i)));
    const Point point = toy.draw(rng);
    for (size_t j = 0; j < 2; ++j) out[2 * i + j] = static_cast<Real>(point[j]);
  }
  return x;
}

namespace {

// The training part: in the first epoch the points that are there, in each later one as many new ones.
class ToyRows final : public RowSource {
 public:
  ToyRows(const Toy& toy, const Tensor& x, uint64_t split_seed) : toy_(toy), x_(x), split_seed_(split_seed) {}
  Shape shape() const override { return x_.shape(); }
  Tensor rows(std::span<const int64_t> index) const override { return x_.rows(index); }
  Tensor rows_for_training(std::span<const int64_t> index, uint64_t seed, int64_t epoch) const override {
    if (epoch == 0) return rows(index);
    Tensor x({static_cast<int64_t>(index.size()), 2});
    Real* to = x.mutable_data().data();
    for (const int64_t i : index) {
      Rng rng(split_seed_,
              stream(toy_.name, stream("training", seed, static_cast<uint64_t>(epoch)), static_cast<uint64_t>(i)));
      for (const double coordinate : toy_.draw(rng)) *to++ = static_cast<Real>(coordinate);
    }
    return x;
  }

 private:
  const Toy& toy_;
  Tensor x_;
  uint64_t split_seed_;
};

}  // namespace

Dataset load_toy(const Toy& toy, const DatasetOptions& options) {
  Dataset dataset;
  dataset.name = toy.name;
  dataset.entropy = toy.entropy;
  dataset.own_validation = dataset.own_test = dataset.seeded = true;
  uint64_t part = 0;
  for (auto [examples, n] : {std::pair{&dataset.train, options.toy_train},
                             {&dataset.validation, options.toy_validation},
                             {&dataset.test, options.toy_test}}) {
    if (n < 1) fail<UsageError>(toy.name, ": each part needs at least one example, got a size of ", n);
    examples->x = draw_toy(toy, n, options.split_seed, part++);
  }
  dataset.train.source = std::make_shared<ToyRows>(toy, dataset.train.x, options.split_seed);
  return dataset;
}

}  // namespace bijou
