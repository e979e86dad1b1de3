#include "nn/safetensors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <system_error>
#include <tuple>

namespace bijou::inline BIJOU_SCALAR {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes are copied as they lie: little-endian only");

constexpr uint64_t kMaxHeader = 100'000'000;  // the limit of the reference implementation
constexpr uint64_t kLargest = INT64_MAX;      // of sizes and products: Shape counts in int64_t
constexpr size_t kChunk = 1 << 16;            // bytes converted at a time
constexpr const char* kMetadata = "__metadata__";

// Text from a file that is not trusted, fit for one line of a terminal.
std::string shown(std::string_view s) {
  constexpr size_t kLongest = 80;
  std::string out(s.substr(0, kLongest));
  if (s.size() > kLongest) {
    while (!out.empty() && (out.back() & 0xC0) == 0x80) out.pop_back();  // not half of a UTF-8 sequence
    if (!out.empty() && (out.back() & 0x80)) out.pop_back();
    out += "...";
  }
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

template <class... Parts>
[[noreturn]] void refuse(const std::string& path, const Parts&... parts) {
  fail<CheckpointError>("checkpoint '", path, "': ", parts...);
}
template <class... Parts>
[[noreturn]] void damaged(const std::string& path, const Parts&... parts) {
  refuse(path, parts..., "; the file is damaged or not a safetensors file, use another copy");
}

// --- element types -----------------------------------------------------------------------------------------

float from_f16(uint16_t bits) {  // 1 sign, 5 exponent, 10 fraction bits
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float size = exponent == 31  ? (fraction ? NAN : INFINITY)
                     : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                     : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return bits & 0x8000 ? -size : size;
}
float from_bf16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }  // half of a float

uint8_t from_bool(uint8_t byte) { return byte != 0; }

template <class T, auto value = std::identity{}>
void decode(const unsigned char* from, Real* to, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    T bits;
    std::memcpy(&bits, from + i * sizeof(T), sizeof(T));
    to[i] = static_cast<Real>(value(bits));
  }
}

struct Type {
  const char* name;
  size_t size;
  void (*decode)(const unsigned char* from, Real* to, size_t count);
};
constexpr Type kTypes[] = {{"F64", 8, decode<double>},
                           {"F32", 4, decode<float>},
                           {"F16", 2, decode<uint16_t, from_f16>},
                           {"BF16", 2, decode<uint16_t, from_bf16>},
                           {"I64", 8, decode<int64_t>},
                           {"I32", 4, decode<int32_t>},
                           {"U8", 1, decode<uint8_t>},
                           {"BOOL", 1, decode<uint8_t, from_bool>}};
constexpr const char* kRealType = kTypes[sizeof(Real) == sizeof(double) ? 0 : 1].name;

// --- the header --------------------------------------------------------------------------------------------

struct Entry {
  std::string name;
  const Type* type = nullptr;
  Shape shape;
  std::vector<uint64_t> offsets;  // [begin, end) in the bytes after the header
};

// Takes the header token by token, as events of nlohmann's parser, and stops at the first that does not fit.
// With no document in between, memory stays within a small multiple of the header, a name that comes twice is
// seen, and neither the depth nor the number of tensors can hurt.
class Header {
 public:
  Header(const std::string& path, uint64_t data_bytes) : path_(path), data_bytes_(data_bytes) {}
  std::deque<Entry> entries;  // no vector: its room doubles, beyond four times a header of many small tensors
  std::map<std::string, std::string> metadata;

  bool null() { return unexpected("null"); }
  bool boolean(bool value) { return unexpected(value ? "true" : "false"); }
  bool number_integer(int64_t value) { return unexpected(text(value)); }  // only negative ones come here
  bool number_float(double, const std::string& digits) { return unexpected(shown(digits)); }
  bool binary(const std::vector<uint8_t>&) { return unexpected("bytes"); }

