#include "datasets/arrays.hpp"

#include "datasets/columns.hpp"
#include "datasets/file.hpp"
#include "datasets/npz.hpp"
#include "datasets/table.hpp"

#include <algorithm>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;
using Arrays = std::map<std::string, NumpyArray>;
using Names = std::vector<std::string>;

const Names kWhole = {"X", "x", "data", "train"}, kLabels = {"y", "Y", "labels", "label"};
const Names kTrain = {"train", "x_train", "X_train"}, kTest = {"test", "x_test", "X_test"};
const Names kValidation = {"val", "valid", "validation", "x_val", "x_valid", "x_validation", "X_val"};

const NumpyArray* find(const Arrays& arrays, const Names& names) {
  for (const std::string& name : names)
    if (const auto found = arrays.find(name); found != arrays.end()) return &found->second;
  return nullptr;
}

// The array that is the data.
const NumpyArray& data_of(const Arrays& arrays, const std::string& name) {
  if (const NumpyArray* known = find(arrays, kWhole)) return *known;
  const NumpyArray* only = nullptr;
  std::string all;
  int candidates = 0;
  for (const auto& [key, array] : arrays) {
    all += text(all.empty() ? "" : ", ", in_quotes(key), " ", array.shape);
    if (array.shape.rank() >= 2) only = &array, ++candidates;
  }
  if (candidates != 1) fail<DataError>(name, ": which of its arrays are the data? It holds ", all, "; call the data X");
  return *only;
}

// Labels, where they are class numbers.
std::vector<int> labels_of(const NumpyArray* y, int64_t n, std::string& remark) {
  constexpr double kMost = 9999;
  if (y == nullptr || !y->is_number()) return {};
  if (y->shape.numel() != n || y->shape.rank() == 0 || y->shape[0] != n)
    fail<DataError>(y->name, ": has the shape ", y->shape, " beside ", n, " examples; they do not belong together");
  const std::vector<double> values = y->doubles();
  if (!std::ranges::all_of(values, [](double v) { return v >= 0 && v <= kMost && v == std::floor(v); })) {
    remark = text(y->name, " holds no class numbers 0 .. ", kMost, " and is left out");
    return {};
  }
  return {values.begin(), values.end()};
}

bool is_images(const NumpyArray& x) { return x.shape.rank() == 3 || x.shape.rank() == 4; }

Tensor images(const NumpyArray& x) {
  Shape shape = x.shape;
  if (shape.rank() == 3) shape.append(1);
  if (x.dtype.substr(1) != "u1")
    fail<DataError>(x.name, ": images ", x.shape, " of ", x.dtype, ", where bytes 0 .. 255 are expected; save them as ",
                    "np.uint8 (x.astype(np.uint8), after a multiplication by 255 where they are 0 .. 1)");
  for (const int64_t d : shape)
    if (d == 0) fail<DataError>(x.name, ": has the shape ", x.shape, ": no size may be zero");
  if (shape[3] > 4)
    fail<DataError>(x.name, ": images ", x.shape, " of ", shape[3], " channels; [n, height, width, channels] is ",
                    shape[1] <= 4 ? "expected: np.moveaxis(x, 1, -1)" : "expected, with at most 4");
  return x.tensor().reshape(shape);
}

// The chosen columns, whose values must be finite.
Table table_of(const NumpyArray& x, const DatasetOptions& options) {
  if (x.shape.rank() != 2 || x.shape[1] < 2)
    fail<DataError>(x.name, ": has the shape ", x.shape, "; a table [rows, columns >= 2] or images [n, H, W] or ",
                    "[n, H, W, C] are expected");
  Table table;
  std::vector<std::string> names;
  const int64_t rows = x.shape[0], width = x.shape[1];
  if (rows < 1) fail<DataError>(x.name, ": holds no row");
  constexpr int64_t kMostColumns = 65'536;
  if (width > kMostColumns) fail<DataError>(x.name, ": ", width, " columns; at most ", kMostColumns, " are read");
  for (int64_t j = 0; j < width; ++j) names.push_back(text("column ", j + 1));
  const std::vector<size_t> chosen = choose_columns(options.columns, names, x.name);
  for (const size_t j : chosen) table.columns.push_back(names[j]);
  const Tensor all = x.tensor();
  const std::span<const Real> from = all.data();
  table.x = Tensor({rows, static_cast<int64_t>(chosen.size())});
  Real* to = table.x.mutable_data().data();
  for (int64_t i = 0; i < rows; ++i)
    for (const size_t j : chosen) {
      const Real value = from[i * width + static_cast<int64_t>(j)];
      if (!std::isfinite(value))
        fail<DataError>(x.name, ": row ", i + 1, ", ", names[j], ": ", value,
                        " is not finite; fill it or remove the row");
      *to++ = value;
    }
  return table;
}

