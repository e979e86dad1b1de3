#include "datasets/npz.hpp"

#include "datasets/file.hpp"

#include <algorithm>

#include <zlib.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr const char* kRemedy = "save it again by np.savez(file, x=x)";
constexpr std::string_view kLocal = "PK\x03\x04", kCentral = "PK\x01\x02", kEnd = "PK\x05\x06";
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kLongestComment = 65'535;

// A zip file is read from its end: the end record says where the directory lies, the directory where each member does.
// What a member's own header says of its sizes is not used.
struct Member {
  std::string name;
  int flags, method;
  uint32_t crc, packed, unpacked, offset;
};

class Zip {
 public:
  Zip(std::string_view content, const std::string& name, size_t largest)
      : content_(content), name_(name), left_(largest), largest_(largest) {}

  std::vector<Member> members() const {
    const size_t end = find_end();
    const uint32_t count = number(end + 10, 2), size = number(end + 12, 4), at = number(end + 16, 4);
    if (count == 0xFFFF || size == 0xFFFFFFFF || at == 0xFFFFFFFF)
      fail<DataError>(name_, ": is in the zip64 form, for more than 4 GiB; save each array by np.save");
    if (number(end + 4, 2) != 0 || number(end + 6, 2) != 0 || number(end + 8, 2) != count)
      broken("it should be the whole archive, on one disk");
    if (at > end || size > end - at) broken("its directory lies outside of the file");
    std::vector<Member> all;
    for (size_t here = at; all.size() < count;) {
      if (end - here < kCentralSize || content_.substr(here, 4) != kCentral) broken("its directory is cut");
      const size_t name_length = number(here + 28, 2), more = number(here + 30, 2) + number(here + 32, 2);
      if (end - here - kCentralSize < name_length + more) broken("its directory is cut");
      all.push_back({std::string(content_.substr(here + kCentralSize, name_length)),
                     static_cast<int>(number(here + 8, 2)), static_cast<int>(number(here + 10, 2)),
                     number(here + 16, 4), number(here + 20, 4), number(here + 24, 4), number(here + 42, 4)});
      here += kCentralSize + name_length + more;
    }
    return all;
  }

