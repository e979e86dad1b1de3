// Tables, the loader, the baselines and covariances.
#include "tests/unit/datasets_helpers.hpp"

using namespace bijou_tests;

// ---------------------------------------------------------------------------------------------------- tables

TEST_CASE("datasets: a table's separators, header, quotes and line ends") {
  const Tensor expected = Tensor::from({2, 3}, {1, -2.5, 300, 4, 0.5, -6});
  for (const char* content : {"1,-2.5,3e2\n4,.5,-6\n", "1;-2.5;3e2\r\n4; +.5 ;-6\r\n\r\n", "1\t-2.5\t3E2\n4\t0.5\t-6",
                              "  1  -2.5 300\n# a remark\n4 0.5   -6  \n",
                              "\xef\xbb\xbf"  // NOLINT: the mark, not a lost comma
                              "1,-2.5,300\n\n4,\"0.5\",-6\n"}) {
    CAPTURE(content);
    const Table t = parse_table(content, "t");
    CHECK(equal(t.x, expected));
    CHECK(t.columns == std::vector<std::string>{"column 1", "column 2", "column 3"});
  }
  const Table named = parse_table("\"fixed acidity\";\"a;b\";\n1;2;3\n", "t");
  CHECK(named.columns == std::vector<std::string>{"fixed acidity", "a;b", "column 3"});
  CHECK(named.x.shape() == Shape{1, 3});
  CHECK(parse_table("2018,2019\n1,2\n", "t").x.shape() == Shape{2, 2});  // numbers are data
}

TEST_CASE("datasets: a broken table, by line and character") {
  const auto parse = [](const std::string& content) { parse_table(content, "t.csv"); };
  REFUSES(DataError, parse("a,pH\n1,2\n3, x7\n"), "t.csv:3:4: column 2 (\"pH\"): \"x7\" is not a number");
  REFUSES(DataError, parse("1,2\n3,abc\n"), "t.csv:2:3: column 2: \"abc\" is not a number");
  REFUSES(DataError, parse("1,two\n3,4\n"), "t.csv:1:3: column 2: \"two\" is not a number");
  REFUSES(DataError, parse("1;2\n3;4,5\n"), "t.csv:2:3", "\"4,5\" is not a number", "decimals with a point");
  REFUSES(DataError, parse("1,2\n3,0x10\n"), "\"0x10\" is not a number");
  REFUSES(DataError, parse("1,2\n3,+-1\n"), "\"+-1\" is not a number");
  REFUSES(DataError, parse("1,2\n,4\n"), "t.csv:2:1: column 1: the cell is empty");
  REFUSES(DataError, parse("1,2\n3,\n"), "t.csv:2:3: column 2: the cell is empty");
  REFUSES(DataError, parse("1,2\n3,NaN\n"), "t.csv:2:3: column 2: \"NaN\" is not finite");
  REFUSES(DataError, parse("1,2\n-inf,3\n"), "t.csv:2:1: column 1: \"-inf\" is not finite");
  REFUSES(DataError, parse("1,2\n3,1e999\n"), "\"1e999\" does not fit in a", kScalarName);
  if (sizeof(Real) == 4) REFUSES(DataError, parse("1,2\n3,1e39\n"), "does not fit in a float");
  REFUSES(DataError, parse("1,2,3\n4,5,6\n7,8\n"), "t.csv:3:3: this row has 2 cells, the first has 3");
  REFUSES(DataError, parse("1,2\n3,4,5\n"), "t.csv:2:5: this row has 3 cells, the first has 2");
  REFUSES(DataError, parse("1\n2\n3\n"), "t.csv:1: one column only", "a coupling needs two columns");
  REFUSES(DataError, parse("a,b\n"), "t.csv: holds no row of numbers");
  REFUSES(DataError, parse(""), "t.csv: holds no row of numbers");
  REFUSES(DataError, parse(std::string("1,2\n3\0,4\n", 9)), "is not a table of text (byte 6 is zero)");
  REFUSES(DataError, parse("1,2\n3," + std::string(100, 'z') + "\n"), "zzz...\"");
}

