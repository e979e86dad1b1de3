// SHA-256 (NIST, FIPS 180-4): whether a file is the one that it should be.
#pragma once
#include "autograd/real.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace bijou::inline BIJOU_SCALAR {

// Bytes go in piece by piece; the end gives 64 hexadecimal digits.
class Sha256 {
 public:
  void add(std::string_view bytes);
  std::string hex();  // once, at the end

 private:
  void absorb(const unsigned char* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::string pending_;  // less than a block of 64 bytes
  uint64_t length_ = 0;  // bytes so far
};

std::string sha256(std::string_view bytes);

}  // namespace bijou