  bool number_unsigned(uint64_t value) {
    if (level_ != 3) return unexpected(text(value));
    Entry& entry = entries.back();
    if (field_ == "data_offsets") {
      entry.offsets.push_back(value);
      if (entry.offsets.size() > 2) about("data_offsets are not [begin, end]");
    } else {
      if (value > kLargest) about("the size ", value, " is too large");
      if (entry.shape.rank() == Shape::kMaxRank) about("its shape has more than ", Shape::kMaxRank, " axes");
      entry.shape.append(static_cast<int64_t>(value));
    }
    return true;
  }
  bool string(const std::string& value) {
    if (level_ != 2 || (!in_metadata() && field_ != "dtype")) return unexpected("'" + shown(value) + "'");
    if (in_metadata()) return metadata[field_] = value, true;
    entries.back().type = std::ranges::find(kTypes, value, &Type::name);
    if (entries.back().type != std::end(kTypes)) return true;
    refuse(path_, "tensor '", shown(name_), "' has dtype '", shown(value),
           "', which Bijou does not read; convert it to F32 or F64");
  }
  bool key(const std::string& key) {
    (level_ == 1 ? name_ : field_) = key;
    if (!keys_[level_].insert(key).second) damaged(path_, "the name '", shown(key), "' comes twice");
    if (level_ == 2 && !in_metadata() && key != "dtype" && key != "shape" && key != "data_offsets") {
      about("unknown field '", shown(key), "'");
    }
    return true;
  }
  bool start_object(size_t) {
    if (level_ > 1) return unexpected("an object");
    if (++level_ == 2 && !in_metadata()) entries.emplace_back().name = name_;
    keys_[level_].clear();
    return true;
  }
  bool end_object() {
    if (level_-- == 2 && !in_metadata()) finish(entries.back());
    return true;
  }
  bool start_array(size_t) {
    if (level_ != 2 || in_metadata() || field_ == "dtype") return unexpected("a list");
    ++level_;
    return true;
  }
  bool end_array() { return level_--, true; }
  template <class Exception>
  bool parse_error(size_t position, const std::string&, const Exception&) {
    damaged(path_, "the header is not valid JSON at its byte ", position);
  }

 private:
  template <class... Parts>
  [[noreturn]] void about(const Parts&... parts) {
    damaged(path_, "tensor '", shown(name_), "': ", parts...);
  }
  bool unexpected(const std::string& value) {
    const bool names = in_metadata() || field_ == "dtype";
    const char* expected = level_ == 1   ? "an object"
                           : level_ == 3 ? "whole numbers from 0 on"
                           : names       ? "a string"
                                         : "a list";
    const std::string field = level_ > 1 ? "', field '" + shown(field_) : "";
    damaged(path_, "'", shown(name_), field, "': expected ", expected, ", got ", value);
  }
  bool in_metadata() const { return name_ == kMetadata; }

  void finish(const Entry& entry) {
    if (keys_[2].size() != 3) about("dtype, shape or data_offsets are missing");
    if (entry.offsets.size() != 2) about("data_offsets are not [begin, end]");
    const uint64_t begin = entry.offsets[0], end = entry.offsets[1];
    const std::string range = text("data_offsets [", begin, ", ", end, "]");
    if (begin > end) about(range, " run backwards");
    if (end > data_bytes_) about(range, " go past the ", data_bytes_, " bytes of data in the file");
    uint64_t bytes = entry.type->size;
    for (const int64_t axis : entry.shape) {  // zeros left out: [2^40, 2^40, 0] is refused
      const uint64_t size = std::max<uint64_t>(static_cast<uint64_t>(axis), 1);
      if (bytes > kLargest / size) about("shape ", entry.shape, " is too large");
      bytes *= size;
    }
    if (entry.shape.numel() == 0) bytes = 0;
    if (bytes == end - begin) return;
    about("shape ", entry.shape, " of ", entry.type->name, " needs ", bytes, " bytes, but ", range, " hold ",
          end - begin);
  }

  const std::string& path_;
  const uint64_t data_bytes_;
  int level_ = 0;                  // open braces and brackets: 1 header, 2 tensor or metadata, 3 list
  std::string name_, field_;       // the last keys of levels 1 and 2
  std::set<std::string> keys_[3];  // those so far, by level
};

