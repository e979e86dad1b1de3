#include "datasets/dataset.hpp"

#include "datasets/arrays.hpp"
#include "datasets/cifar.hpp"
#include "datasets/columns.hpp"
#include "datasets/file.hpp"
#include "datasets/idx.hpp"
#include "datasets/npz.hpp"
#include "datasets/pictures.hpp"
#include "datasets/table.hpp"
#include "datasets/tar.hpp"
#include "datasets/toys.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <utility>

namespace bijou::inline BIJOU_SCALAR {
namespace {

Dataset load_path(const std::string& path, const DatasetOptions& options) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored) && holds_npy(path)) return load_npy_folder(path, options);
  if (std::filesystem::is_directory(path, ignored)) {
    refuse_table_options(options, path);
    refuse_pickled_cifar10(path);
    if (holds_cifar10(path)) return load_cifar10_folder(path, path, options);
    if (holds_pictures(path)) return load_pictures(path, path, options);
    if (std::filesystem::is_empty(path, ignored))
      fail<DataError>(path,
                      ": is an empty folder; PNG, JPEG or BMP pictures, the four IDX files or CIFAR-10's batches "
                      "can be read from one");
    return load_idx_folder(path, path, options);
  }
  std::string content = read_file(path);
  if (looks_like_npy(content)) return load_npy(std::move(content), path, options);
  if (looks_like_zip(content)) return load_npz(content, path, options);
  const bool tar = looks_like_tar(content);
  if (looks_like_picture(content))
    fail<DataError>(path, ": is a single picture; name the folder that it and others lie in");
  if (!tar && !looks_like_idx(content)) return load_table(content, path, options);
  refuse_table_options(options, path);
  return tar ? load_cifar10_tar(content, path, path, options) : load_idx_file(content, path, options);
}

// The rows of another source with fewer bits.
class ReducedRows final : public RowSource {
 public:
  ReducedRows(std::shared_ptr<const RowSource> rows, Real step) : rows_(std::move(rows)), step_(step) {}
  Shape shape() const override { return rows_->shape(); }
  Tensor rows(std::span<const int64_t> index) const override { return reduced(rows_->rows(index), step_); }
  Tensor rows_for_training(std::span<const int64_t> index, uint64_t seed, int64_t epoch) const override {
    return reduced(rows_->rows_for_training(index, seed, epoch), step_);
  }
  static Tensor reduced(const Tensor& x, Real step) {
    Tensor out(x.shape());
    std::ranges::transform(x.data(), out.mutable_data().begin(), [&](Real v) {
      require(v >= 0 && v < 256 && v == std::floor(v), "reduce_bits", "expects integers 0 .. 255, found ", v,
              "; were these values scaled or dequantised before?");
      return std::floor(v / step);
    });
    return out;
  }

 private:
  std::shared_ptr<const RowSource> rows_;
  Real step_;
};

// An option about pictures that nothing would read is a mistake of the one who gave it.
void refuse_picture_options(const std::string& name, const PictureOptions& o) {
  const char* given = o.size          ? "--size"
                      : o.random_crop ? "--crop random"
                      : o.grey        ? "--grey"
                      : o.colour      ? "--colour"
                      : o.memory > 0  ? "--data-memory"
                                      : nullptr;
  if (given) fail<UsageError>(given, ": is for a folder of pictures, which '", name, "' is not; leave it out");
}

}  // namespace

Tensor Examples::rows(int64_t begin, int64_t end) const {
  if (x.defined()) return x.rows(begin, end);
  std::vector<int64_t> index(static_cast<size_t>(end - begin));
  std::iota(index.begin(), index.end(), begin);
  return source->rows(index);
}

Tensor Examples::rows_for_training(std::span<const int64_t> index, uint64_t seed, int64_t epoch) const {
  return source ? source->rows_for_training(index, seed, epoch) : x.rows(index);
}

Examples Examples::select(std::span<const int64_t> index) const {
  require(labels.empty() || static_cast<int64_t>(labels.size()) == size(), "Examples::select", size(),
          " examples have ", labels.size(), " labels");
  Examples chosen{x.defined() ? x.rows(index) : source->rows(index), {}};
  if (!labels.empty())
    for (int64_t i : index) chosen.labels.push_back(labels[i]);
  return chosen;
}

