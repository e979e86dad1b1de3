// One PNG, JPEG or BMP file, from its bytes to pixels.
//
// stb_image decodes (decode_picture_stb.cpp). What it would let pass is refused before: it takes the bytes that are
// missing at the end of a cut file for zeros, and looks at no checksum.
#pragma once
#include "autograd/check.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

// No picture of more pixels is decoded, and none with a longer side. A small file may promise any size.
inline constexpr int64_t kMostPixels = int64_t{1} << 26;  // 8192 x 8192
inline constexpr int kLongestSide = 16'384;

struct Picture {
  int width = 0, height = 0, channels = 0;  // 1: grey; 3: red, green, blue
  std::vector<uint8_t> pixels;              // by rows, channels last
};

// What the header says; of a picture with alpha, the channels without it.
struct PictureHeader {
  int width = 0, height = 0, channels = 0;
};

// DataError, with the file's name and what to do: another format; a cut or broken file; more pixels than the limits
// above; 16 bits a channel; transparent pixels (an alpha channel that is opaque throughout is dropped); CMYK.
PictureHeader read_picture_header(std::string_view content, const std::string& name);
Picture decode_picture(std::string_view content, const std::string& name);

// Luma of Rec. 601, rounded; a grey picture is returned as it is.
Picture to_grey(Picture picture);
Picture to_colour(Picture picture);

// The shorter side becomes `size`; the other follows in proportion, rounded. A triangle filter as wide as a new pixel's
// share of old ones, so that nothing is skipped when pictures shrink. Without a change of size, the same bytes.
Picture resize_shorter_side(const Picture& picture, int size);

}  // namespace bijou
