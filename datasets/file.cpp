#include "datasets/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#include <zlib.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

// How much is read or unpacked next: pieces grow with what is there, so that a small file takes little memory.
size_t next_piece(size_t so_far) { return std::clamp<size_t>(so_far, size_t{1} << 12, size_t{1} << 20); }

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

[[noreturn]] void cannot_open(const std::string& name, int error) {
  if (error == ENOENT || error == ENOTDIR) fail<DataError>(name, ": no such file");
  if (error == EACCES)
    fail<DataError>(name, ": no permission to read it; give it by chmod a+r, and a+x for its folders");
  fail<DataError>(name, ": cannot be opened: ", std::generic_category().message(error));
}

[[noreturn]] void too_large(const std::string& name, size_t largest) {
  fail<DataError>(name, ": holds more than ", largest, " bytes, the most that is read; give a smaller file");
}

// The file as it lies on the disk. It grows as it is read: what the file system says of its size is
// not trusted.
std::string read_raw(const fs::path& path) {
  const std::string name = path.string();
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) fail<DataError>(name, ": is a folder, where a file is expected");
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) cannot_open(name, errno);
  std::string bytes;
  for (;;) {
    const size_t before = bytes.size(), piece = next_piece(before);
    bytes.resize(before + piece);
    const size_t got = std::fread(bytes.data() + before, 1, piece, file.get());
    bytes.resize(before + got);
    if (got < piece) break;
    if (bytes.size() > kLargestFile) too_large(name, kLargestFile);
  }
  if (std::ferror(file.get())) fail<DataError>(name, ": cannot be read: ", std::generic_category().message(errno));
  return bytes;
}

}  // namespace

std::string unpack_gzip(std::span<const unsigned char> packed, const std::string& name, size_t largest) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) fail<DataError>(name, ": zlib cannot start (out of memory?)");
  struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } const end{&stream};
  stream.next_in = const_cast<unsigned char*>(packed.data());  // zlib reads only
  stream.avail_in = static_cast<uInt>(packed.size());

  std::string bytes;
  for (;;) {
    const size_t before = bytes.size(), piece = next_piece(before);
    bytes.resize(before + piece);
    stream.next_out = reinterpret_cast<unsigned char*>(bytes.data() + before);
    stream.avail_out = static_cast<uInt>(piece);
    const int status = inflate(&stream, Z_NO_FLUSH);
    bytes.resize(before + piece - stream.avail_out);
    if (bytes.size() > largest) too_large(name, largest);
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return bytes;
      // A gzip file may be several, one after the other.
      if (stream.avail_in < 2 || stream.next_in[0] != 0x1f || stream.next_in[1] != 0x8b)
        fail<DataError>(name, ": ", stream.avail_in, " bytes follow the end of the gzip data; download it again");
      inflateReset(&stream);
    } else if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) {
      fail<DataError>(name, ": the gzip data end early, after ", packed.size(), " bytes (", bytes.size(),
                      " unpacked); download it again");
    } else if (status != Z_OK) {
      fail<DataError>(name, ": the gzip data are broken (", stream.msg ? stream.msg : "no reason given", " after ",
                      bytes.size(), " unpacked bytes); download it again");
    }
  }
}

std::string read_file(const fs::path& path) {
  std::string bytes = read_raw(path);
  const std::span raw(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  if (raw.size() >= 2 && raw[0] == 0x1f && raw[1] == 0x8b) return unpack_gzip(raw, path.string());
  return bytes;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error) || (error && error != std::errc::not_a_directory);
}

std::vector<fs::path> data_directories(const std::string& flag) {
  std::vector<fs::path> found;
  if (!flag.empty()) {
    std::error_code ignored;
    if (!fs::is_directory(flag, ignored)) fail<DataError>("--data-dir ", flag, ": no such folder");
    found.emplace_back(flag);
  }
  if (const char* variable = std::getenv("BIJOU_DATA_DIR"); variable && *variable) found.emplace_back(variable);
  found.emplace_back("/usr/share/datasets");
  found.emplace_back("data");
  return found;
}

std::string in_quotes(std::string_view words) {
  constexpr size_t kLongest = 40;
  std::string out(words.substr(0, kLongest));
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return '"' + out + (words.size() > kLongest ? "...\"" : "\"");
}

}  // namespace bijou
