// stb_image, behind three functions that need no header of its.
#pragma once
#include "autograd/real.hpp"

#include <cstddef>

namespace bijou::inline BIJOU_SCALAR::stb {

// 1: understood. Channels as in the file, alpha counted.
int header(const unsigned char* bytes, size_t size, int* width, int* height, int* channels);
// nullptr: not understood; last_error says why. To be given back by release.
unsigned char* decode(const unsigned char* bytes, size_t size, int* width, int* height, int* channels);
void release(unsigned char* pixels);
const char* last_error();

}  // namespace bijou::stb