TEST_CASE("datasets: a table as a data set") {
  const Folder folder;
  std::string content = "u,v,w\n";
  for (int i = 0; i < 40; ++i) content += text(i, ",", 0.5 * i * i, ",", i % 3, "\n");
  const Dataset d = load_dataset(folder.write("t.csv", content).string());
  CHECK(d.train.x.shape() == Shape{32, 3});
  CHECK(d.validation.size() == 4);
  CHECK(d.test.size() == 4);
  CHECK(d.levels == 0);
  CHECK_FALSE(d.is_image());
  CHECK(d.columns == std::vector<std::string>{"u", "v", "w"});
  for (int64_t i = 0; i < 32; ++i) {  // rows stay together
    const Real u = d.train.x.data()[3 * i];
    CHECK(d.train.x.data()[3 * i + 1] == u * u / 2);
  }
  CHECK(equal(load_dataset(folder.write("t.csv.gz", gzip(content)).string()).train.x, d.train.x));

  REFUSES(DataError, load_table("1,2\n2,3\n", "t"), "t: 2 rows; at least 10");
  std::string constant = "x,pressure\n";
  for (int i = 0; i < 20; ++i) constant += text(i, ",7.5\n");
  REFUSES(DataError, check_columns(load_table(constant, "t")), "t: column 2 (\"pressure\") is constant (7.5)");
}

TEST_CASE("datasets: numbers are read the same in a locale with decimal commas") {
  const char* before = std::setlocale(LC_ALL, nullptr);
  const std::string kept = before ? before : "C";
  bool found = false;
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8"})
    found = found || std::setlocale(LC_ALL, name);
  if (!found) MESSAGE("no locale with a decimal comma is installed: tried in the C locale only");
  CHECK(parse_table("1.5,2.25\n3.5,4\n", "t").x.data()[1] == doctest::Approx(2.25));
  std::setlocale(LC_ALL, kept.c_str());
}

TEST_CASE("datasets: column moments") {
  const Moments m = column_moments(Tensor::from({4, 2}, {1, 10, 2, 10, 3, 10, 6, 14}));
  CHECK(m.mean == std::vector<double>{3, 11});
  CHECK(m.stddev[0] == doctest::Approx(std::sqrt(3.5)));
  CHECK(m.stddev[1] == doctest::Approx(std::sqrt(3.0)));
  REFUSES(ShapeError, column_moments(Tensor::zeros({3})), "column_moments", "[3]");
}

TEST_CASE("datasets: the wine of the shared data folder") {
  const std::string folder = shared_data();
  if (folder.empty()) {
    MESSAGE("skipped: no shared data folder (BIJOU_SHARED or ../shared)");
    return;
  }
  const Dataset d = load_dataset(folder + "/tabular/winequality-white.csv");
  CHECK(d.dimensions() == 12);
  CHECK(d.train.size() + d.validation.size() + d.test.size() == 4898);
}

// ---------------------------------------------------------------------------------------------------- loader

namespace {
Examples numbered(int64_t n, const Shape& example = {2, 3, 1}, int levels = 17) {
  Shape shape{n};
  for (int64_t d : example) shape.append(d);
  Examples e{ramp(shape, levels), {}};
  for (int64_t i = 0; i < n; ++i) e.labels.push_back(static_cast<int>(i));
  return e;
}
}  // namespace

TEST_CASE("datasets: a batch is a pure function of seed, epoch and index") {
  const Examples e = numbered(50);
  const Loader a(e, 17, 8, 1), b(e, 17, 8, 1), c(e, 17, 8, 2);
  CHECK(a.batches_per_epoch() == 6);
  const Batch late = a.batch(15);  // straight away, and after other batches
  for (int64_t step : {0, 3, 14}) b.batch(step);
  const Batch again = b.batch(15);
  CHECK(late.epoch == 2);
  CHECK(late.index == again.index);
  CHECK(equal(late.x, again.x));
  CHECK_FALSE(late.index == c.batch(15).index);
  CHECK_FALSE(a.batch(0).index == a.batch(6).index);  // the next epoch has another order
}

