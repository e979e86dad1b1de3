// How examples are cut into training, validation and test; and test data from elsewhere.
#include "apps/options.hpp"
#include "tests/unit/datasets_helpers.hpp"

using namespace bijou_tests;

namespace {

std::string rows(int n, const std::string& header = "") {
  std::string table = header;
  for (int i = 0; i < n; ++i) table += text(i, ",", 0.5 * i * i + 1, "\n");
  return table;
}

std::set<Real> first_column(const Examples& part) {
  std::set<Real> values;
  for (int64_t i = 0; i < part.size(); ++i) values.insert(part.x.data()[i * part.x.shape()[1]]);
  return values;
}

}  // namespace

TEST_CASE("datasets: fractions say how much goes into the parts") {
  const Dataset d = load_table(rows(20), "t", {.validation_fraction = 0.25, .test_fraction = 0.3});
  CHECK(d.train.size() == 9);
  CHECK(d.validation.size() == 5);
  CHECK(d.test.size() == 6);
  CHECK(d.seeded);
  CHECK_FALSE(d.own_test);
  std::set<Real> all = first_column(d.train);
  all.merge(first_column(d.validation));
  all.merge(first_column(d.test));
  CHECK(all.size() == 20);
  // The test part does not depend on what is cut off for validation, so that figures stay comparable.
  CHECK(equal(load_table(rows(20), "t", {.test_fraction = 0.3}).test.x, d.test.x));
  CHECK_FALSE(equal(load_table(rows(20), "t", {.split_seed = 1, .test_fraction = 0.3}).test.x, d.test.x));

  CHECK(share_of(10, 0.3, "t", "rows") == 3);
  CHECK(share_of(60'000, 1.0 / 6, "t", "rows") == 10'000);
  CHECK(share_of(7, 0, "t", "rows") == 0);
  REFUSES(DataError, share_of(19, 0.05, "t", "rows"), "t: 19 rows; at least 20 are needed");
  REFUSES(DataError, load_table(rows(20), "t", {.validation_fraction = 0.5, .test_fraction = 0.5}),
          "t: 10 of 20 rows for validation and 10 for the test leave none");
}

TEST_CASE("datasets: the validation part of files that come with a test part") {
  const Folder folder;
  folder.write("train-images-idx3-ubyte", idx(2051, {24, 2, 3}, 144));
  folder.write("train-labels-idx1-ubyte", idx(2049, {24}, 24));
  folder.write("t10k-images-idx3-ubyte", idx(2051, {5, 2, 3}, 30));
  folder.write("t10k-labels-idx1-ubyte", idx(2049, {5}, 5));
  const std::string path = folder.path.string();
  const Dataset d = load_dataset(path, {.validation_fraction = 0.25});
  CHECK(d.train.size() == 18);
  CHECK(d.validation.size() == 6);
  CHECK(d.test.size() == 5);
  CHECK(d.own_test);
  CHECK_FALSE(d.seeded);
  CHECK(equal(load_test_data(path).test.x, d.test.x));
  CHECK(load_test_data(path).train.size() == 0);
}

TEST_CASE("datasets: test data are all examples, in their order") {
  const Folder folder;
  const std::string ours = folder.write("ours.csv", rows(30, "a,b\n")).string();
  const std::string theirs = folder.write("theirs.csv", rows(3, "a,b\n")).string();
  const Dataset d = load_dataset(ours, {.test_data = theirs});
  CHECK(d.train.size() == 27);
  CHECK(d.validation.size() == 3);
  CHECK(d.test.x.shape() == Shape{3, 2});
  CHECK(d.test.x.data()[4] == 2);
  CHECK(d.own_test);
  const Dataset alone = load_test_data(theirs);
  CHECK(equal(alone.test.x, d.test.x));
  CHECK(alone.example_shape() == Shape{2});
  CHECK(load_test_data("moons").test.size() == 10'000);
  CHECK(load_test_data("digits").test.size() == 360);

  const auto refused = [&](const std::string& content, const char* why) {
    const std::string path = folder.write("wrong.csv", content).string();
    REFUSES(DataError, load_dataset(ours, {.test_data = path}), path.c_str(), why);
  };
  refused("a,b,c\n1,2,3\n2,3,5\n", "examples [3] of 0 levels cannot test");
  refused("a,c\n1,2\n2,3\n", "its column 2 is \"c\"");
  refused("", "no row");
  CHECK(load_dataset(ours, {.test_data = folder.write("plain.csv", rows(4)).string()}).test.size() == 4);

  // The noise has the widths of the table that is trained on.
  DatasetOptions options{.test_data = theirs, .dequantise = true, .noise_widths = {0, 0.5}};
  const Dataset noisy = load_dataset(ours, options);
  CHECK(noisy.test.x.data()[4] == 2);
  CHECK(noisy.test.x.data()[5] > 3);
  CHECK(noisy.test.x.data()[5] < Real{3.5});
}

TEST_CASE("datasets: test data have no say in the noise") {
  const Folder folder;
  std::string ours = "a,b\n";
  for (int i = 0; i < 60; ++i) ours += text(i % 4, ",", 0.25 * i * i, "\n");
  const std::string path = folder.write("ours.csv", ours).string();
  const std::string theirs = folder.write("theirs.csv", "a,b\n1,2\n1.125,3\n1,4\n").string();
  const Dataset alone = load_dataset(path, {.test_fraction = 0, .dequantise = true});
  const Dataset tested = load_dataset(path, {.test_data = theirs, .dequantise = true});
  CHECK(tested.noise_widths == std::vector<double>{1, 0});
  CHECK(equal(tested.train.x, alone.train.x));
}

TEST_CASE("datasets: a fingerprint knows values, labels, order and parts") {
  const auto of = [](const std::function<void(Dataset&)>& change) {
    Dataset d;
    d.train = {Tensor::from({3, 2}, {1, 2, 3, 4, 5, 6}), {0, 1, 1}};
    d.test.x = Tensor::from({1, 2}, {7, 8});
    change(d);
    return fingerprint_of(d);
  };
  const uint64_t same = of([](Dataset&) {});
  CHECK(of([](Dataset&) {}) == same);
  CHECK(of([](Dataset& d) { d.train.x.mutable_data()[5] = 7; }) != same);
  CHECK(of([](Dataset& d) { std::swap(d.train.x.mutable_data()[0], d.train.x.mutable_data()[2]); }) != same);
  CHECK(of([](Dataset& d) { d.train.labels[2] = 0; }) != same);
  CHECK(of([](Dataset& d) { std::swap(d.validation, d.test); }) != same);
  CHECK(of([](Dataset& d) { d.file_hash = 5; }) != same);
}

TEST_CASE("datasets: options of the split that have no say are refused") {
  const auto refused = [](const DataOptions& options, const Dataset& data, const char* flag, const char* why) {
    REFUSES(UsageError, refuse_unused(options, data), flag, why);
  };
  const Dataset digits = load_dataset("digits"), table = load_table(rows(30), "t");
  DataOptions seed, validation, test;
  seed.split_seed = 3;
  validation.validation_fraction = 0.2;
  test.test_fraction = 0.2;
  refused(validation, digits, "--validation-fraction", "digits has a validation part of its own");
  refused(test, digits, "--test-fraction", "digits has a test part of its own");
  Dataset fixed = digits;
  fixed.seeded = false;
  refused(seed, fixed, "--split-seed", "is cut without a seed");
  refuse_unused(seed, digits);
  for (const auto& options : {seed, validation, test}) refuse_unused(options, table);
}

TEST_CASE("datasets: a toy density is drawn anew in each epoch") {
  const Dataset moons = load_dataset("moons", {.toy_train = 100});
  const std::vector<int64_t> index = {3, 99, 0}, one = {99};
  const auto points = [&](const std::vector<int64_t>& rows, uint64_t seed, int64_t epoch) {
    return moons.train.rows_for_training(rows, seed, epoch);
  };
  CHECK(equal(points(index, 1, 0), moons.train.x.rows(index)));
  CHECK(equal(points(index, 1, 1), points(index, 1, 1)));
  CHECK(equal(points(index, 1, 1).rows(1, 2), points(one, 1, 1)));
  for (const auto& other : {points(index, 1, 0), points(index, 1, 2), points(index, 2, 1)})
    CHECK_FALSE(equal(points(index, 1, 1), other));
  // They are of the density: moons lie in a box.
  std::vector<int64_t> all(100);
  for (int64_t i = 0; i < 100; ++i) all[static_cast<size_t>(i)] = i;
  for (const Real v : points(all, 1, 5).data()) CHECK(std::abs(v) < 5);
}
