// Folders of pictures: what is loaded is right, in memory and from the disk; what cannot be taken is refused.
#include "datasets/decode_picture.hpp"
#include "datasets/pictures.hpp"
#include "tests/unit/picture_files.hpp"

using namespace bijou_tests;

namespace {

std::string load_message(const fs::path& folder, const PictureOptions& pictures = {}) {
  return message<DataError>([&] { load_dataset(folder.string(), {.pictures = pictures}); });
}
std::string usage_message(const fs::path& folder, const PictureOptions& pictures) {
  return message<UsageError>([&] { load_dataset(folder.string(), {.pictures = pictures}); });
}

// Ten good pictures, and one more.
std::string with_one_more(const std::string& name, const std::string& content, const PictureOptions& pictures = {}) {
  const Folder folder;
  for (int k = 0; k < 10; ++k) folder.write(text("p", k, ".png"), png(8, 8, 3, pattern(8, 8, 3, k)));
  folder.write(name, content);
  return load_message(folder.path, pictures);
}

std::vector<Real> values(const Tensor& x, int64_t row) {
  const size_t size = static_cast<size_t>(x.shape().from(1).numel());
  const auto part = x.data().subspan(row * size, size);
  return {part.begin(), part.end()};
}
std::vector<Real> reals(const std::string& bytes) {
  std::vector<Real> out;
  for (const char c : bytes) out.push_back(static_cast<Real>(static_cast<unsigned char>(c)));
  return out;
}

std::multiset<std::vector<Real>> all_rows(const Dataset& d) {
  std::multiset<std::vector<Real>> rows;
  for (const Examples* part : {&d.train, &d.validation, &d.test})
    for (int64_t i = 0; i < part->size(); ++i) rows.insert(values(part->rows(i, i + 1), 0));
  return rows;
}

}  // namespace

TEST_CASE("datasets: a flat folder of pictures of all three formats") {
  const Folder folder;
  std::multiset<std::vector<Real>> expected;
  for (int k = 0; k < 20; ++k) {
    const std::string pixels = pattern(6, 4, 3, k);
    folder.write(text("p", k, k % 2 ? ".png" : ".BMP"), (k % 2 ? png : bmp)(6, 4, 3, pixels));
    expected.insert(reals(pixels));
  }
  folder.write("notes.txt", "not a picture");
  folder.write(".hidden.png", "not looked at");
  const Dataset d = load_dataset(folder.path.string());
  CHECK(d.train.x.shape() == Shape{16, 4, 6, 3});
  CHECK(d.validation.size() == 2);
  CHECK(d.test.size() == 2);
  CHECK(d.levels == 256);
  CHECK(d.classes == 0);
  CHECK(d.train.labels.empty());
  CHECK(all_rows(d) == expected);
  CHECK(equal(load_dataset(folder.path.string()).train.x, d.train.x));
  CHECK_FALSE(equal(load_dataset(folder.path.string(), {.split_seed = 1}).test.x, d.test.x));

  folder.write("p0.BMP", jpeg(6, 4, 3, std::string(6 * 4 * 3, '\x64')));  // the content tells, not the name
  const auto rows = all_rows(load_dataset(folder.path.string()));
  CHECK(rows.count(std::vector<Real>(6 * 4 * 3, 100)) == 1);
}