TEST_CASE("datasets: an epoch sees each example once, with its label; the incomplete batch is dropped") {
  const Examples e = numbered(50);
  const Loader loader(e, 17, 8, 3);
  std::set<int64_t> ever;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    std::set<int64_t> seen;
    for (int64_t k = 0; k < 6; ++k) {
      const Batch batch = loader.batch(epoch * 6 + k);
      REQUIRE(batch.x.shape() == Shape{8, 2, 3, 1});
      for (int64_t r = 0; r < 8; ++r) {
        const int64_t i = batch.index[r];
        CHECK(batch.labels[r] == i);
        seen.insert(i);
        CHECK(std::ranges::equal(batch.x.data().subspan(6 * r, 6), e.x.data().subspan(6 * i, 6),
                                 [](Real noisy, Real level) { return std::floor(noisy) == level; }));
      }
    }
    CHECK(seen.size() == 48);
    ever.insert(seen.begin(), seen.end());
  }
  CHECK(ever.size() == 50);
}

TEST_CASE("datasets: the noise of an example does not depend on the batch it falls in") {
  const Examples e = numbered(48, {5});
  const auto noise = [&](int64_t batch_size) {
    const Loader loader(e, 17, batch_size, 9);
    std::map<int64_t, std::vector<Real>> rows;
    for (int64_t k = 0; k < loader.batches_per_epoch(); ++k) {
      const Batch batch = loader.batch(k);
      for (int64_t r = 0; r < batch_size; ++r) {
        const auto row = batch.x.data().subspan(5 * r, 5);
        rows[batch.index[r]].assign(row.begin(), row.end());
      }
    }
    return rows;
  };
  CHECK(noise(4) == noise(16));
}

TEST_CASE("datasets: dequantisation is uniform and stays below the next level") {
  constexpr int64_t n = 200, d = 500;
  const Tensor x = ramp({n, d}, 256), y = dequantise(x, 256, 5);
  CHECK(std::ranges::equal(y.data(), x.data(), [](Real a, Real b) { return std::floor(a) == b; }));
  double mean = 0, square = 0, lag = 0;
  for (int64_t i = 0; i < n * d; ++i) {
    const double u = static_cast<double>(y.data()[i]) - x.data()[i] - 0.5;
    mean += u / (n * d);
    square += u * u / (n * d);
    if (i > 0) lag += u * (static_cast<double>(y.data()[i - 1]) - x.data()[i - 1] - 0.5) / (n * d);
  }
  const double error = std::sqrt(1.0 / 12 / (n * d));
  CHECK(std::abs(mean) < 4 * error);
  CHECK(std::abs(square - 1.0 / 12) < 4 * std::sqrt(1.0 / 180 / (n * d)));
  CHECK(std::abs(lag) < 4 / 12.0 / std::sqrt(n * d));

  // At level 65,535 a float has steps of 1/256, so one draw in 512 would round up to the next level.
  const Tensor high = Tensor::full({1000, 64}, 65'535), noisy = dequantise(high, 65'536, 1);
  CHECK(std::ranges::all_of(noisy.data(), [](Real v) { return v >= 65'535 && v < 65'536; }));
}

TEST_CASE("datasets: evaluation noise is fixed by example number, and new for each draw") {
  const Tensor x = ramp({10, 7}, 17);
  const Tensor whole = dequantise(x, 17, 4);
  CHECK(equal(dequantise(x.rows(6, 10), 17, 4, 0, 6), whole.rows(6, 10)));
  CHECK_FALSE(equal(dequantise(x, 17, 4, 1), whole));
  CHECK_FALSE(equal(dequantise(x, 17, 5), whole));
  CHECK(equal(x, ramp({10, 7}, 17)));  // the argument is left alone
  const Tensor real = Tensor::from({2, 2}, {0.5, -1, 2, 3});
  CHECK(equal(dequantise(real, 0, 4), real));
  const Batch batch = Loader({real, {}}, 0, 2, 1).batch(0);
  CHECK(equal(batch.x, real.rows(batch.index)));
  CHECK(batch.labels.empty());
}

