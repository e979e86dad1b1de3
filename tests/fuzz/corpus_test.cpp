// The fuzzer's corpus once more, with g++ and without sanitizers: each file is read or refused as its format documents.
// A finding of the fuzzer that was mended is one of these files.
#include "tests/fuzz/format.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace bijou_tests;
namespace fs = std::filesystem;

TEST_CASE("fuzz: every file of the corpus is read, or refused as documented") {
  REQUIRE(formats().size() >= 10);
  for (const Format& format : formats()) {
    int read = 0, refused = 0;
    std::vector<fs::path> files;
    for (const auto& file : fs::directory_iterator(fs::path("tests/fuzz/corpus") / format.name)) {
      files.push_back(file.path());
    }
    std::ranges::sort(files);
    for (const fs::path& file : files) {
      std::ifstream in(file, std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
      INFO(file.string());
      CHECK(complaint_about(format, bytes) == "");
      try {
        format.read(bytes);
        ++read;
      } catch (const std::exception&) {
        ++refused;
      }
    }
    INFO(std::string(format.name));
    CHECK(read >= 1);  // else the others may be refused for a reason that has nothing to do with them
    CHECK(refused >= 5);
  }
}
