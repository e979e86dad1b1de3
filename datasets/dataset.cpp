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
    if (holds_cifar10(path)) return load_cifar10_folder(path, path);
    if (holds_pictures(path)) return load_pictures(path, path, options);
    if (std::filesystem::is_empty(path, ignored))
      fail<DataError>(path,
                      ": is an empty folder; PNG, JPEG or BMP pictures, the four IDX files or CIFAR-10's batches "
                      "can be read from one");
    return load_idx_folder(path, path);
  }
  std::string content = read_file(path);
  if (looks_like_npy(content)) return load_npy(std::move(content), path, options);
  if (looks_like_zip(content)) return load_npz(content, path, options);
  const bool tar = looks_like_tar(content);
  if (!tar && !looks_like_idx(content)) return load_table(content, path, options);
  refuse_table_options(options, path);
  return tar ? load_cifar10_tar(content, path, path) : load_idx_file(content, path, options);
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

void split_examples(Dataset& dataset, const Examples& all, int64_t validation, int64_t test, uint64_t split_seed) {
  const int64_t n = all.size();
  require(validation >= 1 && test >= 1 && validation + test < n, "split_examples", n, " examples cannot give ",
          validation, " for validation, ", test, " for the test and some more");
  const std::vector<int64_t> order = Rng(split_seed, stream("split")).permutation(n);
  const std::span<const int64_t> index(order);
  dataset.test = all.select(index.first(test));
  dataset.validation = all.select(index.subspan(test, validation));
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

Dataset load_dataset(const std::string& name_or_path, const DatasetOptions& options) {
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

}  // namespace bijou