TEST_CASE("datasets: what the loader refuses") {
  const Examples e = numbered(50);
  REFUSES(UsageError, Loader(e, 17, 64, 0), "a batch of 64 from 50 training examples", "at most 50");
  REFUSES(UsageError, Loader(e, 17, 0, 0), "batch size of 0");
  REFUSES(ValueError, Loader(e, 17, 8, 0).batch(-1), "step cannot be negative");
  REFUSES(ValueError, Loader(e, 16, 8, 0), "expects integers 0 .. 15, found 16");
  REFUSES(ValueError, Loader(e, -1, 8, 0), "levels cannot be negative");
  const Tensor x = ramp({4, 4}, 16);
  REFUSES(ValueError, dequantise(dequantise(x, 16, 0), 16, 0), "dequantised before?");
  REFUSES(ValueError, dequantise(x, 16, 0, 0, -1), "first row");
  REFUSES(ShapeError, dequantise(Tensor::scalar(1), 16, 0), "dequantise", "[]");
}

// ------------------------------------------------------------------------------------------------- baselines

TEST_CASE("datasets: the baselines on the digits") {
  const Dataset d = load_dataset("digits");
  CHECK(gaussian_logit_baseline(d.train.x, d.test.x, d.levels) == doctest::Approx(2.459).epsilon(0.002));
  CHECK(histogram_baseline(d.train.x, d.test.x, d.levels) == doctest::Approx(2.4383).epsilon(1e-4));
}

TEST_CASE("datasets: the baselines where the answer is known") {
  // Uniform independent pixels of 4 levels: 2 bits each, and no model can do better.
  Rng rng(1);
  Tensor train({4000, 3}), test({4000, 3});
  for (Tensor* t : {&train, &test})
    for (Real& v : t->mutable_data()) v = static_cast<Real>(rng.below(4));
  CHECK(histogram_baseline(train, test, 4) == doctest::Approx(2).epsilon(0.001));
  CHECK(gaussian_logit_baseline(train, test, 4) > 1.999);
  CHECK(gaussian_logit_baseline(train, test, 4) < 2.1);

  // Three equal pixels: the histograms cannot see it (2 bits), the Gaussian's covariance can.
  Tensor same({4000, 3});
  for (int64_t i = 0; i < same.numel(); ++i) same.mutable_data()[i] = train.data()[i - i % 3];
  CHECK(histogram_baseline(same, same, 4) == doctest::Approx(2).epsilon(0.01));
  CHECK(gaussian_logit_baseline(same, same, 4) < 1.8);

  // One pixel, x = 0 or 1 of 2 levels: the Gaussian by hand.
  const Tensor bits = ramp({1000, 1}, 2);
  const Tensor noisy0 = dequantise(bits, 2, 0, 0), noisy1 = dequantise(bits, 2, 0, 1);
  const auto p = [](double v) { return 0.05 + 0.9 * v / 2; };
  const auto logit = [&](double v) { return std::log(p(v) / (1 - p(v))); };
  double mean = 0, square = 0, expected = 0;
  for (Real v : noisy0.data()) {
    mean += logit(v) / 1000;
    square += logit(v) * logit(v) / 1000;
  }
  const double var = (square - mean * mean) * (1 + 1e-6);
  for (Real v : noisy1.data())
    expected += (0.5 * std::log(2 * std::numbers::pi * var) + std::pow(logit(v) - mean, 2) / (2 * var) -
                 std::log(0.45 / (p(v) * (1 - p(v))))) /
                (1000 * std::numbers::ln2);
  CHECK(gaussian_logit_baseline(bits, bits, 2) == doctest::Approx(expected).epsilon(1e-9));

  REFUSES(ShapeError, histogram_baseline(train, bits, 4), "[4000, 3]", "[1000, 1]");
  REFUSES(ValueError, histogram_baseline(train, test, 3), "expects integers 0 .. 2, found 3");
  REFUSES(ValueError, gaussian_logit_baseline(train, test, 4, 0.5), "alpha must be between 0 and 1/2");
}