// The tensors in the order of their bytes, which must fill the data from end to end.
void require_no_gaps(const std::string& path, std::deque<Entry>& entries, uint64_t data_bytes) {
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::tie(e.offsets, e.name); });
  uint64_t at = 0;
  for (const Entry& e : entries) {
    if (e.offsets[0] != at) {
      damaged(path, "tensor '", shown(e.name), "': data_offsets [", e.offsets[0], ", ", e.offsets[1], "] ",
              e.offsets[0] < at ? "overlap the tensor before it, which ends at " : "leave a hole from ", at);
    }
    at = e.offsets[1];
  }
  if (at != data_bytes) damaged(path, data_bytes - at, " bytes follow the last tensor, which ends at ", at);
}

// --- reading -----------------------------------------------------------------------------------------------

class Input {
 public:
  explicit Input(const std::string& path) : path_(path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (exists(status) && !is_regular_file(status)) {
      refuse(path, is_directory(status) ? "is a folder" : "is not a regular file", "; name a checkpoint");
    }
    if (!error) size = std::filesystem::file_size(path, error);
    if (!error) stream_.open(path, std::ios::binary);
    if (!error && !stream_) error.assign(errno, std::generic_category());
    if (error) refuse(path, "cannot be opened: ", error.message(), "; check the path");
  }
  void read(void* to, size_t count) {
    if (stream_.read(static_cast<char*>(to), static_cast<std::streamsize>(count))) return;
    refuse(path_, "could not be read to its end of ", size, " bytes; use another copy");
  }
  uint64_t size = 0;

 private:
  const std::string& path_;
  std::ifstream stream_;
};

Tensor read_tensor(const std::string& path, Input& input, const Entry& entry) {
  Tensor tensor(entry.shape);
  const std::span<Real> to = tensor.mutable_data();
  const size_t width = entry.type->size;
  std::vector<unsigned char> chunk(std::min(kChunk, to.size() * width));
  for (size_t done = 0; done < to.size();) {
    const size_t count = std::min(kChunk / width, to.size() - done);
    input.read(chunk.data(), count * width);
    entry.type->decode(chunk.data(), to.data() + done, count);
    for (size_t i = done; i < done + count; ++i) {
      if (std::isfinite(to[i])) continue;
      refuse(path, "tensor '", shown(entry.name), "' of dtype ", entry.type->name, " and shape ", entry.shape,
             " holds ", to[i], " (as ", kScalarName, ") at element ", i, "; use an earlier checkpoint");
    }
    done += count;
  }
  return tensor;
}

// --- writing -----------------------------------------------------------------------------------------------

[[noreturn]] void cannot_write(const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  fail<StorageError>(
      "cannot write '", path, "': ", std::generic_category().message(error), "; ",
      full ? "free some space or choose another disk" : "choose a folder that exists and that you may write to");
}

// The file under its temporary name; it disappears unless commit() gave it the final one.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path), temporary_(text(path, ".tmp-", ::getpid())) {
    std::error_code ignored;  // what is wrong shows when the file is opened
    const auto status = std::filesystem::symlink_status(path, ignored);
    if (exists(status) && !is_regular_file(status) && !is_symlink(status)) {
      fail<StorageError>("cannot write '", path, "': it is ", is_directory(status) ? "a folder" : "not a regular file",
                         "; choose another name");
    }
    ::unlink(temporary_.c_str());  // of a killed run that had the same process number
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0) cannot_write(path, errno);
  }
  ~Output() {
    if (fd_ >= 0) ::close(fd_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }
  Output(const Output&) = delete;

  void write(const void* from, size_t count) {
    for (const char* at = static_cast<const char*>(from); count > 0;) {
      const ssize_t put = ::write(fd_, at, count);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) cannot_write(path_, errno);
      at += put;
      count -= static_cast<size_t>(put);
    }
  }

  // First the bytes, then the name, then the folder that holds it: in this order a power cut is harmless.
  void commit() {
    if (::fsync(fd_) != 0) cannot_write(path_, errno);
    if (::close(std::exchange(fd_, -1)) != 0) cannot_write(path_, errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) cannot_write(path_, errno);
    temporary_.clear();
    const size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ < 0 || ::fsync(fd_) == 0) return;  // a folder may be writable and not readable
    if (errno == EIO || errno == ENOSPC || errno == EDQUOT) cannot_write(path_, errno);  // else no such call
  }

 private:
  const std::string& path_;
  std::string temporary_;
  int fd_ = -1;
};

