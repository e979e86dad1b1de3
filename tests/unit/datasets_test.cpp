// The data sets by name: the digits and the toys.
#include "tests/unit/datasets_helpers.hpp"

using namespace bijou_tests;

// --------------------------------------------------------------------------------------------- digits, names

TEST_CASE("datasets: the digits are the 1,797 images of the archive") {
  const Dataset d = load_dataset("digits");
  CHECK(d.name == "digits");
  CHECK(d.levels == 17);
  CHECK(d.classes == 10);
  CHECK(d.is_image());
  CHECK(d.example_shape() == Shape{8, 8, 1});
  CHECK(d.dimensions() == 64);
  CHECK(d.train.x.shape() == Shape{1293, 8, 8, 1});
  CHECK(d.validation.size() == 144);
  CHECK(d.test.size() == 360);

  std::array<int, 10> count{};
  double sum = 0;
  for (const Examples* part : {&d.train, &d.validation, &d.test}) {
    REQUIRE(part->labels.size() == static_cast<size_t>(part->size()));
    for (int label : part->labels) ++count.at(label);
    for (Real v : part->x.data()) sum += v;
    CHECK(std::ranges::all_of(part->x.data(), [](Real v) { return 0 <= v && v <= 16 && v == int(v); }));
  }
  // The archive's own description counts the classes of this part; the pixels' sum was taken by awk.
  CHECK(count == std::array<int, 10>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180});
  CHECK(sum == 561718);
}

TEST_CASE("datasets: the digits' split depends on the split seed alone") {
  const Dataset a = load_dataset("digits"), b = load_dataset("digits");
  CHECK(equal(a.test.x, b.test.x));
  CHECK(a.train.labels == b.train.labels);
  DatasetOptions other;
  other.split_seed = 1;
  CHECK_FALSE(equal(a.test.x, load_dataset("digits", other).test.x));
}

TEST_CASE("datasets: unknown names") {
  REFUSES(UsageError, load_dataset("moon"), "unknown data set \"moon\"", "digits, mnist, fashion-mnist", "swissroll",
          ".csv, .npy or .npz works too");
  REFUSES(UsageError, load_dataset(""), "unknown data set \"\"");
  REFUSES(UsageError, load_dataset("a\nb"), "\"a?b\"");
  REFUSES(DataError, load_dataset("no/such"), "no/such: no such file");
  REFUSES(DataError, load_dataset("none.csv"), "none.csv: no such file");
  CHECK(dataset_names().size() == 12);
}

TEST_CASE("datasets: split_examples makes three disjoint parts of the whole") {
  Examples all{ramp({20, 1}, 20), {}};
  for (int i = 0; i < 20; ++i) all.labels.push_back(100 + i);
  Dataset d;
  split_examples(d, all, 3, 5, 7);
  CHECK(d.train.size() == 12);
  std::set<Real> seen;
  for (const Examples* part : {&d.train, &d.validation, &d.test})
    for (int64_t i = 0; i < part->size(); ++i) {
      seen.insert(part->x.data()[i]);
      CHECK(part->labels[i] == 100 + part->x.data()[i]);
    }
  CHECK(seen.size() == 20);
  all.labels.pop_back();
  REFUSES(ValueError, split_examples(d, all, 3, 5, 7), "20 examples have 19 labels");
  REFUSES(ValueError, split_examples(d, all, 10, 10, 0), "20 examples cannot give 10");
}

// ------------------------------------------------------------------------------------------------------ toys

TEST_CASE("datasets: a toy example is a pure function of (seed, part, i)") {
  for (const Toy& toy : toys()) {
    CAPTURE(toy.name);
    const Tensor many = draw_toy(toy, 50, 3), few = draw_toy(toy, 20, 3);
    CHECK(equal(many.rows(0, 20), few));
    CHECK_FALSE(equal(few, draw_toy(toy, 20, 4)));
    CHECK_FALSE(equal(few, draw_toy(toy, 20, 3, 1)));
  }
}

