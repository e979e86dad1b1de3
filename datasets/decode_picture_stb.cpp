// The implementation of stb_image: another's code, which is compiled without our warnings.
#include "datasets/decode_picture_stb.hpp"

#include <climits>
#include <cstdlib>

namespace {

// No single allocation beyond four channels of 2^26 pixels and their rows' filter bytes (kMostPixels): a PNG's
// compressed data may unpack to anything. And zeros: a scan may name a Huffman table that the file never defined, and
// the decoder looks things up in it.
constexpr size_t kLargest = (size_t{4} << 26) + (size_t{1} << 20);
void* zeroed_malloc(size_t size) { return size <= kLargest ? std::calloc(1, size) : nullptr; }
void* limited_realloc(void* old, size_t size) { return size <= kLargest ? std::realloc(old, size) : nullptr; }

}  // namespace

#define STBI_MALLOC(size) zeroed_malloc(size)
#define STBI_REALLOC(old, size) limited_realloc(old, size)
#define STBI_FREE(old) std::free(old)
#define STB_IMAGE_STATIC  // other programs of the same build may bring their own copy
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#ifdef __clang__  // of broken data some bits are shifted beyond a word's width: wrong pixels, and nothing worse
#pragma clang attribute push(__attribute__((no_sanitize("shift"))), apply_to = function)
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop
#ifdef __clang__
#pragma clang attribute pop
#endif

namespace bijou::inline BIJOU_SCALAR::stb {

int header(const unsigned char* bytes, size_t size, int* width, int* height, int* channels) {
  if (size > INT_MAX) return 0;
  return stbi_info_from_memory(bytes, static_cast<int>(size), width, height, channels);
}

unsigned char* decode(const unsigned char* bytes, size_t size, int* width, int* height, int* channels) {
  if (size > INT_MAX) return nullptr;
  return stbi_load_from_memory(bytes, static_cast<int>(size), width, height, channels, 0);
}

void release(unsigned char* pixels) { stbi_image_free(pixels); }

const char* last_error() {
  const char* reason = stbi_failure_reason();
  return reason != nullptr ? reason : "no reason given";
}

}  // namespace bijou::stb
