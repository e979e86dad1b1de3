// Files of data that are cut, and such with flipped bytes: no crash, no hang, no memory beyond what they could hold.
#include "datasets/arrays.hpp"
#include "tests/unit/numpy_files.hpp"
#include "tests/unit/torture.hpp"

using namespace bijou_tests;

namespace {

constexpr size_t kHead = 120;

}  // namespace

TEST_CASE("datasets: cut files and flipped bytes") {
  SUBCASE("npy of floats") {
    torture(table_npy(300, 4), "broken.npy", kHead, [](const auto& c) { load_npy(c, "broken.npy"); });
  }
  SUBCASE("npy of images") {
    torture(image_npy("(40, 8, 8)", 2560), "broken.npy", kHead, [](const auto& c) { load_npy(c, "broken.npy"); });
  }
  const std::vector<Entry> members = {{"X.npy", table_npy(300, 4)}, {"y.npy", image_npy("(300,)", 300), 0}};
  SUBCASE("npz") {
    torture(zip(members), "broken.npz", kHead, [](const auto& c) { load_npz(c, "broken.npz"); });
  }
  SUBCASE("csv") {
    std::string table = "a,b,c\n";
    Rng rng(3);
    for (int i = 0; i < 200; ++i) table += text(rng.normal(), ",", rng.normal(), ",", rng.normal(), "\n");
    torture(table, "broken.csv", kHead, [](const auto& c) { load_table(c, "broken.csv"); });
  }
  SUBCASE("csv of single digits") {
    std::string table;
    for (int i = 0; i < 500; ++i) table += text(i % 7, ",", i % 9, "\n");
    torture(table, "broken.csv", kHead, [](const auto& c) { load_table(c, "broken.csv"); });
  }
  SUBCASE("idx") {
    torture(idx(2051, {40, 8, 8}, 2560), "broken", kHead, [](const auto& c) { load_idx_file(c, "broken"); });
  }
  SUBCASE("idx of labels") {
    const Folder folder;
    torture(
        idx(2049, {2000}, 2000), "broken-labels", kHead,
        [&](const auto& c) { read_idx_labels(folder.write("broken-labels", c)); }, kStream);
  }
  Rng noise(5);
  const auto random_bytes = [&](size_t count) {
    std::string bytes(count, '\0');
    for (char& c : bytes) c = static_cast<char>(noise.below(256));
    return bytes;
  };
  SUBCASE("idx, gzipped") {
    const Folder folder;
    torture(
        gzip(idx(2051, {40, 8, 8}, 0) + random_bytes(2560)), "broken.gz", kHead,
        [&](const auto& c) { load_dataset(folder.write("broken.gz", c).string()); }, kStream);
  }
  SUBCASE("CIFAR-10's records") {
    const Folder folder;
    const auto records = [&](int count) {
      std::string bytes;
      for (int i = 0; i < count; ++i) bytes += static_cast<char>(i % 10) + random_bytes(3072);
      return bytes;
    };
    folder.write("broken/test_batch.bin", records(1));
    torture(
        records(12), "broken/data_batch_1.bin", 1,
        [&](const auto& c) {
          folder.write("broken/data_batch_1.bin", c);
          load_dataset((folder.path / "broken").string());
        },
        kStream);
  }
}