std::string json_string(std::string_view s) try {
  return nlohmann::json(std::string(s)).dump();
} catch (const nlohmann::json::exception&) {
  fail<ValueError>("write_safetensors: '", shown(s), "' is not UTF-8");
}

}  // namespace

const Tensor& TensorFile::at(std::string_view name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return tensor;
  }
  refuse(path, "has no tensor '", shown(name), "' among its ", tensors.size(),
         "; it belongs to another model, compare their configurations");
}

TensorFile read_safetensors(const std::string& path) {
  Input input(path);
  uint64_t length = 0;
  if (input.size < sizeof length) damaged(path, "has ", input.size, " bytes, at least 8 are needed");
  input.read(&length, sizeof length);
  const uint64_t rest = input.size - sizeof length;
  if (length > rest) damaged(path, "announces a header of ", length, " bytes, but only ", rest, " follow");
  if (length > kMaxHeader) damaged(path, "its header of ", length, " bytes is over the limit, ", kMaxHeader);

  std::string json(length, '\0');
  input.read(json.data(), length);
  if (!json.starts_with('{')) damaged(path, "the header is not a JSON object");
  const size_t nul = json.find('\0');  // which the parser would take for the end
  if (nul != std::string::npos) damaged(path, "the header is not valid JSON at its byte ", nul + 1);
  Header header(path, rest - length);
  nlohmann::json::sax_parse(json, &header);
  require_no_gaps(path, header.entries, rest - length);

  TensorFile file;
  file.path = path;
  file.metadata = std::move(header.metadata);
  for (const Entry& e : header.entries) file.tensors.emplace_back(e.name, read_tensor(path, input, e));
  return file;
}

void write_safetensors(const std::string& path, const TensorFile& file) {
  std::string json = "{";
  if (!file.metadata.empty()) {
    json += json_string(kMetadata) + ":{";
    for (const auto& [key, value] : file.metadata) json += json_string(key) + ":" + json_string(value) + ",";
    json.back() = '}', json += ',';
  }
  std::map<std::string_view, Tensor> sorted;
  for (const auto& [name, tensor] : file.tensors) {
    const std::string quote = "'" + shown(name) + "'";
    require(tensor.defined(), "write_safetensors", "tensor ", quote, " is not defined");
    require(name != kMetadata, "write_safetensors", "no tensor can be named ", quote);
    require(sorted.emplace(name, tensor).second, "write_safetensors", "two tensors are named ", quote);
    if (std::ranges::all_of(tensor.data(), [](Real v) { return std::isfinite(v); })) continue;
    fail<NonFiniteError>("cannot write '", path, "': tensor ", quote, " of shape ", tensor.shape(),
                         " holds nan or inf; go on from an earlier checkpoint");
  }
  size_t begin = 0;
  for (const auto& [name, tensor] : sorted) {
    std::string shape = text(tensor.shape());  // "[2, 3]" is already JSON
    std::erase(shape, ' ');
    const size_t end = begin + tensor.data().size_bytes();
    json += text(json_string(name), R"(:{"dtype":")", kRealType, R"(","shape":)", shape, R"(,"data_offsets":[)", begin,
                 ",", end, "]},");
    begin = end;
  }
  if (json.back() == ',') json.pop_back();
  json += '}';
  json.resize((json.size() + 7) / 8 * 8, ' ');  // so that the data begin aligned
  const uint64_t length = json.size();
  require(length <= kMaxHeader, "write_safetensors", "names and metadata take ", length, " bytes");

  Output output(path);
  output.write(&length, sizeof length);
  output.write(json.data(), json.size());
  for (const auto& [name, tensor] : sorted) output.write(tensor.data().data(), tensor.data().size_bytes());
  output.commit();
}

}  // namespace bijou
