#include "datasets/cifar.hpp"

#include "datasets/file.hpp"

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

// The file's records; what is no such file is refused.
std::string read_records(const fs::path& path) {
  std::string bytes = read_file(path);
  const auto size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % kRecord != 0)
    fail<DataError>(path.string(), ": is ", size, " bytes long, which is no whole number of CIFAR-10's records of ",
                    kRecord, " bytes; ", kRemedy, " again");
  for (int64_t at = 0; at < size; at += kRecord) {
    const int label = static_cast<unsigned char>(bytes[at]);
    if (label >= kClasses)
      fail<DataError>(path.string(), ": record ", at / kRecord, " has the label ", label, ", beyond 0 .. ",
                      kClasses - 1, "; this is another kind of file, or a broken one: ", kRemedy, " again");
  }
  return bytes;
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

}  // namespace

bool holds_cifar10(const fs::path& folder) {
  for (int batch = 1; batch <= kBatches; ++batch)
    if (is_there(folder / batch_name(batch))) return true;
  return is_there(folder / kTestName);
}

Dataset load_cifar10_folder(const fs::path& folder, const std::string& name) {
  std::string records;
  int found = 0;
  for (int batch = 1; batch <= kBatches; ++batch) {
    if (!is_there(folder / batch_name(batch))) continue;
    records += read_records(folder / batch_name(batch));
    ++found;
  }
  if (found == 0)
    fail<DataError>(folder.string(), ": has none of ", batch_name(1), " .. ", batch_name(kBatches), "; ", kRemedy);
  if (!is_there(folder / kTestName)) fail<DataError>(folder.string(), ": has no ", kTestName, "; ", kRemedy);
  const int64_t n = static_cast<int64_t>(records.size()) / kRecord, cut = n - n / 10;
  if (cut == n) fail<DataError>(folder.string(), ": ", n, " training images; at least 10 are needed");

  Dataset dataset;
  dataset.name = found == kBatches ? name : text(name, " (", found, " of ", kBatches, " training batches)");
  dataset.levels = 256;
  dataset.classes = kClasses;
  dataset.train = to_examples(std::string_view(records).substr(0, cut * kRecord));
  dataset.validation = to_examples(std::string_view(records).substr(cut * kRecord));
  dataset.test = to_examples(read_records(folder / kTestName));
  return dataset;
}

Dataset load_cifar10(const DatasetOptions& options) {
  std::string looked;
  for (const fs::path& directory : data_directories(options.data_dir))
    for (const char* inside : {"cifar-10-batches-bin", "cifar-10"}) {
      const fs::path folder = directory / inside;
      if (holds_cifar10(folder)) return load_cifar10_folder(folder, "cifar-10");
      looked += (looked.empty() ? "" : ", ") + folder.string();
    }
  const std::string hint =
      !options.data_dir.empty() && holds_cifar10(options.data_dir)
          ? text(" (", options.data_dir, " itself holds its files: give that path as the data set)")
          : "";
  fail<DataError>("cifar-10: not found; looked in ", looked, hint, ". To get it, ", kRemedy,
                  " in ./data; or say by --data-dir in which folder cifar-10-batches-bin/ lies");
}

}  // namespace bijou