void finish_labels(Dataset& dataset, const std::string& remark) {
  if (!remark.empty()) dataset.remark += (dataset.remark.empty() ? "" : "; ") + remark;
  for (const Examples* part : {&dataset.train, &dataset.validation, &dataset.test})
    for (const int y : part->labels) dataset.classes = std::max(dataset.classes, y + 1);
}

// All arrays are one table, or one set of images.
Dataset whole(const NumpyArray& x, const NumpyArray* y, const std::string& name, const DatasetOptions& options) {
  Dataset dataset;
  std::string remark;
  if (is_images(x)) {
    refuse_table_options(options, name);
    const Examples all{images(x), labels_of(y, x.shape[0], remark)};
    dataset.name = name;
    dataset.levels = 256;
    split_examples(dataset, all, "images", options);
  } else {
    Table table = table_of(x, options);
    const std::vector<int> labels = labels_of(y, x.shape[0], remark);
    dataset = split_table(std::move(table), labels, name, options);
  }
  finish_labels(dataset, remark);
  return dataset;
}

// The parts are arrays of their own.
Dataset parts(const Arrays& arrays, const std::string& name, const DatasetOptions& options) {
  Dataset dataset;
  std::string remark;
  dataset.name = name;
  const bool is_image = is_images(*find(arrays, kTrain));
  const auto part = [&](const Names& names, const Names& label_names) -> Examples {
    const NumpyArray* x = find(arrays, names);
    if (x == nullptr) return {};
    if (is_images(*x) != is_image)
      fail<DataError>(x->name, ": has the shape ", x->shape,
                      ", unlike the training part's; they do not belong together");
    Examples examples;
    if (is_image) examples.x = images(*x);
    else {
      Table table = table_of(*x, options);
      examples.x = std::move(table.x);
      dataset.columns = std::move(table.columns);
    }
    examples.labels = labels_of(find(arrays, label_names), x->shape[0], remark);
    return examples;
  };
  if (is_image) refuse_table_options(options, name);
  dataset.test = part(kTest, {"y_test", "Y_test"});
  dataset.validation = part(kValidation, {"y_val", "y_valid", "y_validation"});
  dataset.own_validation = dataset.validation.defined();
  dataset.own_test = true;
  const Examples train = part(kTrain, {"y_train", "Y_train"});
  if (dataset.own_validation) {
    dataset.train = train;
  } else {
    Dataset cut;
    cut.name = name;
    DatasetOptions without_test = options;
    without_test.test_fraction = 0;
    split_examples(cut, train, "training examples", without_test);
    dataset.train = std::move(cut.train);
    dataset.validation = std::move(cut.validation);
    dataset.seeded = cut.seeded;
  }
  for (const Examples* other : {&dataset.validation, &dataset.test})
    if (other->defined() && !(other->x.shape().from(1) == dataset.example_shape()))
      fail<DataError>(name, ": training examples are ", dataset.example_shape(), ", others ", other->x.shape().from(1),
                      "; they do not belong together");
  if (is_image) dataset.levels = 256;
  finish_labels(dataset, remark);
  return dataset;
}

Dataset from_arrays(const Arrays& arrays, const std::string& name, const DatasetOptions& options) {
  if (!options.separator.empty() || options.header != HeaderLine::found)
    fail<UsageError>(options.separator.empty() ? "--header" : "--separator", " is for tables of text, and ", name,
                     " is none; leave it out");
  if (find(arrays, kTrain) != nullptr && find(arrays, kTest) != nullptr) return parts(arrays, name, options);
  return whole(data_of(arrays, name), find(arrays, kLabels), name, options);
}

// The file of a part, or an empty path.
fs::path part_file(const fs::path& folder, const Names& names) {
  for (const std::string& name : names)
    if (is_there(folder / (name + ".npy"))) return folder / (name + ".npy");
  return {};
}

}  // namespace

Dataset load_npy(std::string content, const std::string& name, const DatasetOptions& options) {
  Arrays arrays;
  arrays.emplace("x", parse_npy(std::move(content), name));
  return from_arrays(arrays, name, options);
}

Dataset load_npz(std::string_view content, const std::string& name, const DatasetOptions& options) {
  return from_arrays(read_npz(content, name), name, options);
}

bool holds_npy(const fs::path& folder) {
  return !part_file(folder, kTrain).empty() || !part_file(folder, kValidation).empty() ||
         !part_file(folder, kTest).empty();
}

Dataset load_npy_folder(const fs::path& folder, const DatasetOptions& options) {
  Arrays arrays;
  for (const Names& names : {kTrain, kValidation, kTest, Names{"y_train"}, Names{"y_val"}, Names{"y_test"}}) {
    const fs::path path = part_file(folder, names);
    if (!path.empty()) arrays.emplace(names[0], parse_npy(read_file(path), path.string()));
  }
  for (const char* name : {"train", "test"})
    if (!arrays.contains(name))
      fail<DataError>(folder.string(), ": has no ", name,
                      ".npy beside its other parts; put it there, or give one .npy "
                      "file, which is split");
  return from_arrays(arrays, folder.string(), options);
}

}  // namespace bijou
