// PNG, JPEG and BMP. Small pictures are decoded, of others the header is read.
#include "datasets/decode_picture.hpp"
#include "tests/fuzz/format.hpp"

#include <zlib.h>

using namespace bijou;
using namespace bijou_tests;

namespace {

void read(const std::string& bytes) {
  constexpr int64_t kPixels = 1 << 12;
  const PictureHeader header = read_picture_header(bytes, "input");
  if (int64_t{header.width} * header.height <= kPixels) decode_picture(bytes, "input");
}

// The chunks of a PNG get their checksums.
void repair(std::span<unsigned char> bytes) {
  const auto big32 = [&](size_t at) {
    return uint32_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  };
  if (bytes.size() < 8 || bytes[0] != 0x89) return;
  for (size_t at = 8; bytes.size() - at >= 12;) {
    const size_t length = big32(at);
    if (length > bytes.size() - at - 12) return;
    const auto sum = static_cast<uint32_t>(crc32(0, bytes.data() + at + 4, static_cast<uInt>(length + 4)));
    for (size_t i = 0; i < 4; ++i) bytes[at + 8 + length + i] = static_cast<unsigned char>(sum >> (24 - 8 * i));
    at += 12 + length;
  }
}

// A byte may unpack to 1032, into room that doubles; the decoder of JPEG has tables.
const Registered picture({.name = "picture",
                          .read = read,
                          .documented = is_one_of<DataError>,
                          .factor = 2 * 1032,
                          .least = 1 << 17,
                          .repair = repair});

}  // namespace