// ------------------------------------------------------------------------------------------------ covariances

namespace {

Covariance by_two_passes(const Tensor& x) {
  const int64_t n = x.shape()[0], d = x.numel() / n;
  Covariance c{std::vector<double>(d), std::vector<double>(d * d)};
  for (int64_t i = 0; i < n * d; ++i) c.mean[i % d] += static_cast<double>(x.data()[i]) / static_cast<double>(n);
  for (int64_t r = 0; r < n; ++r)
    for (int64_t i = 0; i < d; ++i)
      for (int64_t j = 0; j < d; ++j)
        c.covariance[i * d + j] +=
            (x.data()[r * d + i] - c.mean[i]) * (x.data()[r * d + j] - c.mean[j]) / static_cast<double>(n);
  return c;
}

void check_covariance(const Covariance& c, const Covariance& expected, double bound) {
  REQUIRE(c.mean.size() == expected.mean.size());
  REQUIRE(c.covariance.size() == expected.covariance.size());
  for (size_t i = 0; i < c.mean.size(); ++i) CHECK(c.mean[i] == doctest::Approx(expected.mean[i]).epsilon(1e-12));
  for (size_t i = 0; i < c.covariance.size(); ++i) CHECK(std::abs(c.covariance[i] - expected.covariance[i]) < bound);
}

}  // namespace

TEST_CASE("datasets: the covariance of known points") {
  const Covariance c = covariance_of(Tensor::from({4, 2}, {0, 0, 2, 0, 0, 4, 2, 4}));
  CHECK(c.mean == std::vector<double>{1, 2});
  CHECK(c.covariance == std::vector<double>{1, 0, 0, 4});
  const Covariance one = covariance_of(Tensor::from({1, 2}, {3, 5}));
  CHECK(one.mean == std::vector<double>{3, 5});
  CHECK(one.covariance == std::vector<double>(4, 0));
  CHECK(has(message<ValueError>([] { covariance_of(Tensor::zeros({0, 3})); }), "no examples"));
  REFUSES(ValueError, CovarianceSum(3).add(std::vector<double>(4)), "4", "3");
}

TEST_CASE("datasets: the covariance is that of two passes, for numbers far from 0 and for sorted ones too") {
  Rng rng(1, stream("covariance"));
  for (const int64_t n : {3, 64, 150, 1003}) {
    CAPTURE(n);
    Tensor x = Tensor::randn({n, 2, 3}, rng);
    for (int64_t i = 0; i < x.numel(); ++i) {
      Real& v = x.mutable_data()[i];
      if (i % 6 == 1) v += x.data()[i - 1];                                          // not independent
      if (i % 6 == 2) v = v * 8 + 1'000'000;                                         // E[x x'] would have four digits
      if (i % 6 == 3) v = static_cast<Real>(i) / static_cast<Real>(x.numel()) + 10;  // rises: no portion is typical
    }
    check_covariance(covariance_of(x), by_two_passes(x), 1e-10);
  }
}

TEST_CASE("datasets: the covariance of integers is that of one dequantisation") {
  const Dataset d = load_digits();
  const Covariance c = covariance_of(d.train.x, d.levels, 7);
  check_covariance(c, by_two_passes(dequantise(d.train.x, d.levels, 7)), 1e-10);
  CHECK(c.mean[0] == doctest::Approx(0.5).epsilon(0.05));  // a corner pixel is always 0
  CHECK(c.covariance[0] == doctest::Approx(1.0 / 12).epsilon(0.1));
  CHECK(covariance_of(d.train.x).covariance[0] == 0);  // without noise: it is singular
  REFUSES(ValueError, covariance_of(d.train.x, 16), "16");
}
