// The header's length, where the braces say that it ends.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>

namespace bijou_tests {

inline void repair_header_length(std::span<unsigned char> bytes) {
  constexpr size_t kLength = 8;
  bool in_string = false;
  int depth = 0;
  for (size_t at = kLength; at < bytes.size(); ++at) {
    if (in_string && bytes[at] == '\\') ++at;
    else if (bytes[at] == '"') in_string = !in_string;
    else if (!in_string && bytes[at] == '{') ++depth;
    else if (!in_string && bytes[at] == '}' && --depth == 0) {
      const uint64_t length = at + 1 - kLength;
      std::memcpy(bytes.data(), &length, kLength);
      return;
    }
  }
}

}  // namespace bijou_tests
