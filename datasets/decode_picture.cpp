#include "datasets/decode_picture.hpp"

#include "datasets/decode_picture_stb.hpp"
#include "datasets/file.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include <zlib.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

const unsigned char* bytes_of(std::string_view content) {
  return reinterpret_cast<const unsigned char*>(content.data());
}
uint32_t byte_at(std::string_view content, size_t at) { return bytes_of(content)[at]; }
uint32_t big16(std::string_view c, size_t at) { return byte_at(c, at) << 8 | byte_at(c, at + 1); }
uint32_t big32(std::string_view c, size_t at) { return big16(c, at) << 16 | big16(c, at + 2); }
uint32_t little16(std::string_view c, size_t at) { return byte_at(c, at) | byte_at(c, at + 1) << 8; }
uint32_t little32(std::string_view c, size_t at) { return little16(c, at) | little16(c, at + 2) << 16; }

enum class Format { png, jpeg, bmp };

Format format_of(std::string_view content, const std::string& name) {
  if (content.starts_with("\x89PNG\r\n\x1a\n")) return Format::png;
  if (content.starts_with("\xff\xd8\xff")) return Format::jpeg;
  if (content.starts_with("BM")) return Format::bmp;
  if (content.empty()) fail<DataError>(name, ": is empty; copy it again, or take it out of the folder");
  fail<DataError>(name, ": is no PNG, JPEG or BMP picture: it begins with ", in_quotes(content.substr(0, 8)),
                  "; convert it, or take it out of the folder");
}

[[noreturn]] void cut(const std::string& name, std::string_view content) {
  fail<DataError>(name, ": ends early, after ", content.size(), " bytes; copy it again");
}

// Every chunk is length, type, data, checksum; the last is IEND.
void check_png(std::string_view content, const std::string& name) {
  constexpr size_t kFrame = 12;
  bool ended = false;
  for (size_t at = 8; !ended;) {
    if (content.size() - at < kFrame) cut(name, content);
    const size_t length = big32(content, at);
    if (length > content.size() - at - kFrame) cut(name, content);
    const auto checksum = crc32(0, bytes_of(content) + at + 4, static_cast<uInt>(length + 4));
    if (checksum != big32(content, at + 8 + length))
      fail<DataError>(name, ": is broken: the checksum of the chunk at byte ", at, " is wrong; copy it again");
    const std::string_view type = content.substr(at + 4, 4);
    if (at == 8 && (type != "IHDR" || length != 13)) fail<DataError>(name, ": is broken: it has no PNG header");
    ended = type == "IEND";
    at += kFrame + length;
  }
  if (byte_at(content, 24) == 16)
    fail<DataError>(name,
                    ": has 16 bits a channel, and only 8 are taken; convert it, by 'convert IN -depth 8 OUT' say");
}

// The Huffman tables of the segment whose length stands `at`: 16 numbers of codes, and a byte for each code. stb_image
// has room for 256 codes and writes as many as there are.
void check_huffman_tables(std::string_view content, size_t at, const std::string& name) {
  constexpr size_t kCounts = 17, kMostCodes = 256;
  if (content.size() - at < 2 || content.size() - at < big16(content, at)) cut(name, content);
  const size_t end = at + big16(content, at);
  for (size_t table = at + 2; table < end;) {
    size_t codes = 0;
    for (size_t i = 1; i < kCounts && table + i < end; ++i) codes += byte_at(content, table + i);
    if (end - table < kCounts + codes || codes > kMostCodes)
      fail<DataError>(name, ": is broken: the Huffman table at byte ", table, " has ", codes, " codes; copy it again");
    table += kCounts + codes;
  }
}

