// NumPy's files as the tests write them: .npy, and the zip archives that .npz are.
#pragma once
#include "tests/unit/datasets_helpers.hpp"

#include <bit>
#include <type_traits>

namespace bijou_tests {

inline std::string bytes_of(uint64_t value, size_t count, bool big_endian = false) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += static_cast<char>(value >> 8 * (big_endian ? count - 1 - i : i) & 0xff);
  return out;
}

inline std::string header(const std::string& descr, const std::string& shape, const char* fortran = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

inline std::string npy_of(const std::string& words, const std::string& values, int version = 1) {
  return "\x93NUMPY" + bytes_of(version, 1) + bytes_of(0, 1) + bytes_of(words.size(), version == 1 ? 2 : 4) + words +
         values;
}

inline std::string npy(const std::string& dtype, const std::string& shape, const std::string& values,
                       const char* fortran = "False", int version = 1) {
  return npy_of(header("'" + dtype + "'", shape, fortran), values, version);
}

template <class T>
inline std::string values_of(const std::vector<T>& values, bool big_endian = false) {
  using Bits = std::conditional_t<
      sizeof(T) == 8, uint64_t,
      std::conditional_t<sizeof(T) == 4, uint32_t, std::conditional_t<sizeof(T) == 2, uint16_t, uint8_t>>>;
  std::string out;
  for (const T v : values) out += bytes_of(std::bit_cast<Bits>(v), sizeof(T), big_endian);
  return out;
}

inline std::string table_npy(int64_t rows, int64_t columns, uint64_t seed = 0) {
  std::vector<float> values(static_cast<size_t>(rows * columns));
  Rng rng(seed);
  for (float& v : values) v = static_cast<float>(rng.normal());
  return npy("<f4", text("(", rows, ", ", columns, ")"), values_of(values));
}

inline std::string image_npy(const std::string& shape, size_t pixels) {
  std::string values;
  for (size_t i = 0; i < pixels; ++i) values += static_cast<char>(i * 37 % 251);
  return npy("|u1", shape, values);
}

struct Entry {
  std::string name, content;
  int method = 8, flags = 0;
};

inline std::string deflate_raw(const std::string& content) { return deflated(content, -15); }

// `promised` is added to the unpacked length that the directory states.
inline std::string zip(const std::vector<Entry>& entries, int64_t promised = 0, const std::string& comment = "") {
  std::string out, directory;
  for (const Entry& e : entries) {
    const std::string packed = e.method == 8 ? deflate_raw(e.content) : e.content;
    const auto crc =
        crc32(0, reinterpret_cast<const unsigned char*>(e.content.data()), static_cast<uInt>(e.content.size()));
    const auto common = bytes_of(e.flags, 2) + bytes_of(e.method, 2) + bytes_of(0, 4) + bytes_of(crc, 4) +
                        bytes_of(packed.size(), 4) + bytes_of(e.content.size() + promised, 4) +
                        bytes_of(e.name.size(), 2);
    directory +=
        "PK\x01\x02" + bytes_of(20, 2) + bytes_of(20, 2) + common + bytes_of(0, 12) + bytes_of(out.size(), 4) + e.name;
    // As NumPy does it: the member's own header has the extra field of zip64.
    out += "PK\x03\x04" + bytes_of(45, 2) + common + bytes_of(20, 2) + e.name + std::string(20, 'z') + packed;
  }
  const std::string count = bytes_of(entries.size(), 2);
  return out + directory + "PK\x05\x06" + bytes_of(0, 4) + count + count + bytes_of(directory.size(), 4) +
         bytes_of(out.size(), 4) + bytes_of(comment.size(), 2) + comment;
}

}  // namespace bijou_tests
