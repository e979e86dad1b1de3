// The data sets: what is loaded is right, what is broken is refused in one line, what is drawn comes again.
#include "datasets/baselines.hpp"
#include "datasets/file.hpp"
#include "datasets/idx.hpp"
#include "datasets/loader.hpp"
#include "datasets/table.hpp"
#include "datasets/toys.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <numbers>
#include <set>

#include <unistd.h>
#include <zlib.h>

using namespace bijou;
namespace fs = std::filesystem;

namespace {

// A folder of this process, removed at the end of the test.
struct Folder {
  fs::path path;
  Folder() {
    static int count = 0;
    path = fs::temp_directory_path() / text("bijou-datasets-", kScalarName, "-", getpid(), "-", ++count);
    fs::create_directories(path);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path write(const std::string& name, const std::string& content) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << content;
    return path / name;
  }
};

std::string gzip(const std::string& content) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(content.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<unsigned char*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string idx(uint32_t magic, std::initializer_list<uint32_t> dims, size_t bytes) {
  std::string out;
  const auto put = [&](uint32_t v) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift & 0xff);
  };
  put(magic);
  for (uint32_t d : dims) put(d);
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(i % 251);
  return out;
}

// The message of the error, which must be of type E and one line.
template <class E>
std::string message(const std::function<void()>& body) {
  try {
    body();
  } catch (const E& error) {
    const std::string what = error.what();
    CHECK(what.find('\n') == std::string::npos);
    return what;
  } catch (const std::exception& error) {
    return text("another error: ", error.what());
  }
  return "no error";
}

bool has(const std::string& words, const std::string& part) { return words.find(part) != std::string::npos; }

// The expression throws E, and its message has all of these parts.
#define REFUSES(E, expression, ...)                                       \
  do {                                                                    \
    const std::string what_ = message<E>([&] { (void)(expression); });    \
    for (const std::string part_ : {__VA_ARGS__}) {                             \
      INFO("the message: ", what_);                                       \
      INFO("should have: ", part_);                                       \
      CHECK(has(what_, part_));                                           \
    }                                                                     \
  } while (false)

std::string shared_data() {
  const char* variable = std::getenv("BIJOU_SHARED");
  const fs::path folder = variable && *variable ? fs::path(variable) / "data" : fs::path("../shared/data");
  return fs::is_directory(folder) ? folder.string() : "";
}

bool equal(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.data(), b.data());
}

Tensor ramp(const Shape& shape, int levels) {   // 0, 1, ..., levels-1, 0, 1, ...
  Tensor t(shape);
  int64_t i = 0;
  for (Real& v : t.mutable_data()) v = static_cast<Real>(i++ % levels);
  return t;
}

std::vector<int> first_labels(const Examples& e) { return {e.labels.begin(), e.labels.begin() + 5}; }