// Segments up to the first scan: a marker, then a length that counts itself. After it the end marker must come: in
// a scan, a byte of 255 is followed by 0 or by a restart marker.
void check_jpeg(std::string_view content, const std::string& name) {
  for (size_t at = 2;;) {
    while (at + 1 < content.size() && byte_at(content, at) == 0xFF && byte_at(content, at + 1) == 0xFF) ++at;
    if (content.size() < at + 4) cut(name, content);
    const uint32_t marker = byte_at(content, at + 1), length = big16(content, at + 2);
    if (byte_at(content, at) != 0xFF || length < 2)
      fail<DataError>(name, ": is broken: no JPEG segment at byte ", at, "; copy it again");
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      if (content.size() < at + 10) cut(name, content);
      const uint32_t components = byte_at(content, at + 9);
      if (components == 4)
        fail<DataError>(name,
                        ": is a JPEG of four inks (CMYK), whose colours depend on the printer; "
                        "convert it, by 'convert IN -colorspace sRGB OUT' say");
    }
    if (marker == 0xC4) check_huffman_tables(content, at + 2, name);
    at += 2 + length;
    if (at > content.size()) cut(name, content);
    if (marker == 0xDA) {
      if (content.find("\xff\xd9", at) == std::string_view::npos) cut(name, content);
      for (size_t more = at; (more = content.find("\xff\xc4", more)) != std::string_view::npos;) {
        check_huffman_tables(content, more += 2, name);  // those of a progressive picture's later scans
      }
      return;
    }
  }
}

void check_bmp(std::string_view content, const std::string& name) {
  if (content.size() < 26) cut(name, content);
  const bool old = little32(content, 14) == 12;  // OS/2: sizes of 16 bits
  if (content.size() < (old ? 26 : 34)) cut(name, content);
  const int64_t start = little32(content, 10);
  const int64_t width = old ? little16(content, 18) : std::abs(int64_t{static_cast<int32_t>(little32(content, 18))});
  const int64_t height = old ? little16(content, 20) : std::abs(int64_t{static_cast<int32_t>(little32(content, 22))});
  const int64_t bits = old ? little16(content, 24) : little16(content, 28);
  if (width > kLongestSide || height > kLongestSide) return;  // refused by its sizes
  const int64_t row = (width * bits + 31) / 32 * 4;
  if (start + row * height > static_cast<int64_t>(content.size())) cut(name, content);
}

std::string reason() { return printable(stb::last_error()); }  // it may quote the file

struct Release {
  void operator()(unsigned char* pixels) const { stb::release(pixels); }
};

// Drops an alpha channel that hides nothing.
std::vector<uint8_t> without_alpha(const unsigned char* pixels, int64_t count, int channels, const std::string& name) {
  std::vector<uint8_t> kept;
  kept.reserve(static_cast<size_t>(count * (channels - 1)));
  for (int64_t i = 0; i < count; ++i) {
    const unsigned char* pixel = pixels + i * channels;
    if (pixel[channels - 1] != 255)
      fail<DataError>(name,
                      ": has transparent pixels, and what lies behind them is not known; put a background "
                      "behind it, by 'convert IN -background white -flatten OUT' say");
    kept.insert(kept.end(), pixel, pixel + channels - 1);
  }
  return kept;
}

// One row of weights for each new pixel: out[i] = sum_k weight[k] in[first + k].
struct Taps {
  int64_t first;
  std::vector<double> weights;
};
std::vector<Taps> triangle_filter(int from, int to) {
  const double scale = static_cast<double>(from) / to, support = std::max(1.0, scale);
  std::vector<Taps> all;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(centre - support)));
    const auto last = std::min<int64_t>(from - 1, static_cast<int64_t>(std::floor(centre + support)));
    Taps taps{first, {}};
    double sum = 0;
    for (int64_t k = first; k <= last; ++k) {
      taps.weights.push_back(std::max(0.0, 1 - std::abs(static_cast<double>(k) + 0.5 - centre) / support));
      sum += taps.weights.back();
    }
    for (double& w : taps.weights) w /= sum;
    all.push_back(std::move(taps));
  }
  return all;
}

uint8_t to_byte(double v) { return static_cast<uint8_t>(std::clamp(std::floor(v + 0.5), 0.0, 255.0)); }

}  // namespace

