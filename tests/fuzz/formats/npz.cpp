#include "datasets/npz.hpp"

#include "datasets/arrays.hpp"
#include "tests/fuzz/format.hpp"

#include <algorithm>
#include <cstring>

#include <zlib.h>

using namespace bijou;
using namespace bijou_tests;

namespace {

constexpr size_t kDeflate = 1032;  // the most that a byte can unpack to

uint32_t number(std::span<const unsigned char> bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}
void put(std::span<unsigned char> bytes, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<unsigned char>(value >> 8 * i);
}

// What a member's bytes unpack to; nothing where they do not.
std::string unpacked(std::span<unsigned char> packed) {
  std::string out(size_t{1} << 16, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) return "";
  stream.next_in = packed.data();
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(whole ? stream.total_out : 0);
  inflateEnd(&stream);
  return out;
}

// Each entry of the directory gets the length and the CRC of the bytes that it points to.
void repair(std::span<unsigned char> bytes) {
  constexpr size_t kLocal = 30, kCentral = 46;
  for (size_t at = 0; at + kCentral <= bytes.size(); ++at) {
    if (std::memcmp(bytes.data() + at, "PK\x01\x02", 4) != 0) continue;
    const size_t packed = number(bytes, at + 20, 4), local = number(bytes, at + 42, 4);
    if (local > bytes.size() || bytes.size() - local < kLocal) continue;
    const size_t begin = local + kLocal + number(bytes, local + 26, 2) + number(bytes, local + 28, 2);
    if (begin > bytes.size() || bytes.size() - begin < packed) continue;
    const auto body = bytes.subspan(begin, packed);
    const std::string content = number(bytes, at + 10, 2) == 0 ? std::string(body.begin(), body.end()) : unpacked(body);
    const auto* const from = reinterpret_cast<const unsigned char*>(content.data());
    put(bytes, at + 16, static_cast<uint32_t>(crc32(0, from, static_cast<uInt>(content.size()))));
    put(bytes, at + 24, static_cast<uint32_t>(content.size()));
  }
}

const Registered npz({.name = "npz",
                      .read = [](const std::string& bytes) { load_npz(bytes, "input.npz"); },
                      .documented = is_one_of<DataError>,
                      .factor = 4 * kDeflate,
                      .repair = repair});

}  // namespace
