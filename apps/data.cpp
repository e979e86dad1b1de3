// bijou data: what data sets there are, and what is in one.
#include "apps/fit.hpp"
#include "apps/options.hpp"
#include "apps/plot/pictures.hpp"
#include "datasets/cifar.hpp"
#include "datasets/columns.hpp"
#include "datasets/file.hpp"
#include "datasets/pictures.hpp"
#include "datasets/sha256.hpp"
#include "datasets/toys.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

void line(const std::string& name, const std::string& what) {
  std::cout << "  " << name << std::string(name.size() < 16 ? 16 - name.size() : 1, ' ') << what << "\n";
}

// Where a set of files lies that has a name, or "" when it is nowhere.
std::string place_of(const std::string& name, const std::string& data_dir) {
  const std::vector<std::string> inside =
      name == "mnist" ? std::vector<std::string>{"mnist", "MNIST/raw"}
      : name == "fashion-mnist"
          ? std::vector<std::string>{"fashion-mnist", "FashionMNIST/raw"}
          : std::vector<std::string>{"cifar-10-batches-bin", "cifar-10", "cifar-10-binary.tar.gz"};
  const bool is_cifar = inside.size() == 3;
  for (const fs::path& directory : data_directories(data_dir))
    for (const std::string& place : inside) {
      const fs::path path = directory / place;
      std::error_code ignored;
      const bool there = fs::is_directory(path, ignored)
                             ? (is_cifar ? holds_cifar10(path) : !fs::is_empty(path, ignored))
                             : is_there(path);
      if (there) return path.string();
    }
  return "";
}

bool has_files(const std::string& name) {
  return name == "mnist" || name == "fashion-mnist" || name == "cifar10" || name == "cifar-10";
}

// All plain files below a path, in the order of their names.
std::vector<fs::path> files_below(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    if (it->is_regular_file(error)) files.push_back(it->path());
  if (error) fail<DataError>(path.string(), ": cannot be listed: ", error.message());
  std::ranges::sort(files);
  return files;
}

void print_hash(const fs::path& path) {
  const std::vector<fs::path> files = files_below(path);
  Sha256 sum;
  uint64_t bytes = 0;
  std::string piece(size_t{1} << 20, '\0');
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) fail<DataError>(file.string(), ": cannot be opened; give permission to read it by chmod a+r");
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
      sum.add(std::string_view(piece).substr(0, static_cast<size_t>(in.gcount())));
      bytes += static_cast<uint64_t>(in.gcount());
    }
  }
  line("SHA-256",
       sum.hex() + (files.size() == 1 ? "" : text(" (of ", files.size(), " files, in the order of their names)")));
  line("bytes", text(bytes));
}

std::pair<Real, Real> range_of(const Examples& examples) {
  constexpr int64_t kBlock = 256;
  std::pair<Real, Real> range{std::numeric_limits<Real>::infinity(), -std::numeric_limits<Real>::infinity()};
  for (int64_t begin = 0; begin < examples.size(); begin += kBlock) {
    const Tensor x = examples.rows(begin, std::min(examples.size(), begin + kBlock));
    const auto [low, high] = std::ranges::minmax(x.data());
    range = {std::min(range.first, low), std::max(range.second, high)};
  }
  return range;
}

void print_part(const char* name, const Examples& part, int classes) {
  if (part.size() == 0) return line(name, "none");
  const auto [low, high] = range_of(part);
  std::string what = text(part.size(), " examples, ", low, " to ", high);
  if (classes > 0 && !part.labels.empty()) {
    what += "; of each class";
    for (int y = 0; y < classes && y < 20; ++y) what += text(y == 0 ? " " : ", ", std::ranges::count(part.labels, y));
    if (classes > 20) what += ", ...";
  }
  line(name, what);
}