PictureHeader read_picture_header(std::string_view content, const std::string& name) {
  const Format format = format_of(content, name);
  if (format == Format::png) check_png(content, name);
  if (format == Format::jpeg) check_jpeg(content, name);
  if (format == Format::bmp) check_bmp(content, name);
  PictureHeader header;
  if (stb::header(bytes_of(content), content.size(), &header.width, &header.height, &header.channels) != 1)
    fail<DataError>(name, ": cannot be decoded (", reason(), "); convert it to PNG, or copy it again");
  if (header.width < 1 || header.height < 1) fail<DataError>(name, ": has no pixels");
  if (header.width > kLongestSide || header.height > kLongestSide ||
      int64_t{header.width} * header.height > kMostPixels)
    fail<DataError>(name, ": is ", header.width, " x ", header.height, " pixels; no side may be longer than ",
                    kLongestSide, ", and ", kMostPixels, " pixels are the most; make it smaller");
  header.channels = header.channels >= 3 ? 3 : 1;
  return header;
}

Picture decode_picture(std::string_view content, const std::string& name) {
  read_picture_header(content, name);
  Picture picture;
  int channels = 0;
  const std::unique_ptr<unsigned char, Release> pixels(
      stb::decode(bytes_of(content), content.size(), &picture.width, &picture.height, &channels));
  if (!pixels) fail<DataError>(name, ": cannot be decoded (", reason(), "); convert it to PNG, or copy it again");
  const int64_t count = int64_t{picture.width} * picture.height;
  const bool alpha = channels == 2 || channels == 4;
  picture.channels = channels - alpha;
  if (alpha) picture.pixels = without_alpha(pixels.get(), count, channels, name);
  else picture.pixels.assign(pixels.get(), pixels.get() + count * channels);
  return picture;
}

Picture to_grey(Picture picture) {
  if (picture.channels == 1) return picture;
  std::vector<uint8_t> grey;
  grey.reserve(picture.pixels.size() / 3);
  for (size_t i = 0; i < picture.pixels.size(); i += 3)
    grey.push_back(to_byte(0.299 * picture.pixels[i] + 0.587 * picture.pixels[i + 1] + 0.114 * picture.pixels[i + 2]));
  return {picture.width, picture.height, 1, std::move(grey)};
}

Picture to_colour(Picture picture) {
  if (picture.channels == 3) return picture;
  std::vector<uint8_t> colour;
  colour.reserve(3 * picture.pixels.size());
  for (const uint8_t v : picture.pixels) colour.insert(colour.end(), 3, v);
  return {picture.width, picture.height, 3, std::move(colour)};
}

Picture resize_shorter_side(const Picture& picture, int size) {
  const int shorter = std::min(picture.width, picture.height);
  if (shorter == size) return picture;
  const auto scaled = [&](int side) {
    return std::max(size, static_cast<int>((int64_t{2} * side * size + shorter) / (int64_t{2} * shorter)));
  };
  const int width = scaled(picture.width), height = scaled(picture.height), channels = picture.channels;
  const std::vector<Taps> across = triangle_filter(picture.width, width);
  const std::vector<Taps> down = triangle_filter(picture.height, height);

  // Rows first, one old row at a time, then columns.
  std::vector<float> narrow(static_cast<size_t>(picture.height) * width * channels);
  for (int64_t y = 0; y < picture.height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c) {
        const Taps& taps = across[x];
        double sum = 0;
        for (size_t k = 0; k < taps.weights.size(); ++k)
          sum += taps.weights[k] *
                 picture.pixels[(y * picture.width + taps.first + static_cast<int64_t>(k)) * channels + c];
        narrow[(y * width + x) * channels + c] = static_cast<float>(sum);
      }
  Picture out{width, height, channels, std::vector<uint8_t>(static_cast<size_t>(width) * height * channels)};
  const int64_t row = int64_t{width} * channels;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t i = 0; i < row; ++i) {
      const Taps& taps = down[y];
      double sum = 0;
      for (size_t k = 0; k < taps.weights.size(); ++k)
        sum += taps.weights[k] * narrow[(taps.first + static_cast<int64_t>(k)) * row + i];
      out.pixels[y * row + i] = to_byte(sum);
    }
  return out;
}

}  // namespace bijou
