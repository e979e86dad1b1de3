// Picture files for tests: by stb_image_write, and by hand where that cannot write what is wanted.
#pragma once
#include "tests/unit/datasets_helpers.hpp"

#include <zlib.h>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

namespace bijou_tests {

inline void append(void* to, void* data, int size) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(data), static_cast<size_t>(size));
}

// Pixel (x, y), channel c of picture k: all differ, and so do their mirror images.
inline std::string pattern(int w, int h, int channels, int k = 0) {
  std::string pixels;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      for (int c = 0; c < channels; ++c) pixels += static_cast<char>((7 * x + 31 * y + 80 * c + 13 * k) % 256);
  return pixels;
}
inline std::string png(int w, int h, int channels, const std::string& pixels) {
  std::string out;
  stbi_write_png_to_func(append, &out, w, h, channels, pixels.data(), w * channels);
  return out;
}
inline std::string bmp(int w, int h, int channels, const std::string& pixels) {
  std::string out;
  stbi_write_bmp_to_func(append, &out, w, h, channels, pixels.data());
  return out;
}
inline std::string jpeg(int w, int h, int channels, const std::string& pixels) {
  std::string out;
  stbi_write_jpg_to_func(append, &out, w, h, channels, pixels.data(), 95);
  return out;
}

inline std::string big_endian(uint32_t v) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift & 0xff);
  return out;
}
inline std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<uint32_t>(data.size())) + body + big_endian(static_cast<uint32_t>(sum));
}
// rows: each with its filter byte in front. between: chunks before the data.
inline std::string raw_png(uint32_t w, uint32_t h, char depth, char kind, const std::string& rows,
                           const std::string& between = "") {
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR", big_endian(w) + big_endian(h) + std::string{depth, kind, '\0', '\0', '\0'}) + between +
         chunk("IDAT", packed) + chunk("IEND", "");
}

}  // namespace bijou_tests
