#include "datasets/cifar.hpp"

#include "datasets/file.hpp"
#include "datasets/tar.hpp"

#include <map>
#include <string_view>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 32, kPlane = kSide * kSide, kChannels = 3, kRecord = 1 + kChannels * kPlane;
constexpr int kBatches = 5, kClasses = 10;
constexpr const char* kRemedy =
    "get \"CIFAR-10 binary version\" from https://www.cs.toronto.edu/~kriz/cifar.html and unpack it";

std::string batch_name(int batch) { return text("data_batch_", batch, ".bin"); }
constexpr const char* kTestName = "test_batch.bin";
constexpr const char* kArchive = "cifar-10-binary.tar.gz";
constexpr const char* kPickledFolder = "cifar-10-batches-py";

// What is no sequence of records is refused.
std::string_view checked_records(std::string_view bytes, const std::string& path) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % kRecord != 0)
    fail<DataError>(path, ": is ", size, " bytes long, which is no whole number of CIFAR-10's records of ", kRecord,
                    " bytes; ", kRemedy, " again");
  for (int64_t at = 0; at < size; at += kRecord) {
    const int label = static_cast<unsigned char>(bytes[at]);
    if (label >= kClasses)
      fail<DataError>(path, ": record ", at / kRecord, " has the label ", label, ", beyond 0 .. ", kClasses - 1,
                      "; this is another kind of file, or a broken one: ", kRemedy, " again");
  }
  return bytes;
}

[[noreturn]] void refuse_pickled(const std::string& path) {
  fail<DataError>(path,
                  ": is CIFAR-10 pickled for Python, a form that only Python reads, and whose reading runs what is "
                  "in it; get \"CIFAR-10 binary version\", cifar-10-binary.tar.gz, from "
                  "https://www.cs.toronto.edu/~kriz/cifar.html");
}

Examples to_examples(std::string_view records) {
  const int64_t n = static_cast<int64_t>(records.size()) / kRecord;
  Examples e{Tensor({n, kSide, kSide, kChannels}), {}};
  e.labels.reserve(n);
  Real* to = e.x.mutable_data().data();
  for (int64_t i = 0; i < n; ++i) {
    const std::string_view record = records.substr(i * kRecord, kRecord);
    e.labels.push_back(static_cast<unsigned char>(record[0]));
    for (int64_t pixel = 0; pixel < kPlane; ++pixel)
      for (int64_t c = 0; c < kChannels; ++c)
        *to++ = static_cast<Real>(static_cast<unsigned char>(record[1 + c * kPlane + pixel]));
  }
  return e;
}

std::vector<std::string> file_names() {
  std::vector<std::string> names;
  for (int batch = 1; batch <= kBatches; ++batch) names.push_back(batch_name(batch));
  names.emplace_back(kTestName);
  return names;
}

// From those of the six files that are there, of a folder or an archive `where`.
using Files = std::map<std::string, std::string>;
Dataset from_files(const Files& files, const std::string& where, const std::string& name,
                   const DatasetOptions& options) {
  constexpr double kTenth = 0.1;
  std::string records;
  int found = 0;
  for (int batch = 1; batch <= kBatches; ++batch) {
    const auto file = files.find(batch_name(batch));
    if (file == files.end()) continue;
    records += checked_records(file->second, where + "/" + file->first);
    ++found;
  }
  if (found == 0) fail<DataError>(where, ": has none of ", batch_name(1), " .. ", batch_name(kBatches), "; ", kRemedy);
  const auto test = files.find(kTestName);
  if (test == files.end()) fail<DataError>(where, ": has no ", kTestName, "; ", kRemedy);
  const int64_t n = static_cast<int64_t>(records.size()) / kRecord;
  const int64_t cut = n - share_of(n, options.validation_fraction.value_or(kTenth), where, "training images");

  Dataset dataset;
  dataset.name = found == kBatches ? name : text(name, " (", found, " of ", kBatches, " training batches)");
  dataset.levels = 256;
  dataset.classes = kClasses;
  dataset.train = to_examples(std::string_view(records).substr(0, cut * kRecord));
  if (cut < n) dataset.validation = to_examples(std::string_view(records).substr(cut * kRecord));
  dataset.own_test = true;
  dataset.test = to_examples(checked_records(test->second, where + "/" + kTestName));
  return dataset;
}

}  // namespace

bool holds_cifar10(const fs::path& folder) {
  for (int batch = 1; batch <= kBatches; ++batch)
    if (is_there(folder / batch_name(batch))) return true;
  return is_there(folder / kTestName);
}

void refuse_pickled_cifar10(const fs::path& folder) {
  for (const fs::path& inside : {folder, folder / kPickledFolder})
    if (is_there(inside / "data_batch_1") || is_there(inside / "batches.meta")) refuse_pickled(inside.string());
}

Dataset load_cifar10_folder(const fs::path& folder, const std::string& name, const DatasetOptions& options) {
  Files files;
  for (const std::string& file : file_names())
    if (is_there(folder / file)) files[file] = read_file(folder / file);
  return from_files(files, folder.string(), name, options);
}

Dataset load_cifar10_tar(std::string_view archive, const std::string& path, const std::string& name,
                         const DatasetOptions& options) {
  Files files;
  for (const TarMember& member : read_tar(archive, path)) {
    const fs::path inside(member.name);
    if (inside.filename() == "data_batch_1" || inside.filename() == "batches.meta") refuse_pickled(path);
    for (const std::string& file : file_names())
      if (inside.filename() == file) files[file] = std::string(member.data);
  }
  return from_files(files, path, name, options);
}

Dataset load_cifar10(const DatasetOptions& options) {
  std::string looked;
  for (const fs::path& directory : data_directories(options.data_dir)) {
    for (const char* inside : {"cifar-10-batches-bin", "cifar-10"}) {
      const fs::path folder = directory / inside;
      if (holds_cifar10(folder)) return load_cifar10_folder(folder, "cifar10", options);
      looked += (looked.empty() ? "" : ", ") + folder.string();
    }
    const fs::path archive = directory / kArchive;
    if (is_there(archive)) return load_cifar10_tar(read_file(archive), archive.string(), "cifar10", options);
    looked += ", " + archive.string();
    refuse_pickled_cifar10(directory);  // before another place is searched: this is what was meant
  }
  const std::string hint =
      !options.data_dir.empty() && holds_cifar10(options.data_dir)
          ? text(" (", options.data_dir, " itself holds its files: give that path as the data set)")
          : "";
  fail<DataError>("cifar10: not found; looked in ", looked, hint, ". To get it, `make data-cifar10`, or ", kRemedy,
                  " in ./data; or say by --data-dir in which folder cifar-10-batches-bin/ lies");
}

}  // namespace bijou
