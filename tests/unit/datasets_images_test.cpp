// Images of fewer bits, and CIFAR-10's binary files.
#include "tests/unit/datasets_helpers.hpp"

using namespace bijou_tests;

TEST_CASE("datasets: fewer bits are the upper bits, in all three parts") {
  for (int bits = 1; bits <= 8; ++bits) {
    CAPTURE(bits);
    Dataset d;
    d.name = "ramp";
    d.levels = 256;
    d.train.x = ramp({4, 8, 8, 1}, 256);
    d.validation.x = ramp({2, 8, 8, 1}, 256);
    d.test.x = ramp({3, 8, 8, 1}, 256);
    const Tensor before = d.train.x;  // someone else's
    reduce_bits(d, bits);
    CHECK(d.levels == std::pow(2, bits));
    for (const Tensor* x : {&d.train.x, &d.validation.x, &d.test.x}) {
      bool right = true;
      for (int64_t i = 0; i < x->numel(); ++i)
        right = right && x->data()[i] == static_cast<Real>(i % 256 >> (8 - bits));
      CHECK(right);
    }
    CHECK(d.validation.x.shape() == Shape{2, 8, 8, 1});
    CHECK(equal(before, ramp({4, 8, 8, 1}, 256)));
    const Loader loader(d.train, d.levels, 2, 1);  // takes integers 0 .. levels-1 and nothing else
    CHECK(std::ranges::max(d.train.x.data()) == d.levels - 1);
  }
}

TEST_CASE("datasets: fewer bits are refused where they make no sense") {
  Dataset digits = load_digits(), moons = load_dataset("moons"), images;
  images.name = "images";
  images.levels = 256;
  images.train.x = ramp({4, 8, 8, 1}, 256);
  for (const int bits : {0, -1, 9})
    REFUSES(UsageError, reduce_bits(images, bits),
            text("bits: ", bits, " asked for; images of 8 bits can have 1 .. 8"));
  REFUSES(UsageError, reduce_bits(digits, 5), "digits has images of 17 levels", "256");
  REFUSES(UsageError, reduce_bits(moons, 5), "moons holds real numbers");
  reduce_bits(images, 5);
  CHECK(images.levels == 32);
  REFUSES(UsageError, reduce_bits(images, 4), "images of 32 levels");
  images.train.x = Tensor::full({1, 2, 2, 1}, 0.5);
  images.levels = 256;
  REFUSES(ValueError, reduce_bits(images, 5), "0.5", "scaled or dequantised");
}

// ------------------------------------------------------------------------------------------------- CIFAR-10

namespace {

// Records i = first, first + 1, ...: the label i mod 10; the value of plane c, row h, column w is i + 50 c + 3 h + w,
// mod 256.
int pixel(int64_t i, int64_t c, int64_t h, int64_t w) { return static_cast<int>((i + 50 * c + 3 * h + w) % 256); }
std::string cifar(int64_t first, int64_t count) {
  std::string bytes;
  for (int64_t i = first; i < first + count; ++i) {
    bytes += static_cast<char>(i % 10);
    for (int64_t c = 0; c < 3; ++c)
      for (int64_t h = 0; h < 32; ++h)
        for (int64_t w = 0; w < 32; ++w) bytes += static_cast<char>(pixel(i, c, h, w));
  }
  return bytes;
}

void write_cifar(const Folder& folder, const std::string& name, const std::vector<int>& batches, int64_t each = 4) {
  for (const int b : batches)
    folder.write(name + "/data_batch_" + std::to_string(b) + ".bin", cifar((b - 1) * each, each));
  folder.write(name + "/test_batch.bin", cifar(100, 3));
}

// The examples are the records first, first + 1, ...
void check_records(const Examples& e, int64_t first, int64_t count) {
  REQUIRE(e.x.shape() == Shape{count, 32, 32, 3});
  REQUIRE(static_cast<int64_t>(e.labels.size()) == count);
  bool right = true;
  int64_t at = 0;
  for (int64_t i = first; i < first + count; ++i) {
    right = right && e.labels[i - first] == i % 10;
    for (int64_t h = 0; h < 32; ++h)
      for (int64_t w = 0; w < 32; ++w)
        for (int64_t c = 0; c < 3; ++c) right = right && e.x.data()[at++] == static_cast<Real>(pixel(i, c, h, w));
  }
  CHECK(right);
}

}  // namespace

TEST_CASE("datasets: CIFAR-10's planes become channels, and the last tenth is for validation") {
  const Folder folder;
  write_cifar(folder, "all", {1, 2, 3, 4, 5});
  const std::string path = (folder.path / "all").string();
  const Dataset d = load_dataset(path);
  CHECK(d.name == path);
  CHECK(d.levels == 256);
  CHECK(d.classes == 10);
  check_records(d.train, 0, 18);
  check_records(d.validation, 18, 2);
  check_records(d.test, 100, 3);

  DatasetOptions other;
  other.split_seed = 1;  // no seed has a say
  check_records(load_dataset(path, other).train, 0, 18);
}