double average(double low, double high, const std::function<double(double)>& f) {   // midpoint rule
  constexpr int n = 20000;
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += f(low + (high - low) * (i + 0.5) / n);
  return sum / n;
}

}  // namespace

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
  REFUSES(UsageError, load_dataset("moon"), "unknown data set \"moon\"", "digits, mnist, fashion-mnist",
          "swissroll", ".csv works too");
  REFUSES(UsageError, load_dataset(""), "unknown data set \"\"");
  REFUSES(UsageError, load_dataset("a\nb"), "\"a?b\"");
  REFUSES(DataError, load_dataset("no/such"), "no/such: no such file");
  REFUSES(DataError, load_dataset("none.csv"), "none.csv: no such file");
  CHECK(dataset_names().size() == 11);
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
  CHECK(first.size() > 5290);   // a float may repeat by chance, whole examples do not
  const Dataset whole = load_dataset("moons");
  CHECK(whole.train.size() == 50'000);
  CHECK(whole.test.size() == 10'000);
  options.toy_train = 0;
  REFUSES(UsageError, load_dataset("moons", options), "moons", "at least one example", "0");
}

TEST_CASE("datasets: the toys' means and variances are those of their definitions") {
  struct Exact { double mean1, var1, mean2, var2; };
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
      {"swissroll", {roll1 / 5, (roll11 - roll1 * roll1 + 1) / 25,
                     roll2 / 5, (roll22 - roll2 * roll2 + 1) / 25}},
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

    constexpr int64_t n = 40'000;   // and the draws are of that density
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
  CHECK(find_toy("8gaussians")->log_density(1e3, 0) < -1e5);   // far away it is still finite
  CHECK(load_dataset("checkerboard").entropy == doctest::Approx(3.4657));
}

// --------------------------------------------------------------------------------------------- files and IDX

TEST_CASE("datasets: gzip is told by content, and its damage is named") {
  const Folder folder;
  const std::string content(3'000'000, 'x'), packed = gzip(content);
  CHECK(read_file(folder.write("plain.gz", content)) == content);      // the name does not matter
  CHECK(read_file(folder.write("packed", packed)) == content);
  CHECK(read_file(folder.write("two", packed + gzip("yz"))) == content + "yz");
  CHECK(read_file(folder.write("empty", "")).empty());

  const fs::path early = folder.write("early.gz", packed.substr(0, packed.size() / 2));
  REFUSES(DataError, read_file(early), "early.gz", "end early", "download it again");
  const fs::path no_checksum = folder.write("tail.gz", packed.substr(0, packed.size() - 3));
  REFUSES(DataError, read_file(no_checksum), "tail.gz", "end early");
  const fs::path start = folder.write("start.gz", packed.substr(0, 5));
  REFUSES(DataError, read_file(start), "end early, after 5 bytes (0 unpacked)");
  std::string wrong = packed;
  wrong[wrong.size() - 6] ^= 1;
  REFUSES(DataError, read_file(folder.write("crc.gz", wrong)), "crc.gz", "incorrect data check");
  wrong = packed;
  wrong[12] ^= 0xff;
  REFUSES(DataError, read_file(folder.write("bits.gz", wrong)), "bits.gz", "are broken", "download");
  REFUSES(DataError, read_file(folder.write("more.gz", packed + "abc")), "3 bytes follow the end");

  const std::span bytes(reinterpret_cast<const unsigned char*>(packed.data()), packed.size());
  REFUSES(DataError, unpack_gzip(bytes, "bomb.gz", 2'000'000), "bomb.gz", "more than 2000000 bytes");
}

TEST_CASE("datasets: no file, a folder, no permission") {
  const Folder folder;
  REFUSES(DataError, read_file(folder.path / "none"), "none: no such file");
  REFUSES(DataError, read_file(folder.path), "is a folder, where a file is expected");
  const fs::path secret = folder.write("secret", "x");
  fs::permissions(secret, fs::perms::none);
  if (geteuid() == 0) MESSAGE("skipped: a file without permission, as root may read every file");
  else REFUSES(DataError, read_file(secret), "secret: no permission to read it", "chmod a+r");
}

TEST_CASE("datasets: an IDX file of images, plain and packed") {
  const Folder folder;
  const std::string content = idx(2051, {4, 3, 2}, 24);
  for (const fs::path& path : {folder.write("a", content), folder.write("b.gz", gzip(content))}) {
    const Tensor x = read_idx_images(path);
    CHECK(x.shape() == Shape{4, 3, 2, 1});
    for (int i = 0; i < 24; ++i) CHECK(x.data()[i] == i);
  }
  const std::string high = idx(2051, {1, 1, 1}, 0) + '\xff';
  CHECK(read_idx_images(folder.write("c", high)).item() == 255);   // bytes are unsigned
  CHECK(read_idx_labels(folder.write("d", idx(2049, {3}, 3))) == std::vector<int>{0, 1, 2});
}

TEST_CASE("datasets: broken IDX files") {
  const Folder folder;
  const auto images = [&](const std::string& content) { read_idx_images(folder.write("images", content)); };
  REFUSES(DataError, images("ab"), "images: is 2 bytes long, not even an IDX header");
  REFUSES(DataError, images("hello world"), "magic number 1751477356 is not 2051", "another kind of file");
  REFUSES(DataError, images(idx(2049, {4}, 4)), "holds labels (magic number 2049) where images (2051)",
          "mislabelled");
  REFUSES(DataError, images(idx(0x0D03, {1, 1, 1}, 4)), "not of unsigned bytes");
  REFUSES(DataError, images(idx(2051, {4}, 0)), "truncated: the header needs 16 bytes, the file has 8");
  REFUSES(DataError, images(idx(2051, {4, 3, 2}, 23)), "truncated: the header says 4 x 3 x 2 = 24 bytes",
          "found 23", "download it again");
  REFUSES(DataError, images(idx(2051, {4, 3, 2}, 25)), "too long", "= 24 bytes of images, found 25");
  REFUSES(DataError, images(idx(2051, {0, 28, 28}, 0)), "0 x 28 x 28 images", "no size may be zero");
  REFUSES(DataError, images(idx(2051, {10, 0, 28}, 0)), "10 x 0 x 28", "no size may be zero");
  // Absurd sizes are refused before anything is allocated, even where their product is more than 64 bits.
  REFUSES(DataError, images(idx(2051, {4294967295, 28, 28}, 100)), "= 3367254359280 bytes", "found 100");
  REFUSES(DataError, images(idx(2051, {4294967295, 4294967295, 4294967295}, 100)),
          "4294967295 x 4294967295 x 4294967295", "more than any file holds");
  REFUSES(DataError, images(gzip(idx(2051, {4, 3, 2}, 20))), "truncated", "found 20");
  REFUSES(DataError, read_idx_labels(folder.write("l", idx(2051, {1, 1, 1}, 1))),
          "holds images (magic number 2051) where labels (2049)");
  REFUSES(DataError, read_idx_labels(folder.write("l", idx(2049, {9}, 8))),
          "9 = 9 bytes of labels, found 8");
}

namespace {
void write_idx_folder(const Folder& folder, const std::string& at, uint32_t n = 24, bool packed = false) {
  const std::string suffix = packed ? ".gz" : "";
  const auto put = [&](const std::string& name, const std::string& content) {
    folder.write(at + "/" + name + suffix, packed ? gzip(content) : content);
  };
  put("train-images-idx3-ubyte", idx(2051, {n, 2, 2}, n * 4));
  put("train-labels-idx1-ubyte", idx(2049, {n}, n));
  put("t10k-images-idx3-ubyte", idx(2051, {5, 2, 2}, 20));
  put("t10k-labels-idx1-ubyte", idx(2049, {5}, 5));
}
}  // namespace

TEST_CASE("datasets: a folder of IDX files; the last twelfth of the training files is for validation") {
  const Folder folder;
  write_idx_folder(folder, "mine");
  const Dataset d = load_dataset((folder.path / "mine").string());
  CHECK(d.train.x.shape() == Shape{22, 2, 2, 1});
  CHECK(d.validation.x.shape() == Shape{2, 2, 2, 1});
  CHECK(d.validation.labels == std::vector<int>{22, 23});
  CHECK(d.validation.x.data()[0] == 88);
  CHECK(d.test.size() == 5);
  CHECK(d.levels == 256);
  CHECK(d.classes == 24);

  write_idx_folder(folder, "dotted");
  fs::rename(folder.path / "dotted/t10k-images-idx3-ubyte", folder.path / "dotted/t10k-images.idx3-ubyte");
  CHECK(load_dataset((folder.path / "dotted").string()).test.size() == 5);

  const auto load = [&](const char* name) { load_dataset((folder.path / name).string()); };
  fs::remove(folder.path / "dotted/t10k-labels-idx1-ubyte");
  REFUSES(DataError, load("dotted"), "dotted: has no t10k-labels-idx1-ubyte, plain or with .gz");
  write_idx_folder(folder, "few", 11);
  REFUSES(DataError, load("few"), "11 training images; at least 12");
  folder.write("mine/t10k-labels-idx1-ubyte", idx(2049, {4}, 4));
  REFUSES(DataError, load("mine"), "t10k-images-idx3-ubyte: holds 5 images", "holds 4 labels", "download");
  write_idx_folder(folder, "mine");
  folder.write("mine/t10k-images-idx3-ubyte", idx(2051, {5, 3, 2}, 30));
  REFUSES(DataError, load("mine"), "training images are [2, 2, 1], test images are [3, 2, 1]");
  fs::remove(folder.path / "mine/t10k-images-idx3-ubyte");
  fs::create_directory(folder.path / "mine/t10k-images-idx3-ubyte");
  REFUSES(DataError, load("mine"), "t10k-images-idx3-ubyte: is a folder");
}

TEST_CASE("datasets: one IDX file is split by the seed") {
  const Folder folder;
  const Dataset d = load_dataset(folder.write("faces", idx(2051, {30, 2, 3}, 180)).string());
  CHECK(d.train.x.shape() == Shape{24, 2, 3, 1});
  CHECK(d.validation.size() == 3);
  CHECK(d.test.size() == 3);
  CHECK(d.classes == 0);
  CHECK(d.train.labels.empty());
  REFUSES(DataError, load_dataset(folder.write("few", idx(2051, {9, 2, 3}, 54)).string()), "9 images");
}

TEST_CASE("datasets: where mnist is looked for, and what is said when it is not there") {
  const Folder flag, variable;
  const char* before = std::getenv("BIJOU_DATA_DIR");
  const std::string kept = before ? before : "";
  setenv("BIJOU_DATA_DIR", variable.path.c_str(), 1);
  DatasetOptions options;
  options.data_dir = flag.path.string();
  const auto directories = data_directories(options.data_dir);
  CHECK(directories == std::vector<fs::path>{flag.path, variable.path, "/usr/share/datasets", "data"});

  write_idx_folder(variable, "MNIST/raw", 12, true);
  CHECK(load_dataset("mnist", options).train.size() == 11);
  write_idx_folder(flag, "mnist", 36);
  CHECK(load_dataset("mnist", options).train.size() == 33);     // the flag goes first
  write_idx_folder(flag, "fashion-mnist", 48);
  CHECK(load_dataset("fashion-mnist", options).train.size() == 44);
  fs::remove_all(flag.path / "fashion-mnist");
  write_idx_folder(flag, "FashionMNIST/raw", 60);
  CHECK(load_dataset("fashion-mnist", options).train.size() == 55);

  fs::remove_all(variable.path / "MNIST");
  options.data_dir = (flag.path / "mnist").string();
  if (fs::exists("/usr/share/datasets/mnist") || fs::exists("data/mnist") || fs::exists("data/MNIST")) {
    MESSAGE("skipped: the message for a missing mnist, as this machine has one");
  } else {
    const std::string looked = (variable.path / "MNIST/raw").string();
    REFUSES(DataError, load_dataset("mnist", options), "mnist: not found; looked in", looked.c_str(),
            "/usr/share/datasets/mnist", "data/mnist", "itself holds IDX files",
            "yann.lecun.com/exdb/mnist", "--data-dir");
  }
  if (fs::exists("/usr/share/datasets/fashion-mnist") || fs::exists("data/fashion-mnist"))
    MESSAGE("skipped: the message for a missing fashion-mnist, as this machine has one");
  else
    REFUSES(DataError, load_dataset("fashion-mnist"), "apt-get install dataset-fashion-mnist",
            "https://github.com/zalandoresearch/fashion-mnist");
  options.data_dir = (flag.path / "none").string();
  REFUSES(DataError, load_dataset("mnist", options), "--data-dir", "none: no such folder");
  if (before) setenv("BIJOU_DATA_DIR", kept.c_str(), 1);
  else unsetenv("BIJOU_DATA_DIR");
}

TEST_CASE("datasets: MNIST itself") {
  DatasetOptions options;
  options.data_dir = shared_data();
  if (options.data_dir.empty() || !fs::exists(options.data_dir + "/mnist")) {
    MESSAGE("skipped: no shared data folder with mnist (BIJOU_SHARED or ../shared)");
    return;
  }
  const Dataset d = load_dataset("mnist", options);
  CHECK(d.train.x.shape() == Shape{55'000, 28, 28, 1});
  CHECK(d.validation.size() == 5'000);
  CHECK(d.test.size() == 10'000);
  CHECK(d.classes == 10);
  CHECK(first_labels(d.train) == std::vector<int>{5, 0, 4, 1, 9});
  CHECK(first_labels(d.test) == std::vector<int>{7, 2, 1, 0, 4});
  double sum = 0;
  for (const Tensor* x : {&d.train.x, &d.validation.x})
    for (Real v : x->data()) sum += v;
  CHECK(sum / (60'000 * 784.0 * 255) == doctest::Approx(0.1307).epsilon(1e-3));   // the well-known mean
}

TEST_CASE("datasets: Fashion-MNIST of Debian's package") {
  if (!fs::exists("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")) {
    MESSAGE("skipped: the package dataset-fashion-mnist is not installed");
    return;
  }
  const Dataset d = load_dataset("/usr/share/datasets/fashion-mnist");
  CHECK(d.train.x.shape() == Shape{55'000, 28, 28, 1});
  CHECK(first_labels(d.train) == std::vector<int>{9, 0, 0, 3, 0});
  CHECK(std::ranges::count(d.test.labels, 3) == 1'000);
}

// ---------------------------------------------------------------------------------------------------- tables

TEST_CASE("datasets: a table's separators, header, quotes and line ends") {
  const Tensor expected = Tensor::from({2, 3}, {1, -2.5, 300, 4, 0.5, -6});
  for (const char* content : {"1,-2.5,3e2\n4,.5,-6\n", "1;-2.5;3e2\r\n4; +.5 ;-6\r\n\r\n",
                              "1\t-2.5\t3E2\n4\t0.5\t-6", "  1  -2.5 300\n# a remark\n4 0.5   -6  \n",
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
  CHECK(parse_table("2018,2019\n1,2\n", "t").x.shape() == Shape{2, 2});   // numbers are data
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
  for (int64_t i = 0; i < 32; ++i) {   // rows stay together
    const Real u = d.train.x.data()[3 * i];
    CHECK(d.train.x.data()[3 * i + 1] == u * u / 2);
  }
  CHECK(equal(load_dataset(folder.write("t.csv.gz", gzip(content)).string()).train.x, d.train.x));

  REFUSES(DataError, load_table("1,2\n2,3\n", "t"), "t: 2 rows; at least 10");
  std::string constant = "x,pressure\n";
  for (int i = 0; i < 20; ++i) constant += text(i, ",7.5\n");
  REFUSES(DataError, load_table(constant, "t"), "t: column 2 (\"pressure\") is constant (7.5)");
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
  const Batch late = a.batch(15);   // straight away, and after other batches
  for (int64_t step : {0, 3, 14}) b.batch(step);
  const Batch again = b.batch(15);
  CHECK(late.epoch == 2);
  CHECK(late.index == again.index);
  CHECK(equal(late.x, again.x));
  CHECK_FALSE(late.index == c.batch(15).index);
  CHECK_FALSE(a.batch(0).index == a.batch(6).index);   // the next epoch has another order
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
  CHECK(equal(x, ramp({10, 7}, 17)));   // the argument is left alone
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
                 std::log(0.45 / (p(v) * (1 - p(v))))) / (1000 * std::numbers::ln2);
  CHECK(gaussian_logit_baseline(bits, bits, 2) == doctest::Approx(expected).epsilon(1e-9));

  REFUSES(ShapeError, histogram_baseline(train, bits, 4), "[4000, 3]", "[1000, 1]");
  REFUSES(ValueError, histogram_baseline(train, test, 3), "expects integers 0 .. 2, found 3");
  REFUSES(ValueError, gaussian_logit_baseline(train, test, 4, 0.5), "alpha must be between 0 and 1/2");
}
