#include "datasets/tar.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr size_t kBlock = 512;

// A field of a header: up to its first zero byte.
std::string_view field(std::string_view header, size_t at, size_t length) {
  const std::string_view all = header.substr(at, length);
  return all.substr(0, all.find('\0'));
}

// Octal digits between spaces; none at all is no number.
std::optional<uint64_t> octal(std::string_view digits) {
  const size_t first = digits.find_first_not_of(' '), last = digits.find_last_not_of(' ');
  if (first == std::string_view::npos) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits.substr(first, last + 1 - first)) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<uint64_t>(c - '0');  // 12 digits are 36 bits
  }
  return value;
}

// The sum of the header's bytes, its own field counted as spaces.
uint64_t checksum_of(std::string_view header) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  return sum;
}

}  // namespace

bool looks_like_tar(std::string_view archive) { return archive.size() >= kBlock && archive.substr(257, 5) == "ustar"; }

std::vector<TarMember> read_tar(std::string_view archive, const std::string& name) {
  std::vector<TarMember> members;
  for (size_t at = 0;;) {
    if (archive.size() - at < kBlock)
      fail<DataError>(name, ": the tar archive ends early, after ", archive.size(), " bytes; download it again");
    const std::string_view header = archive.substr(at, kBlock);
    if (std::ranges::all_of(header, [](char c) { return c == '\0'; })) return members;
    if (octal(field(header, 148, 8)) != checksum_of(header))
      fail<DataError>(name, ": the tar archive is broken: the checksum of the header at byte ", at,
                      " is wrong; download it again");
    const std::optional<uint64_t> size = octal(field(header, 124, 12));
    if (!size)
      fail<DataError>(name, ": the tar archive is broken: the header at byte ", at, " has no size; download it again");
    at += kBlock;
    if (*size > archive.size() - at)
      fail<DataError>(name, ": the tar archive ends early: a file of ", *size, " bytes begins at byte ", at, " of ",
                      archive.size(), "; download it again");
    // GNU tar's older form has other things than a name's first part there, and a space after "ustar".
    const std::string prefix(header[262] == '\0' ? field(header, 345, 155) : ""), path(field(header, 0, 100));
    const bool plain_file = header[156] == '0' || header[156] == '\0';
    if (plain_file) members.push_back({prefix.empty() ? path : prefix + "/" + path, archive.substr(at, *size)});
    at = std::min<size_t>(archive.size(), at + (*size + kBlock - 1) / kBlock * kBlock);
  }
}

}  // namespace bijou
