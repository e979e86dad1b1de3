// A reader of files, as the fuzzer and the replay of the corpus try it: any bytes at all are read, or refused by an
// error of a documented kind, in one line; no crash, no hang, no memory beyond what the bytes could hold.
//
//   const Format npz({.name = "npz", .read = [](const std::string& bytes) { load_npz(bytes, "input.npz"); },
//                     .documented = is_one_of<DataError>});
#pragma once
#include "autograd/check.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bijou_tests {

template <class... Errors>
bool is_one_of(const std::exception& e) {
  return (... || (dynamic_cast<const Errors*>(&e) != nullptr));
}

struct Format {
  const char* name;
  void (*read)(const std::string& bytes);
  bool (*documented)(const std::exception& e);
  // The largest allocation is `factor` times the input, or `least`: a message, a buffer of a stream.
  size_t factor = 4, least = 4096;
  // Makes checksums and lengths right again, without which few mutations would get beyond them. No other meaning.
  void (*repair)(std::span<unsigned char> bytes) = nullptr;
};

// The formats that are linked into this program.
std::vector<Format>& formats();
struct Registered {
  explicit Registered(const Format& format) { formats().push_back(format); }
};

// Reads the input. What was wrong with how it was read or refused; empty: nothing.
std::string complaint_about(const Format& format, const std::string& bytes);

// A file in memory with these bytes, for readers that want a path.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  std::string path() const;

 private:
  int file_;
};

}  // namespace bijou_tests
