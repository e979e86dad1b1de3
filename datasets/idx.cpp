#include "datasets/idx.hpp"

#include "datasets/file.hpp"

#include <algorithm>
#include <array>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

struct Kind {
  const char* what;
  uint32_t magic;
  int rank;
};
constexpr Kind kImages{"images", 2051, 3}, kLabels{"labels", 2049, 1};

struct Header {
  std::array<uint32_t, 3> dims{1, 1, 1};  // n, height, width; the unused are 1
  std::string_view values;                // the bytes that follow
};

uint32_t big_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void check_magic(std::string_view content, const std::string& name, const Kind& kind) {
  if (content.size() < 4)
    fail<DataError>(name, ": is ", content.size(), " bytes long, not even an IDX header; download it again");
  const uint32_t magic = big_endian(content);
  if (magic == kind.magic) return;
  for (const Kind& other : {kImages, kLabels})
    if (magic == other.magic)
      fail<DataError>(name, ": holds ", other.what, " (magic number ", magic, ") where ", kind.what, " (", kind.magic,
                      ") are expected; the file is mislabelled: rename it or download it again");
  if (magic >> 16 == 0 && (magic >> 8 & 0xff) != 8)
    fail<DataError>(name, ": magic number ", magic, ": IDX, but not of unsigned bytes; expected ", kind.magic, " (",
                    kind.what, ")");
  fail<DataError>(name, ": magic number ", magic, " is not ", kind.magic, " (IDX ", kind.what,
                  "); this is another kind of file: download it again");
}

// Checks all that the header claims against the bytes that are there.
Header read_header(std::string_view content, const std::string& name, const Kind& kind) {
  check_magic(content, name, kind);
  const size_t length = 4 + 4 * kind.rank;
  if (content.size() < length)
    fail<DataError>(name, ": truncated: the header needs ", length, " bytes, the file has ", content.size(),
                    "; download it again");
  Header header;
  header.values = content.substr(length);
  std::string sizes;
  uint64_t expected = 1;
  bool overflow = false;
  for (int i = 0; i < kind.rank; ++i) {
    const uint32_t d = header.dims[i] = big_endian(content.substr(4 + 4 * i));
    sizes += text(i ? " x " : "", d);
    overflow = overflow || __builtin_mul_overflow(expected, uint64_t{d}, &expected);
  }
  for (int i = 0; i < kind.rank; ++i)
    if (header.dims[i] == 0)
      fail<DataError>(name, ": the header says ", sizes, " ", kind.what, ": no size may be zero; download it again");
  if (overflow)
    fail<DataError>(name, ": the header says ", sizes, " ", kind.what, ", more than any file holds; download it again");
  if (header.values.size() != expected)
    fail<DataError>(name, header.values.size() < expected ? ": truncated" : ": too long", ": the header says ", sizes,
                    " = ", expected, " bytes of ", kind.what, ", found ", header.values.size(), "; download it again");
  return header;
}

Tensor to_tensor(const Header& header, int64_t begin, int64_t end) {  // the images begin .. end-1
  Tensor x({end - begin, header.dims[1], header.dims[2], 1});
  const int64_t pixels = x.shape().from(1).numel();
  std::ranges::transform(header.values.substr(begin * pixels, x.numel()), x.mutable_data().begin(),
                         [](char c) { return static_cast<Real>(static_cast<unsigned char>(c)); });
  return x;
}

Tensor parse_images(std::string_view content, const std::string& name) {
  const Header header = read_header(content, name, kImages);
  return to_tensor(header, 0, header.dims[0]);
}

// The files' names: as their authors gave them, and with the dot that some copies have instead of a hyphen.
fs::path find_part(const fs::path& folder, const std::string& part, const Kind& kind) {
  for (const char* mark : {"-", "."})
    for (const char* suffix : {"", ".gz"}) {
      const fs::path path = folder / text(part, "-", kind.what, mark, "idx", kind.rank, "-ubyte", suffix);
      if (is_there(path)) return path;
    }
  return {};
}

bool holds_idx(const fs::path& folder) {
  for (const char* part : {"train", "t10k"})
    for (const Kind& kind : {kImages, kLabels})
      if (!find_part(folder, part, kind).empty()) return true;
  return false;
}

struct Part {
  Examples head, tail;
};

// The part's examples, the last `fraction` of them in the tail. They are cut before they become
// tensors: a tensor's memory is kept for the next of its size, and no other is as large as all of them.
Part read_part(const fs::path& folder, const std::string& part, double fraction) {
  std::array<fs::path, 2> paths;
  for (size_t i = 0; i < 2; ++i) {
    const Kind& kind = i == 0 ? kImages : kLabels;
    paths[i] = find_part(folder, part, kind);
    if (paths[i].empty())
      fail<DataError>(folder.string(), ": has no ", part, "-", kind.what, "-idx", kind.rank,
                      "-ubyte, plain or with .gz; download it into that folder");
  }
  const std::string content = read_file(paths[0]);
  const Header images = read_header(content, paths[0].string(), kImages);
  const std::vector<int> labels = read_idx_labels(paths[1]);
  const int64_t n = images.dims[0], cut = n - share_of(n, fraction, folder.string(), "training images");
  if (images.dims[0] != labels.size())
    fail<DataError>(paths[0].string(), ": holds ", n, " images, but ", paths[1].filename().string(), " holds ",
                    labels.size(), " labels; they do not belong together: download both again");
  return {{to_tensor(images, 0, cut), {labels.begin(), labels.begin() + cut}},
          {to_tensor(images, cut, n), {labels.begin() + cut, labels.end()}}};
}

}  // namespace

Tensor read_idx_images(const fs::path& path) { return parse_images(read_file(path), path.string()); }

std::vector<int> read_idx_labels(const fs::path& path) {
  const std::string content = read_file(path);
  const Header header = read_header(content, path.string(), kLabels);
  std::vector<int> labels;
  labels.reserve(header.values.size());
  for (char c : header.values) labels.push_back(static_cast<unsigned char>(c));
  return labels;
}

Dataset load_idx_folder(const fs::path& folder, const std::string& name, const DatasetOptions& options) {
  constexpr double kTwelfth = 1.0 / 12;
  Part train = read_part(folder, "train", options.validation_fraction.value_or(kTwelfth));
  Part test = read_part(folder, "t10k", 0);
  const Shape train_shape = train.head.x.shape().from(1), test_shape = test.head.x.shape().from(1);
  if (!(train_shape == test_shape))
    fail<DataError>(name, ": training images are ", train_shape, ", test images are ", test_shape,
                    "; they do not belong together: download them again");
  Dataset dataset;
  dataset.name = name;
  dataset.levels = 256;
  dataset.train = std::move(train.head);
  if (train.tail.size() > 0) dataset.validation = std::move(train.tail);
  dataset.test = std::move(test.head);
  dataset.own_test = true;
  for (const Examples* part : {&dataset.train, &dataset.validation, &dataset.test})
    for (const int y : part->labels) dataset.classes = std::max(dataset.classes, 1 + y);
  return dataset;
}

Dataset load_idx(const std::string& name, const DatasetOptions& options) {
  const bool fashion = name == "fashion-mnist";
  require(fashion || name == "mnist", "load_idx", "knows mnist and fashion-mnist, not ", name);
  std::string looked;
  for (const fs::path& directory : data_directories(options.data_dir))
    for (const fs::path& inside : {fs::path(name), fs::path(fashion ? "FashionMNIST" : "MNIST") / "raw"}) {
      const fs::path folder = directory / inside;
      if (holds_idx(folder)) return load_idx_folder(folder, name, options);
      looked += (looked.empty() ? "" : ", ") + folder.string();
    }
  // The files of both sets have the same names, so a folder that holds files itself could be either one.
  const std::string hint =
      !options.data_dir.empty() && holds_idx(options.data_dir)
          ? text(" (", options.data_dir, " itself holds IDX files: give that path as the data set)")
          : "";
  const char* const way = fashion ? "apt-get install dataset-fashion-mnist, or put the files of "
                                    "https://github.com/zalandoresearch/fashion-mnist"
                                  : "put the four files of http://yann.lecun.com/exdb/mnist/";
  fail<DataError>(name, ": not found; looked in ", looked, hint, ". To get it, `make data-", name, "`, or ", way,
                  " into ./data/", name, "; or say by --data-dir in which folder ", name, "/ lies");
}

Dataset load_idx_file(std::string_view content, const std::string& path, const DatasetOptions& options) {
  const Examples all{parse_images(content, path), {}};
  Dataset dataset;
  dataset.name = path;
  dataset.levels = 256;
  split_examples(dataset, all, "images", options);
  return dataset;
}

bool looks_like_idx(std::string_view content) { return content.size() >= 2 && content[0] == 0 && content[1] == 0; }

}  // namespace bijou