TEST_CASE("datasets: toys have their sizes, and disjoint parts") {
  DatasetOptions options;
  options.toy_train = 200;
  options.toy_test = 100;
  const Dataset d = load_dataset("spirals", options);
  CHECK(d.name == "2spirals");
  CHECK(d.levels == 0);
  CHECK_FALSE(d.is_image());
  CHECK(std::isnan(d.entropy));
  CHECK(d.train.x.shape() == Shape{200, 2});
  CHECK(d.validation.x.shape() == Shape{5000, 2});
  CHECK(d.test.x.shape() == Shape{100, 2});
  std::set<Real> first;
  for (const Examples* part : {&d.train, &d.validation, &d.test})
    for (int64_t i = 0; i < part->size(); ++i) first.insert(part->x.data()[2 * i]);
  CHECK(first.size() > 5290);  // a float may repeat by chance, whole examples do not
  const Dataset whole = load_dataset("moons");
  CHECK(whole.train.size() == 50'000);
  CHECK(whole.test.size() == 10'000);
  options.toy_train = 0;
  REFUSES(UsageError, load_dataset("moons", options), "moons", "at least one example", "0");
}

TEST_CASE("datasets: the toys' means and variances are those of their definitions") {
  struct Exact {
    double mean1, var1, mean2, var2;
  };
  constexpr double pi = std::numbers::pi;
  const double ring = (9 + 5.0625 + 2.25 + 0.5625) / 8 + 0.0064, circle = (9 + 2.25) / 4 + 0.0576;
  const double gaussians = (8 + 0.25) / (1.414 * 1.414);
  // The swiss roll: t uniform on [1.5 pi, 4.5 pi]. The spirals: r = 3 pi sqrt(v), v uniform; U/2 has mean 1/4
  // and mean square 1/12.
  const auto roll = [&](const std::function<double(double)>& f) { return average(1.5 * pi, 4.5 * pi, f); };
  const auto spiral = [&](const std::function<double(double)>& f) {
    return average(0, 1, [&](double v) { return f(3 * pi * std::sqrt(v)); });
  };
  const double roll1 = roll([](double t) { return t * std::cos(t); });
  const double roll2 = roll([](double t) { return t * std::sin(t); });
  const double roll11 = roll([](double t) { return std::pow(t * std::cos(t), 2); });
  const double roll22 = roll([](double t) { return std::pow(t * std::sin(t), 2); });
  const double spiral1 = spiral([](double r) { return std::pow(r * std::cos(r), 2) - r * std::cos(r) / 2; });
  const double spiral2 = spiral([](double r) { return std::pow(r * std::sin(r), 2) + r * std::sin(r) / 2; });
  const std::map<std::string, Exact> exact = {
      {"moons", {0, 4 * 0.76, 0.3, 4 * (0.625 - 1 / pi - 0.0625 + 0.01)}},
      {"8gaussians", {0, gaussians, 0, gaussians}},
      {"checkerboard", {0, 16.0 / 3, 0, 16.0 / 3}},
      {"rings", {0, ring, 0, ring}},
      {"circles", {0, circle, 0, circle}},
      {"pinwheel", {0, 2.2, 0, 2.2}},
      {"2spirals", {0, (spiral1 + 1.0 / 12) / 9 + 0.01, 0, (spiral2 + 1.0 / 12) / 9 + 0.01}},
      {"swissroll", {roll1 / 5, (roll11 - roll1 * roll1 + 1) / 25, roll2 / 5, (roll22 - roll2 * roll2 + 1) / 25}},
  };
  constexpr int64_t n = 40'000;
  for (const Toy& toy : toys()) {
    CAPTURE(toy.name);
    const Exact& e = exact.at(toy.name);
    const Tensor x = draw_toy(toy, n, 0);
    const Moments m = column_moments(x);
    for (int j = 0; j < 2; ++j) {
      const double mean = j == 0 ? e.mean1 : e.mean2, var = j == 0 ? e.var1 : e.var2;
      double fourth = 0;
      for (int64_t i = 0; i < n; ++i) fourth += std::pow(x.data()[2 * i + j] - m.mean[j], 4) / n;
      CHECK(std::abs(m.mean[j] - mean) < 4 * std::sqrt(var / n));
      CHECK(std::abs(m.stddev[j] * m.stddev[j] - var) < 4 * std::sqrt((fourth - var * var) / n));
    }
  }
}

TEST_CASE("datasets: the known densities integrate to 1, and have the entropies that are given") {
  for (const char* name : {"8gaussians", "checkerboard"}) {
    CAPTURE(name);
    const Toy& toy = *find_toy(name);
    constexpr double h = 0.025;
    double mass = 0, entropy = 0;
    for (double a = -7 + h / 2; a < 7; a += h)
      for (double b = -7 + h / 2; b < 7; b += h) {
        const double log_p = toy.log_density(a, b), p = std::exp(log_p);
        mass += p * h * h;
        if (p > 0) entropy -= p * log_p * h * h;
      }
    CHECK(mass == doctest::Approx(1).epsilon(1e-9));
    CHECK(entropy == doctest::Approx(toy.entropy).epsilon(1e-9));

    constexpr int64_t n = 40'000;  // and the draws are of that density
    const Tensor x = draw_toy(toy, n, 1);
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double log_p = toy.log_density(x.data()[2 * i], x.data()[2 * i + 1]);
      sum -= log_p;
      squares += log_p * log_p;
    }
    const double mean = sum / n, error = std::sqrt(std::max(0.0, squares / n - mean * mean) / n);
    CHECK(std::abs(mean - toy.entropy) < 4 * error + 1e-9);
  }
  CHECK(find_toy("8gaussians")->entropy == doctest::Approx(2.832).epsilon(1e-3));
  CHECK(find_toy("checkerboard")->entropy == doctest::Approx(std::log(32)));
  CHECK(find_toy("checkerboard")->log_density(3, -3) == -std::numeric_limits<double>::infinity());
  CHECK(find_toy("checkerboard")->log_density(5, 1) == -std::numeric_limits<double>::infinity());
  CHECK(find_toy("8gaussians")->log_density(1e3, 0) < -1e5);  // far away it is still finite
  CHECK(load_dataset("checkerboard").entropy == doctest::Approx(3.4657));
}