void draw_sheet(const std::string& path, const Dataset& data, plot::Ink ink) {
  constexpr int64_t kMostNumbers = int64_t{1} << 25;  // of the sheet
  const int64_t fit = std::max<int64_t>(1, kMostNumbers / data.dimensions());
  const int64_t n = std::min({int64_t{100}, fit, data.train.size()});
  const Tensor x = data.train.rows(0, n);
  std::vector<double> pixels;
  for (const Real v : x.data()) pixels.push_back(static_cast<double>(v) / (data.levels - 1));
  const Shape s = x.shape();
  const plot::Images images(pixels, static_cast<size_t>(s[0]), static_cast<size_t>(s[1]), static_cast<size_t>(s[2]),
                            static_cast<size_t>(s[3]));
  try {
    plot::image_grid(path, images,
                     {.caption = text(data.name, ": ", n, " training images of ", data.train.size()), .ink = ink});
  } catch (const std::exception& e) {
    fail<StorageError>(e.what());
  }
  std::cout << "picture: " << path << "\n";
}

// What training would say about a table.
std::string remark_on(const Dataset& table) {
  try {
    const std::string remark = check_columns(table);
    return remark.empty() ? "no column is constant, none repeats its values" : remark;
  } catch (const DataError& e) {
    return e.what();
  }
}

}  // namespace

int list_data(const DataCommandOptions& options) {
  std::cout << "data sets by name, and where their files are\n";
  for (const std::string& name : dataset_names()) {
    if (name == "digits") line(name, "built in: 1,797 hand-written digits, 8 x 8");
    else if (find_toy(name)) line(name, "built in: a density in the plane");
    else {
      const std::string place = place_of(name, options.data_dir);
      line(name, place.empty() ? "not here; make data-" + name + " gets it into ./data" : place);
    }
  }
  std::cout << "looked in";
  for (const fs::path& directory : data_directories(options.data_dir)) std::cout << " " << directory.string();
  std::cout
      << "\nor by path: a folder of PNG, JPEG or BMP pictures, of IDX or CIFAR-10 files; CIFAR-10's .tar.gz; a CSV "
         "table; NumPy's .npy or .npz\n";
  return 0;
}

int describe_data(const DataCommandOptions& options) {
  DatasetOptions reading = dataset_options(options);
  reading.pictures = options.pictures;
  const Dataset data = load_dataset(options.data, reading);
  refuse_unused(options, data);
  if (!options.out.empty() && !data.is_image())
    fail<UsageError>("--out: ", data.name, " holds no images to draw; leave it out");
  if (!options.out.empty() && !options.out.ends_with(".png"))
    fail<UsageError>("--out ", options.out, ": a picture is a PNG file; let its name end in .png");
  std::cout << data.name << "\n";
  line("kind", !data.is_image()  ? "vectors of real numbers"
               : data.levels > 0 ? text("images of integers 0 .. ", data.levels - 1)
                                 : "images of real numbers");
  line("shape", text(data.example_shape(), ", ", data.dimensions(), " numbers"));
  print_part("training", data.train, data.classes);
  print_part("validation", data.validation, data.classes);
  print_part("test", data.test, data.classes);
  if (data.classes > 0) {
    std::string names;
    for (const std::string& name : data.class_names) names += (names.empty() ? ": " : ", ") + name;
    line("classes", text(data.classes, names));
  }
  if (!data.columns.empty()) {
    std::string names;
    for (const std::string& name : data.columns) names += (names.empty() ? "" : ", ") + name;
    line("columns", names);
  }
  if (!data.columns.empty()) line("remark", remark_on(data));
  const std::string place = has_files(options.data) ? place_of(options.data, options.data_dir) : options.data;
  if (options.data != "digits" && !find_toy(options.data)) {
    line("files", place);
    print_hash(place);
  }
  // Photographs as they are; handwriting as ink on paper.
  const bool photographs = fs::is_directory(options.data) && holds_pictures(options.data);
  if (!options.out.empty()) draw_sheet(options.out, data, photographs ? plot::Ink::light : plot::Ink::dark);
  return 0;
}

}  // namespace bijou
