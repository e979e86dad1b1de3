// What the tests of the data sets share: folders, files in the formats, and messages of errors.
#pragma once
#include "datasets/baselines.hpp"
#include "datasets/cifar.hpp"
#include "datasets/columns.hpp"
#include "datasets/covariance.hpp"
#include "datasets/file.hpp"
#include "datasets/idx.hpp"
#include "datasets/loader.hpp"
#include "datasets/table.hpp"
#include "datasets/toys.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <numbers>
#include <set>

#include <unistd.h>
#include <zlib.h>

namespace bijou_tests {

using namespace bijou;
namespace fs = std::filesystem;

// A folder of this process, removed at the end of the test.
struct Folder {
  fs::path path;
  Folder() {
    static int count = 0;
    path = fs::temp_directory_path() / text("bijou-datasets-", kScalarName, "-", getpid(), "-", ++count);
    fs::create_directories(path);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path write(const std::string& name, const std::string& content) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << content;
    return path / name;
  }
};

// window: zlib's window bits, 31 for gzip, -15 for deflate without a header.
inline std::string deflated(const std::string& content, int window) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(content.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<unsigned char*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}
inline std::string gzip(const std::string& content) { return deflated(content, 15 + 16); }

inline std::string idx(uint32_t magic, std::initializer_list<uint32_t> dims, size_t bytes) {
  std::string out;
  const auto put = [&](uint32_t v) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift & 0xff);
  };
  put(magic);
  for (uint32_t d : dims) put(d);
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(i % 251);
  return out;
}

// The message of the error, which must be of type E and one line.
template <class E>
inline std::string message(const std::function<void()>& body) {
  try {
    body();
  } catch (const E& error) {
    const std::string what = error.what();
    CHECK(what.find('\n') == std::string::npos);
    return what;
  } catch (const std::exception& error) {
    return text("another error: ", error.what());
  }
  return "no error";
}

inline bool has(const std::string& words, const std::string& part) { return words.find(part) != std::string::npos; }

// The expression throws E, and its message has all of these parts.
#define REFUSES(E, expression, ...)                                    \
  do {                                                                 \
    const std::string what_ = message<E>([&] { (void)(expression); }); \
    for (const std::string part_ : {__VA_ARGS__}) {                    \
      INFO("the message: ", what_);                                    \
      INFO("should have: ", part_);                                    \
      CHECK(has(what_, part_));                                        \
    }                                                                  \
  } while (false)

inline std::string shared_data() {
  const char* variable = std::getenv("BIJOU_SHARED");
  const fs::path folder = variable && *variable ? fs::path(variable) / "data" : fs::path("../shared/data");
  return fs::is_directory(folder) ? folder.string() : "";
}

inline bool equal(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.data(), b.data());
}

inline Tensor ramp(const Shape& shape, int levels) {  // 0, 1, ..., levels-1, 0, 1, ...
  Tensor t(shape);
  int64_t i = 0;
  for (Real& v : t.mutable_data()) v = static_cast<Real>(i++ % levels);
  return t;
}

inline std::vector<int> first_labels(const Examples& e) { return {e.labels.begin(), e.labels.begin() + 5}; }

inline double average(double low, double high, const std::function<double(double)>& f) {  // midpoint rule
  constexpr int n = 20000;
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += f(low + (high - low) * (i + 0.5) / n);
  return sum / n;
}

}  // namespace bijou_tests