TEST_CASE("datasets: of CIFAR-10, the training batches that are there are used, and counted in the name") {
  const Folder folder;
  write_cifar(folder, "one", {1}, 10);
  const Dataset one = load_dataset((folder.path / "one").string());
  CHECK(one.name == (folder.path / "one").string() + " (1 of 5 training batches)");
  check_records(one.train, 0, 9);
  check_records(one.validation, 9, 1);

  write_cifar(folder, "two", {3, 2}, 10);  // in the order of their numbers
  const Dataset two = load_dataset((folder.path / "two").string());
  CHECK(has(two.name, "(2 of 5 training batches)"));
  check_records(two.train, 10, 18);
}

TEST_CASE("datasets: CIFAR-10's files that are broken or missing are refused, with the remedy") {
  const char* const remedy = "https://www.cs.toronto.edu/~kriz/cifar.html";
  const Folder folder;
  write_cifar(folder, "c", {1, 2, 3, 4, 5});
  const auto load = [&] { load_dataset((folder.path / "c").string()); };
  for (const std::string& broken : {cifar(0, 4) + "x", cifar(0, 4).substr(1), std::string()}) {
    folder.write("c/data_batch_2.bin", broken);
    const std::string bytes = text("is ", broken.size(), " bytes long");
    REFUSES(DataError, load(), "c/data_batch_2.bin", bytes.c_str(), "3073", remedy);
  }
  std::string strange = cifar(0, 4);
  strange[2 * 3073] = 10;
  folder.write("c/data_batch_2.bin", strange);
  REFUSES(DataError, load(), "c/data_batch_2.bin: record 2 has the label 10", remedy);
  fs::remove(folder.path / "c/data_batch_2.bin");
  fs::create_directory(folder.path / "c/data_batch_2.bin");
  REFUSES(DataError, load(), "c/data_batch_2.bin: is a folder");
  fs::remove(folder.path / "c/data_batch_2.bin");
  folder.write("c/test_batch.bin", "short");
  REFUSES(DataError, load(), "c/test_batch.bin", "is 5 bytes long");
  fs::remove(folder.path / "c/test_batch.bin");
  REFUSES(DataError, load(), "has no test_batch.bin", remedy);
  for (const int b : {1, 3, 4, 5}) fs::remove(folder.path / text("c/data_batch_", b, ".bin"));
  folder.write("c/test_batch.bin", cifar(0, 1));
  REFUSES(DataError, load(), "has none of data_batch_1.bin .. data_batch_5.bin", remedy);
  write_cifar(folder, "c", {1}, 9);
  REFUSES(DataError, load(), "9 training images; at least 10");
}

TEST_CASE("datasets: where cifar-10 is looked for, and what is said when it is not there") {
  const Folder folder;
  DatasetOptions options;
  options.data_dir = folder.path.string();
  write_cifar(folder, "cifar-10", {1, 2, 3, 4, 5}, 2);
  CHECK(load_dataset("cifar-10", options).train.size() == 9);
  write_cifar(folder, "cifar-10-batches-bin", {1, 2, 3, 4, 5}, 4);
  const Dataset d = load_dataset("cifar-10", options);
  CHECK(d.name == "cifar10");
  CHECK(d.train.size() == 18);

  options.data_dir = (folder.path / "cifar-10").string();
  for (const char* place : {"/usr/share/datasets", "data"})
    for (const char* name : {"cifar-10-batches-bin", "cifar-10"})
      if (fs::exists(fs::path(place) / name) || std::getenv("BIJOU_DATA_DIR")) {
        MESSAGE("skipped: the message for a missing cifar-10, as this machine has one");
        return;
      }
  const std::string looked = (folder.path / "cifar-10/cifar-10-batches-bin").string();
  REFUSES(DataError, load_dataset("cifar-10", options), "cifar10: not found; looked in", looked.c_str(),
          "data/cifar-10-batches-bin", "itself holds its files", "https://www.cs.toronto.edu/~kriz/cifar.html",
          "--data-dir");
}

TEST_CASE("datasets: CIFAR-10 itself") {
  DatasetOptions options;
  options.data_dir = shared_data();
  if (options.data_dir.empty() || !holds_cifar10(options.data_dir + "/cifar-10-batches-bin")) {
    MESSAGE("skipped: no shared data folder with cifar-10-batches-bin (BIJOU_SHARED or ../shared)");
    return;
  }
  const Dataset d = load_dataset("cifar-10", options);
  CHECK(d.train.size() % 9'000 == 0);
  CHECK(d.validation.size() == d.train.size() / 9);
  CHECK(d.test.x.shape() == Shape{10'000, 32, 32, 3});
  CHECK(first_labels(d.train) == std::vector<int>{6, 9, 9, 4, 1});  // frog, truck, truck, deer, automobile
  CHECK(first_labels(d.test) == std::vector<int>{3, 8, 8, 0, 6});   // cat, ship, ship, airplane, frog
  const auto first = d.train.x.data();
  CHECK((first[0] == 59 && first[1] == 62 && first[2] == 63));  // the well-known first pixel
  for (int c = 0; c < 10; ++c) CHECK(std::ranges::count(d.test.labels, c) == 1'000);
}