  std::string unpack(const Member& m) {
    if (m.flags & 0x2041) refuse(m, "is encrypted; ", kRemedy);
    if (m.method != 0 && m.method != Z_DEFLATED)
      refuse(m, "is packed by method ", m.method, "; read are 0 (stored) and 8 (deflated); ", kRemedy);
    if (m.packed == 0xFFFFFFFF || m.unpacked == 0xFFFFFFFF || m.offset == 0xFFFFFFFF)
      refuse(m, "is in the zip64 form, for more than 4 GiB; save it by np.save");
    if (m.unpacked > left_)
      fail<DataError>(name_, ": would unpack to more than ", largest_, " bytes, the most that is read; save less");
    left_ -= m.unpacked;
    const std::string_view packed = packed_bytes(m);
    std::string bytes = m.method == 0 ? std::string(packed) : inflated(m, packed);
    if (bytes.size() != m.unpacked)
      refuse(m, "unpacks to ", bytes.size(), " bytes, the directory says ", m.unpacked, "; ", kRemedy);
    if (crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<uInt>(bytes.size())) != m.crc)
      refuse(m, "has a wrong checksum (CRC-32); copy the file again, or ", kRemedy);
    return bytes;
  }

 private:
  template <class... Parts>
  [[noreturn]] void broken(const Parts&... why) const {
    fail<DataError>(name_, ": the zip file is cut or broken: ", why..., "; ", kRemedy);
  }
  template <class... Parts>
  [[noreturn]] void refuse(const Member& m, const Parts&... why) const {
    fail<DataError>(name_, ": the member ", in_quotes(m.name), " ", why...);
  }

  uint32_t number(size_t at, size_t count) const {  // little-endian; the caller knows that the bytes are there
    uint32_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(content_[at + i]);
    return value;
  }

  size_t find_end() const {
    if (content_.size() >= kEndSize) {
      const size_t last = content_.size() - kEndSize, first = last - std::min(last, kLongestComment);
      for (size_t at = last + 1; at-- > first;)
        if (content_.substr(at, 4) == kEnd && number(at + 20, 2) == last - at) return at;
    }
    broken("its end record is missing");
  }

  std::string_view packed_bytes(const Member& m) const {
    const size_t size = content_.size();
    if (m.offset > size || size - m.offset < kLocalSize || content_.substr(m.offset, 4) != kLocal)
      refuse(m, "is not where the directory says; ", kRemedy);
    const size_t begin = m.offset + kLocalSize + number(m.offset + 26, 2) + number(m.offset + 28, 2);
    if (begin > size || size - begin < m.packed) refuse(m, "ends beyond the file's end; ", kRemedy);
    return content_.substr(begin, m.packed);
  }

  // The room doubles as bytes come out of the stream, and never exceeds what the directory says and one byte more, by
  // which a longer stream is noticed.
  std::string inflated(const Member& m, std::string_view packed) const {
    z_stream stream{};
    if (inflateInit2(&stream, -15) != Z_OK) fail<StorageError>(name_, ": zlib cannot start (out of memory?)");
    struct End {
      z_stream* stream;
      ~End() { inflateEnd(stream); }
    } const end{&stream};
    stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(packed.data()));  // zlib reads only
    stream.avail_in = static_cast<uInt>(packed.size());
    const size_t most = size_t{m.unpacked} + 1;
    std::string bytes(std::min(most, 2 * packed.size() + 64), '\0');
    for (size_t done = 0;;) {
      stream.next_out = reinterpret_cast<unsigned char*>(bytes.data() + done);
      stream.avail_out = static_cast<uInt>(bytes.size() - done);
      const int status = inflate(&stream, Z_NO_FLUSH);
      done = bytes.size() - stream.avail_out;
      const bool full = stream.avail_out == 0;
      if (status == Z_STREAM_END || (full && done == most)) {
        if (stream.avail_in != 0 && status == Z_STREAM_END) refuse(m, "has bytes after its end; ", kRemedy);
        bytes.resize(done);
        return bytes;
      }
      if (status != Z_OK || !full) {
        refuse(m, "cannot be unpacked (", stream.msg ? stream.msg : "it ends early", " after ", done,
               " bytes); copy the ", "file again, or ", kRemedy);
      }
      std::string larger(std::min(most, 2 * done), '\0');  // a string would grow by its own rule
      bytes.copy(larger.data(), done);
      bytes = std::move(larger);
    }
  }

  std::string_view content_;
  const std::string& name_;
  size_t left_, largest_;
};

}  // namespace

bool looks_like_zip(std::string_view content) { return content.starts_with(kLocal) || content.starts_with(kEnd); }

std::map<std::string, NumpyArray> read_npz(std::string_view content, const std::string& name, size_t largest) {
  Zip zip(content, name, largest);
  std::map<std::string, NumpyArray> arrays;
  for (const Member& m : zip.members()) {
    constexpr std::string_view kSuffix = ".npy";
    if (!m.name.ends_with(kSuffix))
      fail<DataError>(name, ": the member ", in_quotes(m.name),
                      " is no .npy; a zip file of arrays is expected: ", kRemedy);
    const std::string key = m.name.substr(0, m.name.size() - kSuffix.size());
    if (arrays.contains(key)) fail<DataError>(name, ": the member ", in_quotes(m.name), " is there twice; ", kRemedy);
    arrays.emplace(key, parse_npy(zip.unpack(m), text(name, ": ", in_quotes(key))));
  }
  if (arrays.empty()) fail<DataError>(name, ": holds no array; ", kRemedy);
  return arrays;
}

}  // namespace bijou
