// Headers of tar archives with their checksums.
#pragma once
#include "autograd/check.hpp"

#include <cstdio>
#include <numeric>
#include <span>
#include <string>

namespace bijou_tests {

constexpr size_t kTarBlock = 512;

inline void put_tar_checksum(std::span<unsigned char> header) {
  std::fill_n(header.data() + 148, 8, ' ');
  const unsigned sum = std::accumulate(header.begin(), header.begin() + kTarBlock, 0U);
  std::snprintf(reinterpret_cast<char*>(header.data()) + 148, 8, "%06o", sum);
}

inline std::string tar_member(const std::string& name, const std::string& content) {
  std::string header(kTarBlock, '\0');
  name.copy(header.data(), 99);
  std::snprintf(header.data() + 124, 12, "%011zo", content.size());
  header[156] = '0';
  std::string("ustar").copy(header.data() + 257, 5);
  put_tar_checksum({reinterpret_cast<unsigned char*>(header.data()), header.size()});
  std::string member = header + content;
  member.resize((member.size() + kTarBlock - 1) / kTarBlock * kTarBlock);
  return member;
}

}  // namespace bijou_tests
