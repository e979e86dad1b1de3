// Errors are for people: what, where, the value, the remedy. One line each.
//
//   check(a.rank() == 2, "matmul", "expects two matrices, got ", a.shape(), " and ", b.shape());
//
// throws ShapeError("matmul: expects two matrices, got [3] and [3, 4]").
#pragma once
#include "autograd/real.hpp"

#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bijou::inline BIJOU_SCALAR {

// The program turns each kind of error into its documented exit code (apps/main.cpp).
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// clang-format off
struct ShapeError : Error { using Error::Error; };       // two shapes that do not fit: names the operation and both
struct ValueError : Error { using Error::Error; };       // an argument whose value makes no sense
struct UsageError : Error { using Error::Error; };       // wrong usage of the program                     exit 2
struct DataError : Error { using Error::Error; };        // data that is missing or broken                 exit 3
struct CheckpointError : Error { using Error::Error; };  // a checkpoint that is broken or does not fit    exit 4
struct NonFiniteError : Error { using Error::Error; };   // a loss or gradient that is not finite          exit 5
struct StorageError : Error { using Error::Error; };     // a file that cannot be written, a full disk     exit 6
// clang-format on

// Any printable values, one after another. The classic locale: a decimal comma never gets into a message or file.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  (out << ... << parts);
  return out.str();
}

// Text from a file that is not trusted, fit for one line of a terminal: cut when long, control characters as '?'.
inline std::string printable(std::string_view words, size_t longest = 500) {
  std::string out(words.substr(0, longest));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return words.size() > longest ? out + "..." : out;
}

template <class E, class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw E(text(parts...));
}

// A line to the user about something that is odd, but no error.
template <class... Parts>
void warn(const Parts&... parts) {
  std::cerr << "bijou: warning: " + text(parts...) + "\n";
}

// check: about shapes. require: about values. Both name the function first.
template <class... Parts>
void check(bool holds, const char* where, const Parts&... parts) {
  if (!holds) fail<ShapeError>(where, ": ", parts...);
}
template <class... Parts>
void require(bool holds, const char* where, const Parts&... parts) {
  if (!holds) fail<ValueError>(where, ": ", parts...);
}

}  // namespace bijou