TEST_CASE("datasets: one folder a class, and parts of their own") {
  const Folder folder;
  const auto write = [&](const std::string& at, int count, int k) {
    for (int i = 0; i < count; ++i) folder.write(text(at, "/", i, ".png"), png(2, 2, 1, std::string(4, char(k))));
  };
  write("classes/zebra", 10, 3);
  write("classes/ape", 10, 1);
  write("classes/bee", 10, 2);
  fs::create_directories(folder.path / "classes/empty");
  const auto check_labels = [](const Dataset& d) {  // the pixel says which class it is
    for (const Examples* part : {&d.train, &d.validation, &d.test}) {
      REQUIRE(static_cast<int64_t>(part->labels.size()) == part->size());
      for (int64_t i = 0; i < part->size(); ++i) CHECK(part->x.data()[4 * i] == part->labels[i] + 1);
    }
  };
  const Dataset d = load_dataset((folder.path / "classes").string());
  CHECK(d.class_names == std::vector<std::string>{"ape", "bee", "zebra"});
  CHECK(d.classes == 3);
  CHECK(d.train.size() == 24);
  CHECK(d.example_shape() == Shape{2, 2, 1});
  check_labels(d);
  CHECK(std::set<int>(d.train.labels.begin(), d.train.labels.begin() + 12).size() == 3);  // in a random order

  for (const char* validation : {"valid", "val", "validation"}) {
    const std::string at = text("parts-", validation);
    write(at + "/train/ape", 11, 1);
    write(at + "/train/bee", 9, 2);
    write(at + "/" + validation + "/bee", 3, 2);
    write(at + "/test/ape", 4, 1);
    const Dataset parts = load_dataset((folder.path / at).string());
    CHECK(parts.train.size() == 20);
    CHECK(parts.validation.labels == std::vector<int>{1, 1, 1});
    CHECK(parts.test.labels == std::vector<int>{0, 0, 0, 0});
    check_labels(parts);
  }
  write("parts-val/test/cat", 1, 3);
  REFUSES(DataError, load_dataset((folder.path / "parts-val").string()), "test/cat", "training pictures do not have");
  write("parts-valid/val/bee", 3, 2);
  REFUSES(DataError, load_dataset((folder.path / "parts-valid").string()), "more than one of valid/");
  write("mixed/train/ape", 10, 1);
  write("mixed/test", 10, 1);
  REFUSES(DataError, load_dataset((folder.path / "mixed").string()), "folder for each class", "make them alike");
}

TEST_CASE("datasets: grey and colour") {
  const Folder folder;
  for (int k = 0; k < 10; ++k) folder.write(text(k, ".png"), png(4, 4, 1, pattern(4, 4, 1, k)));
  const std::string path = folder.path.string();
  CHECK(load_dataset(path).example_shape() == Shape{4, 4, 1});
  const Tensor colour = load_dataset(path, {.pictures = {.colour = true}}).train.x;
  CHECK(colour.shape() == Shape{8, 4, 4, 3});
  CHECK(colour.data()[0] == colour.data()[2]);
  folder.write("5.png", png(4, 4, 3, std::string(4 * 4 * 3, 'x')));
  CHECK(load_dataset(path).example_shape() == Shape{4, 4, 3});
  CHECK(load_dataset(path, {.pictures = {.grey = true}}).example_shape() == Shape{4, 4, 1});
  const Picture grey = to_grey({1, 1, 3, {200, 100, 50}});
  CHECK(grey.pixels[0] == 124);  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
}

TEST_CASE("datasets: what kinds of PNG are taken") {
  const std::string palette = chunk("PLTE", std::string("\x01\x02\x03\x0a\x0b\x0c", 6));
  const std::string rows("\0\0\1\0\1\0", 6);  // two rows of a filter byte and two pixels
  const Picture p = decode_picture(raw_png(2, 2, 8, 3, rows, palette), "p.png");
  CHECK(p.channels == 3);
  CHECK(p.pixels == std::vector<uint8_t>{1, 2, 3, 10, 11, 12, 10, 11, 12, 1, 2, 3});
  const Picture opaque = decode_picture(png(1, 2, 4,
                                            "abc\xff"
                                            "def\xff"),
                                        "o.png");
  CHECK(opaque.channels == 3);
  CHECK(opaque.pixels == std::vector<uint8_t>{'a', 'b', 'c', 'd', 'e', 'f'});

  REFUSES(DataError,
          decode_picture(png(1, 2, 4,
                             "abc\xff"
                             "def\x10"),
                         "a.png"),
          "a.png: has transparent", "background");
  REFUSES(DataError, decode_picture(raw_png(1, 1, 16, 0, std::string("\0ab", 3)), "d.png"), "d.png: has 16 bits",
          "-depth 8");
  const std::string wide = raw_png(30'000, 1, 8, 0, std::string(30'001, '\0'));
  REFUSES(DataError, decode_picture(wide, "w.png"), "w.png: is 30000 x 1 pixels", "longer than 16384", "smaller");
  const std::string huge = raw_png(16'000, 16'000, 8, 0, "nothing");
  REFUSES(DataError, decode_picture(huge, "h.png"), "16000 x 16000", "67108864 pixels are the most");
  REFUSES(DataError, decode_picture(raw_png(100, 100, 8, 0, "too little"), "l.png"), "l.png: cannot be decoded");
  // Compressed data that unpack to more than any picture holds.
  REFUSES(DataError, decode_picture(raw_png(1, 1, 8, 0, std::string(300'000'000, '\0')), "b.png"), "cannot be decoded");
}