// Words of eight bytes, each mixed in by an odd multiplier and a shift.
uint64_t hash_of(std::string_view bytes, uint64_t before) {
  uint64_t hash = before ^ bytes.size();
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, sizeof(uint64_t));
    uint64_t word = 0;
    std::memcpy(&word, piece.data(), piece.size());
    hash = (hash ^ word) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 32;
    bytes.remove_prefix(piece.size());
  }
  return hash;
}

uint64_t fingerprint_of(const Dataset& data) {
  const auto bytes_of = [](const auto& values) {
    return std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  uint64_t hash = data.file_hash;
  for (const Examples* part : {&data.train, &data.validation, &data.test}) {
    hash = hash_of(bytes_of(part->labels), 3 * hash + static_cast<uint64_t>(part->size()) + 1);
    if (data.file_hash == 0 && part->x.defined()) hash = hash_of(bytes_of(part->x.data()), hash);
  }
  return hash;
}

int64_t share_of(int64_t n, double fraction, const std::string& name, const char* what) {
  constexpr double kRounding = 1e-9;  // 0.3 of 10 are 3
  if (fraction == 0) return 0;
  const auto share = static_cast<int64_t>(std::floor(static_cast<double>(n) * fraction + kRounding));
  if (share == 0)
    fail<DataError>(name, ": ", n, " ", what, "; at least ", std::ceil(1 / fraction - kRounding),
                    " are needed to split them");
  if (share >= n) fail<DataError>(name, ": ", fraction, " of ", n, " ", what, " leaves none to train on");
  return share;
}

void split_examples(Dataset& dataset, const Examples& all, const char* what, const DatasetOptions& options) {
  constexpr double kTenth = 0.1;
  const int64_t n = all.size(), test = share_of(n, options.test_fraction.value_or(kTenth), dataset.name, what);
  const int64_t validation = share_of(n, options.validation_fraction.value_or(kTenth), dataset.name, what);
  if (test + validation == 0) {
    dataset.train = all;
  } else if (test + validation >= n) {
    fail<DataError>(dataset.name, ": ", validation, " of ", n, " ", what, " for validation and ", test,
                    " for the test leave none to train on");
  } else {
    split_examples(dataset, all, validation, test, options.split_seed);
  }
}

void split_examples(Dataset& dataset, const Examples& all, int64_t validation, int64_t test, uint64_t split_seed) {
  const int64_t n = all.size();
  require(validation >= 0 && test >= 0 && validation + test < n, "split_examples", n, " examples cannot give ",
          validation, " for validation, ", test, " for the test and some more");
  dataset.seeded = true;
  const std::vector<int64_t> order = Rng(split_seed, stream("split")).permutation(n);
  const std::span<const int64_t> index(order);
  if (test > 0) dataset.test = all.select(index.first(test));
  if (validation > 0) dataset.validation = all.select(index.subspan(test, validation));
  dataset.train = all.select(index.subspan(test + validation));
}

void reduce_bits(Dataset& data, int bits) {
  if (bits < 1 || bits > 8) fail<UsageError>("bits: ", bits, " asked for; images of 8 bits can have 1 .. 8");
  if (!data.is_image() || data.levels == 0)
    fail<UsageError>("bits: ", data.name, " holds real numbers, not images of 256 levels; leave the bits out");
  if (data.levels != 256)
    fail<UsageError>("bits: ", data.name, " has images of ", data.levels,
                     " levels, and only those of 256 can be reduced; leave the bits out");
  const Real step = static_cast<Real>(256 >> bits);
  for (Examples* part : {&data.train, &data.validation, &data.test}) {
    if (part->x.defined()) part->x = ReducedRows::reduced(part->x, step);
    if (part->source) part->source = std::make_shared<ReducedRows>(part->source, step);
  }
  data.levels = 1 << bits;
}

std::vector<std::string> dataset_names() {
  std::vector<std::string> names = {"digits", "mnist", "fashion-mnist", "cifar10"};
  for (const Toy& toy : toys()) names.emplace_back(toy.name);
  return names;
}

namespace {

// As the files are: without the noise of dequantised tables.
Dataset load_raw(const std::string& name_or_path, const DatasetOptions& options) {
  std::error_code error;  // a folder that may not be searched gives an error: read_file then says which
  const bool named = name_or_path == "cifar-10" || std::ranges::count(dataset_names(), name_or_path) > 0;
  if (named || !std::filesystem::is_directory(name_or_path, error) || !holds_pictures(name_or_path))
    refuse_picture_options(name_or_path, options.pictures);
  if (named) refuse_table_options(options, name_or_path);
  if (name_or_path == "digits") return load_digits(options);
  if (name_or_path == "mnist" || name_or_path == "fashion-mnist") return load_idx(name_or_path, options);
  if (name_or_path == "cifar10" || name_or_path == "cifar-10") return load_cifar10(options);
  if (const Toy* toy = find_toy(name_or_path)) return load_toy(*toy, options);

  const bool exists = std::filesystem::exists(name_or_path, error);
  if (exists || (error && !name_or_path.empty())) return load_path(name_or_path, options);
  if (name_or_path.find_first_of("/.") != std::string::npos) fail<DataError>(name_or_path, ": no such file");
  std::string names;
  for (const std::string& name : dataset_names()) names += (names.empty() ? "" : ", ") + name;
  fail<UsageError>("unknown data set ", in_quotes(name_or_path), ": known are ", names,
                   "; a path to an IDX file, a folder of IDX or CIFAR-10 files or of pictures, CIFAR-10's .tar.gz or a "
                   ".csv, .npy or .npz works too");
}

Dataset load_raw_test_data(const std::string& name_or_path, DatasetOptions options) {
  options.validation_fraction = options.test_fraction = 0;
  Dataset data = load_raw(name_or_path, options);
  if (!data.test.defined()) data.test = std::move(data.train);
  data.train = data.validation = {};
  return data;
}

// What is about other things than the model was trained on would be a figure without a meaning.
void check_alike(const Dataset& data, const Dataset& test) {
  if (data.example_shape() != test.example_shape() || data.levels != test.levels)
    fail<DataError>(test.name, ": examples ", test.example_shape(), " of ", test.levels, " levels cannot test ",
                    data.name, ", whose examples are ", data.example_shape(), " of ", data.levels);
  const auto has_name = [](const std::string& column) { return !column.starts_with("column "); };
  for (size_t j = 0; j < std::min(data.columns.size(), test.columns.size()); ++j) {
    const std::string &ours = data.columns[j], &theirs = test.columns[j];
    if (ours != theirs && has_name(ours) && has_name(theirs))
      fail<DataError>(test.name, ": its column ", j + 1, " is ", in_quotes(theirs), ", that of ", data.name, " is ",
                      in_quotes(ours), "; choose the same columns by --columns");
  }
  if (test.classes > data.classes || (!data.class_names.empty() && data.class_names != test.class_names))
    fail<DataError>(test.name, ": its classes are not those of ", data.name, "; give both the same class folders");
}

}  // namespace

namespace {

// What a detector of anomalies is trained on: the normal class.
void keep_class(Dataset& data, int label) {
  for (Examples* part : {&data.train, &data.validation}) {
    if (part->size() == 0) continue;
    if (part->labels.empty()) fail<UsageError>("--only-class ", label, ": ", data.name, " has no labels");
    std::vector<int64_t> kept;
    for (int64_t i = 0; i < part->size(); ++i) {
      if (part->labels[static_cast<size_t>(i)] == label) kept.push_back(i);
    }
    if (kept.empty())
      fail<UsageError>("--only-class ", label, ": ", data.name, " has no example of it for ",
                       part == &data.train ? "training" : "validation");
    *part = part->select(kept);
  }
}

}  // namespace

Dataset load_dataset(const std::string& name_or_path, const DatasetOptions& options) {
  DatasetOptions how = options;
  if (!options.test_data.empty()) how.test_fraction = 0;
  Dataset data = load_raw(name_or_path, how);
  if (options.dequantise) add_table_noise(data, options);
  if (options.only_class) keep_class(data, *options.only_class);
  if (!options.test_data.empty()) {
    how.noise_widths = data.noise_widths;  // the test data have no say in what is trained
    Dataset other = load_test_data(options.test_data, how);
    check_alike(data, other);
    data.file_hash = data.file_hash == 0 ? 0 : hash_of("", data.file_hash + other.file_hash);
    data.test = std::move(other.test);
    data.own_test = true;
  }
  return data;
}

Dataset load_test_data(const std::string& name_or_path, DatasetOptions options) {
  Dataset data = load_raw_test_data(name_or_path, options);
  if (options.dequantise) add_table_noise(data, options);
  return data;
}

}  // namespace bijou
