#include "apps/output.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <unistd.h>

namespace bijou::inline BIJOU_SCALAR {

namespace fs = std::filesystem;

void refuse_existing(const std::string& path, const OutputOptions& options) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    fail<StorageError>(path, ": cannot be written: it is a folder; choose a file with --out");
  if (!options.force && fs::is_regular_file(path, ignored))  // a device or a pipe holds nothing that could be lost
    fail<UsageError>(path, " exists; replace it with --force, or choose another file with --out");
}

std::string output_path(const OutputOptions& options, const std::string& run, const std::string& name,
                        std::span<const char* const> endings) {
  std::error_code ignored;
  const fs::path folder = fs::is_directory(run, ignored) ? fs::path(run) : fs::path(".");
  const std::string path = options.out.empty() ? (folder / name).string() : options.out;
  const std::string ending = fs::path(path).extension().string();
  if (!ending.empty() && std::ranges::find(endings, ending) == endings.end()) {
    std::string all;
    for (const char* e : endings) all += (all.empty() ? "" : " or ") + std::string(e);
    fail<UsageError>("--out ", path, ": what is written goes into a ", all);
  }
  refuse_existing(path, options);
  return path;
}

std::string beside(const std::string& path, const std::string& word, const char* ending) {
  fs::path p(path);
  return (p.parent_path() / (p.stem().string() + "-" + word + ending)).string();
}

namespace {

// Devices and pipes are written as they are: a file that is renamed would take their place.
bool is_special(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) && !fs::is_regular_file(path, ignored);
}

}  // namespace

RowFile::RowFile(const std::string& path, int64_t rows, const Shape& row, Numbers numbers)
    : path_(path),
      temporary_(is_special(path) ? "" : text(path, ".tmp-", ::getpid())),
      csv_(fs::path(path).extension() != ".npy"),
      numbers_(numbers),
      rows_(rows),
      left_(rows) {
  static_assert(std::endian::native == std::endian::little);
  file_.open(temporary_.empty() ? path_ : temporary_, std::ios::binary);
  file_.imbue(std::locale::classic());
  file_.precision(9);
  if (!csv_) {  // a magic word, version 1.0, the header's length, and the header, to a multiple of 64 bytes
    std::string shape = text("(", rows, ",");
    for (int i = 0; i < row.rank(); ++i) shape += text(" ", row[i], ",");
    std::string header = text("{'descr': '", numbers == Numbers::bytes ? "|u1" : "<f4",
                              "', 'fortran_order': False, 'shape': ", shape, "), }");
    header.append(63 - (10 + header.size()) % 64, ' ') += '\n';
    const auto size = static_cast<uint16_t>(header.size());
    file_ << "\x93NUMPY" << '\x01' << '\0' << static_cast<char>(size & 0xFF) << static_cast<char>(size >> 8) << header;
  }
  require_written();
}

RowFile::~RowFile() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove(temporary_, ignored);
}

void RowFile::require_written() const {
  if (!file_)
    fail<StorageError>(path_, ": cannot be written (", std::strerror(errno), "); choose another file with --out");
}

void RowFile::require_uninterrupted() const {
  if (interrupted()) fail<Interrupted>(path_, ": interrupted; nothing is written");
}

void RowFile::append(const Tensor& rows) {
  const int64_t n = rows.shape()[0], d = rows.numel() / n;
  check(n <= left_, "RowFile", path_, ": ", n, " rows more, but ", left_, " were to come");
  left_ -= n;
  require_uninterrupted();
  const auto x = rows.data();
  for (int64_t i = 0; i < rows.numel(); ++i) {
    if (!std::isfinite(x[i])) {
      fail<NonFiniteError>(
          path_, ": row ", rows_ - left_ - n + i / d, " (from 0) of ", rows_,
          " is not finite; nothing is written; try a smaller --temperature, another --seed, or train on");
    }
  }
  if (csv_) {
    for (int64_t i = 0; i < rows.numel(); ++i) file_ << x[i] << (i % d == d - 1 ? '\n' : ',');
  } else if (numbers_ == Numbers::bytes) {
    std::string bytes;
    for (const Real v : x) bytes += static_cast<char>(std::clamp(std::lround(v), 0L, 255L));
    file_ << bytes;
  } else {
    std::vector<float> values(x.begin(), x.end());
    file_.write(reinterpret_cast<const char*>(values.data()),
                static_cast<std::streamsize>(values.size() * sizeof(float)));
  }
  require_written();
}

void RowFile::append(std::string_view line) {
  require_uninterrupted();
  file_ << line << '\n';
  require_written();
}

void RowFile::finish() {
  file_.close();
  std::error_code error;
  if (file_ && !temporary_.empty()) fs::rename(temporary_, path_, error);
  require_written();
  if (error) fail<StorageError>(path_, ": cannot be written (", error.message(), "); choose another with --out");
  temporary_.clear();
}

void writing(const std::function<void()>& draw) {
  try {
    draw();
  } catch (const Error&) {
    throw;
  } catch (const std::invalid_argument& e) {
    fail<UsageError>(e.what(), "; show fewer images (--count)");
  } catch (const std::runtime_error& e) {
    fail<StorageError>(e.what(), "; choose another place with --out");
  }
}

}  // namespace bijou