TEST_CASE("datasets: a picture that cannot be taken, by name and remedy") {
  const auto says = [](const std::string& what, std::initializer_list<std::string> parts) {
    INFO(what);
    for (const std::string& part : parts) CHECK(has(what, part));
  };
  says(with_one_more("text.png", "hello, world"), {"text.png: is no PNG, JPEG or BMP", "\"hello, w\"", "take it out"});
  says(with_one_more("empty.png", ""), {"empty.png: is empty"});
  says(with_one_more("q.png", png(9, 8, 3, pattern(9, 8, 3))),
       {"q.png: is 9 x 8 pixels", "is 8 x 8", "must be of one size, or give --size N"});
  says(with_one_more("one.png", png(1, 1, 3, "abc")), {"one.png is 1 x 1", "--size"});
  const std::string inks("\xff\xd8\xff\xc0\0\x14\x08\0\x08\0\x08\x04", 12);
  says(with_one_more("inks.jpg", inks + std::string(20, '\1')), {"inks.jpg: is a JPEG of four inks (CMYK)", "sRGB"});
  says(with_one_more("thin.png", png(1, 4000, 3, pattern(1, 4000, 3)), {.size = 8}),
       {"thin.png: is 1 x 4000", "--size 8"});
  const Folder few;
  for (int k = 0; k < 9; ++k) few.write(text(k, ".png"), png(2, 2, 1, "abcd"));
  says(load_message(few.path), {"9 training pictures", "at least 10"});
  const Folder none;
  says(load_message(none.path), {none.path.string(), "is an empty folder", "PNG"});

  for (int k = 9; k < 12; ++k) few.write(text(k, ".png"), png(2, 2, 1, "abcd"));
  says(usage_message(few.path, {.random_crop = true}), {"--crop random: needs --size"});
  says(usage_message(few.path, {.grey = true, .colour = true}), {"--grey and --colour"});
  says(usage_message(few.path, {.size = 100'000}), {"--size 100000", "16384"});
  says(usage_message("digits", {.size = 8}), {"--size: is for a folder of pictures", "'digits'"});
  says(usage_message("digits", {.random_crop = true}), {"--crop random"});
}

TEST_CASE("datasets: resizing keeps what is constant, averages, and does nothing where it need not") {
  const std::string bytes = pattern(9, 7, 3);
  const Picture p{9, 7, 3, {bytes.begin(), bytes.end()}};
  CHECK(resize_shorter_side(p, 7).pixels == p.pixels);
  const Picture half = resize_shorter_side({12, 8, 1, std::vector<uint8_t>(96, 77)}, 4);
  CHECK(half.width == 6);
  CHECK(half.height == 4);
  CHECK(half.pixels == std::vector<uint8_t>(24, 77));
  CHECK(resize_shorter_side({1, 1, 3, {9, 8, 7}}, 2).pixels ==
        std::vector<uint8_t>{9, 8, 7, 9, 8, 7, 9, 8, 7, 9, 8, 7});
  // To half of it: pixels 0 .. 3 weigh 1/8, 3/8, 3/8, 1/8 at 2; at the border the filter is cut: 3, 3, 1 of 7.
  std::vector<uint8_t> ramp;
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x) ramp.push_back(static_cast<uint8_t>(x * x * 4));
  const Picture small = resize_shorter_side({8, 8, 1, ramp}, 4);
  CHECK(small.pixels[1] == 28);  // (4*1 + 3*16 + 3*36 + 64) / 8 = 28
  CHECK(small.pixels[0] == 4);   // (3*0 + 3*4 + 16) / 7 = 4
}

TEST_CASE("datasets: crops from the centre, and at random by epoch and example") {
  const Folder folder;
  constexpr int kWidth = 20, kHeight = 8;
  for (int k = 0; k < 20; ++k) folder.write(text(k, ".png"), png(kWidth, kHeight, 1, pattern(kWidth, kHeight, 1, k)));
  const std::string path = folder.path.string();
  const Dataset centre = load_dataset(path, {.pictures = {.size = 8}});
  CHECK(centre.train.x.shape() == Shape{16, 8, 8, 1});
  for (int64_t i = 0; i < 16; ++i) {  // the ramp goes on by 7 a column: the first column tells where the cut is
    const int first = static_cast<int>(centre.train.x.data()[64 * i]);
    CHECK((first - 7 * 6 + 256 * 2) % 256 % 13 >= 0);
    CHECK(static_cast<int>(centre.train.x.data()[64 * i + 1]) == (first + 7) % 256);
  }
  const Dataset random = load_dataset(path, {.pictures = {.size = 8, .random_crop = true}});
  CHECK(equal(random.train.x, centre.train.x));  // what is not training sees the centre
  CHECK(equal(random.test.x, centre.test.x));
  const Loader loader(random.train, 0, 4, 5);
  std::set<int> offsets;
  for (int64_t step = 0; step < 12; ++step) {
    const Batch batch = loader.batch(step);
    CHECK(equal(batch.x, Loader(random.train, 0, 4, 5).batch(step).x));
    for (int64_t r = 0; r < 4; ++r) {
      const int here = static_cast<int>(batch.x.data()[64 * r]);
      const int middle = static_cast<int>(centre.train.x.data()[64 * batch.index[r]]);
      for (int offset = -6; offset <= 6; ++offset)  // 7 columns' step has one solution within them
        if ((middle + 7 * offset + 512) % 256 == here) offsets.insert(offset);
    }
  }
  CHECK(offsets.size() > 8);  // of 13; 48 draws
  CHECK(*offsets.begin() >= -6);
  CHECK(offsets.count(-6) + offsets.count(6) >= 1);  // the borders are reached
}

TEST_CASE("datasets: pictures read from the disk give the bytes of those in memory") {
  const Folder folder;
  for (int k = 0; k < 30; ++k)
    folder.write(text(k % 2 ? "b/" : "a/", k, ".png"), png(12, 10 + k % 3, 3, pattern(12, 10 + k % 3, 3, k)));
  for (const bool crops : {false, true}) {
    PictureOptions o{.size = 8, .random_crop = crops};
    o.memory = 1 << 30;
    Dataset memory = load_dataset(folder.path.string(), {.pictures = o});
    o.memory = 1000;
    Dataset disk = load_dataset(folder.path.string(), {.pictures = o});
    CHECK(memory.train.x.defined());
    CHECK_FALSE(disk.train.x.defined());
    CHECK(disk.train.size() == 24);
    CHECK(disk.example_shape() == memory.example_shape());
    CHECK(disk.is_image());
    CHECK(equal(disk.test.rows(0, 3), memory.test.x));
    const auto same_batches = [&] {
      const Loader a(memory.train, memory.levels, 5, 3), b(disk.train, disk.levels, 5, 3);
      for (int64_t step = 0; step < 9; ++step) {
        const Batch x = a.batch(step), y = b.batch(step);
        CHECK(equal(x.x, y.x));
        CHECK(x.labels == y.labels);
        CHECK(x.index == y.index);
      }
    };
    same_batches();
    reduce_bits(memory, 5);
    reduce_bits(disk, 5);
    CHECK(equal(disk.test.rows(0, 3), memory.test.x));
    CHECK(std::ranges::max(disk.train.rows(0, 24).data()) <= 31);
    same_batches();
  }
}
