// Files of data that are cut, and such with flipped bytes: no crash, no hang, no memory beyond what they could hold.
#include "datasets/arrays.hpp"
#include "tests/unit/largest_allocation.hpp"
#include "tests/unit/numpy_files.hpp"

using namespace bijou_tests;

namespace {

// Cut at 50 places and with 200 flipped bytes, a file is read or refused as data, and what is refused never asks for
// more than four times the file's size, or for what a message needs in any case. (What is read becomes tensors, of
// the whole and of the parts.)
void torture(const std::string& good, const std::function<void(const std::string&)>& load) {
  load(good);
  Rng rng(11);
  int refused = 0;
  const auto try_one = [&](const std::string& content) {
    bool read = false;
    const size_t asked = memory_asked_for([&] {
      try {
        load(content);
        read = true;
      } catch (const DataError& e) {
        ++refused;
        CHECK(std::string(e.what()).starts_with("broken"));
        CHECK(std::string(e.what()).find('\n') == std::string::npos);
      }
    });
    INFO("a file of ", content.size(), " bytes asked for ", asked);
    CHECK((read ? largest_allocation() : asked) <= std::max<size_t>(4 * content.size(), 4096));
  };
  for (int i = 0; i < 50; ++i) try_one(good.substr(0, rng.below(good.size())));
  for (int i = 0; i < 200; ++i) {
    std::string flipped = good;
    flipped[rng.below(flipped.size())] ^= static_cast<char>(1 + rng.below(255));
    if (i % 2 == 0) flipped[rng.below(std::min<size_t>(flipped.size(), 120))] ^= static_cast<char>(1 + rng.below(255));
    try_one(flipped);
  }
  CHECK(refused >= 20);
}

}  // namespace

TEST_CASE("datasets: cut files and flipped bytes") {
  SUBCASE("npy of floats") {
    torture(table_npy(300, 4), [](const auto& c) { load_npy(c, "broken.npy"); });
  }
  SUBCASE("npy of images") {
    torture(image_npy("(40, 8, 8)", 2560), [](const auto& c) { load_npy(c, "broken.npy"); });
  }
  const std::vector<Entry> members = {{"X.npy", table_npy(300, 4)}, {"y.npy", image_npy("(300,)", 300), 0}};
  SUBCASE("npz") {
    torture(zip(members), [](const auto& c) { load_npz(c, "broken.npz"); });
  }
  SUBCASE("csv") {
    std::string table = "a,b,c\n";
    Rng rng(3);
    for (int i = 0; i < 200; ++i) table += text(rng.normal(), ",", rng.normal(), ",", rng.normal(), "\n");
    torture(table, [](const auto& c) { load_table(c, "broken.csv"); });
  }
  SUBCASE("csv of single digits") {
    std::string table;
    for (int i = 0; i < 500; ++i) table += text(i % 7, ",", i % 9, "\n");
    torture(table, [](const auto& c) { load_table(c, "broken.csv"); });
  }
  SUBCASE("idx") {
    torture(idx(2051, {40, 8, 8}, 2560), [](const auto& c) { load_idx_file(c, "broken"); });
  }
}
