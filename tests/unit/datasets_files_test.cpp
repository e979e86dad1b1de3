// Files and folders of data: what is loaded is right, what is broken is refused in one line.
#include "tests/unit/datasets_helpers.hpp"

using namespace bijou_tests;

TEST_CASE("datasets: gzip is told by content, and its damage is named") {
  const Folder folder;
  const std::string content(3'000'000, 'x'), packed = gzip(content);
  CHECK(read_file(folder.write("plain.gz", content)) == content);  // the name does not matter
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
  CHECK(read_idx_images(folder.write("c", high)).item() == 255);  // bytes are unsigned
  CHECK(read_idx_labels(folder.write("d", idx(2049, {3}, 3))) == std::vector<int>{0, 1, 2});
}

TEST_CASE("datasets: broken IDX files") {
  const Folder folder;
  const auto images = [&](const std::string& content) { read_idx_images(folder.write("images", content)); };
  REFUSES(DataError, images("ab"), "images: is 2 bytes long, not even an IDX header");
  REFUSES(DataError, images("hello world"), "magic number 1751477356 is not 2051", "another kind of file");
  REFUSES(DataError, images(idx(2049, {4}, 4)), "holds labels (magic number 2049) where images (2051)", "mislabelled");
  REFUSES(DataError, images(idx(0x0D03, {1, 1, 1}, 4)), "not of unsigned bytes");
  REFUSES(DataError, images(idx(2051, {4}, 0)), "truncated: the header needs 16 bytes, the file has 8");
  REFUSES(DataError, images(idx(2051, {4, 3, 2}, 23)), "truncated: the header says 4 x 3 x 2 = 24 bytes", "found 23",
          "download it again");
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
  REFUSES(DataError, read_idx_labels(folder.write("l", idx(2049, {9}, 8))), "9 = 9 bytes of labels, found 8");
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
  CHECK(load_dataset("mnist", options).train.size() == 33);  // the flag goes first
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
            "/usr/share/datasets/mnist", "data/mnist", "itself holds IDX files", "yann.lecun.com/exdb/mnist",
            "--data-dir");
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
  CHECK(sum / (60'000 * 784.0 * 255) == doctest::Approx(0.1307).epsilon(1e-3));  // the well-known mean
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
