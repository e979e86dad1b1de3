// For the tests of pictures: a folder for their files, and an independent decoder.
#pragma once
#include <doctest/doctest.h>

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <unistd.h>

#include "apps/plot/color.hpp"

// Unnamed: the decoder is static as well, and every test file has its own.
namespace {

using bijou::plot::Color;

namespace fs = std::filesystem;

[[maybe_unused]] constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
[[maybe_unused]] constexpr double infinity = std::numeric_limits<double>::infinity();

/// A folder of its own for a test, removed at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("bijou_plot_test_" + std::to_string(getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string file(const std::string& name = "picture.png") const { return (path / name).string(); }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

/// A PNG file as an independent decoder sees it.
struct Decoded {
  int width = 0, height = 0;
  std::vector<unsigned char> rgb;

  explicit Decoded(const std::string& path) {
    int channels = 0;
    unsigned char* bytes = stbi_load(path.c_str(), &width, &height, &channels, 3);
    REQUIRE(bytes != nullptr);
    CHECK(channels == 3);
    rgb.assign(bytes, bytes + 3 * width * height);
    stbi_image_free(bytes);
  }
  Color at(int x, int y) const {
    const std::size_t i = 3 * (static_cast<std::size_t>(y) * width + x);
    return {rgb.at(i), rgb.at(i + 1), rgb.at(i + 2)};
  }
  std::size_t count(Color color) const {
    std::size_t n = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) n += at(x, y) == color ? 1 : 0;
    }
    return n;
  }
};

[[maybe_unused]] int distance(Color a, Color b) {
  return std::max({std::abs(a.r - b.r), std::abs(a.g - b.g), std::abs(a.b - b.b)});
}

[[maybe_unused]] std::string message_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

[[maybe_unused]] std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace
