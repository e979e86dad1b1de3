// NumPy's files: every kind that is read gives the right numbers, every other is refused in one line, and broken ones
// neither crash nor take memory.
#include "datasets/arrays.hpp"
#include "datasets/npz.hpp"
#include "tests/unit/datasets_helpers.hpp"
#include "tests/unit/largest_allocation.hpp"

#include <bit>

using namespace bijou_tests;

namespace {

std::string bytes_of(uint64_t value, size_t count, bool big_endian = false) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += static_cast<char>(value >> 8 * (big_endian ? count - 1 - i : i) & 0xff);
  return out;
}

std::string header(const std::string& descr, const std::string& shape, const char* fortran = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

std::string npy_of(const std::string& words, const std::string& values, int version = 1) {
  return "\x93NUMPY" + bytes_of(version, 1) + bytes_of(0, 1) + bytes_of(words.size(), version == 1 ? 2 : 4) + words +
         values;
}

std::string npy(const std::string& dtype, const std::string& shape, const std::string& values,
                const char* fortran = "False", int version = 1) {
  return npy_of(header("'" + dtype + "'", shape, fortran), values, version);
}

template <class T>
std::string values_of(const std::vector<T>& values, bool big_endian = false) {
  using Bits = std::conditional_t<
      sizeof(T) == 8, uint64_t,
      std::conditional_t<sizeof(T) == 4, uint32_t, std::conditional_t<sizeof(T) == 2, uint16_t, uint8_t>>>;
  std::string out;
  for (const T v : values) out += bytes_of(std::bit_cast<Bits>(v), sizeof(T), big_endian);
  return out;
}

std::string table_npy(int64_t rows, int64_t columns, uint64_t seed = 0) {
  std::vector<float> values(static_cast<size_t>(rows * columns));
  Rng rng(seed);
  for (float& v : values) v = static_cast<float>(rng.normal());
  return npy("<f4", text("(", rows, ", ", columns, ")"), values_of(values));
}

std::string image_npy(const std::string& shape, size_t pixels) {
  std::string values;
  for (size_t i = 0; i < pixels; ++i) values += static_cast<char>(i * 37 % 251);
  return npy("|u1", shape, values);
}

struct Entry {
  std::string name, content;
  int method = 8, flags = 0;
};

std::string deflate_raw(const std::string& content) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
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

// `promised` is added to the unpacked length that the directory states.
std::string zip(const std::vector<Entry>& entries, int64_t promised = 0, const std::string& comment = "") {
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

std::vector<double> read(const std::string& content) { return parse_npy(content, "t").doubles(); }

}  // namespace

TEST_CASE("datasets: .npy, every type of number in either byte order") {
  const std::vector<double> expected = {1, 0, -2, 100, 7, -128};
  CHECK(read(npy("|i1", "(6,)", values_of<int8_t>({1, 0, -2, 100, 7, -128}))) == expected);
  for (const bool big : {false, true}) {
    const std::string order = big ? ">" : "<";
    CAPTURE(order);
    CHECK(read(npy(order + "i2", "(6,)", values_of<int16_t>({1, 0, -2, 100, 7, -128}, big))) == expected);
    CHECK(read(npy(order + "i4", "(6L,)", values_of<int32_t>({1, 0, -2, 100, 7, -128}, big))) == expected);
    CHECK(read(npy(order + "i8", "(6,)", values_of<int64_t>({1, 0, -2, 100, 7, -128}, big))) == expected);
    CHECK(read(npy(order + "f4", "(6,)", values_of<float>({1, 0, -2, 100, 7, -128}, big))) == expected);
    CHECK(read(npy(order + "f8", "(6,)", values_of<double>({1, 0, -2, 100, 7, -128}, big))) == expected);
    CHECK(read(npy(order + "u2", "(2,)", values_of<uint16_t>({65535, 2}, big))) == std::vector<double>{65535, 2});
    CHECK(read(npy(order + "u4", "(1,)", values_of<uint32_t>({4294967295}, big)))[0] == 4294967295.0);
    CHECK(read(npy(order + "u8", "(1,)", values_of<uint64_t>({1ull << 63}, big)))[0] == 0x1p63);
  }
  CHECK(read(npy("|u1", "(3,)", "\x01\x7f\xff")) == std::vector<double>{1, 127, 255});
  CHECK(read(npy("|b1", "(2,)", std::string("\x01\x00", 2))) == std::vector<double>{1, 0});
  CHECK(read(npy("|u1", "()", "\x05")) == std::vector<double>{5});
  for (const int version : {2, 3}) CHECK(read(npy("|u1", "(1,)", "\x09", "False", version))[0] == 9);
  const std::string any_order = "{\"shape\": (2,), 'descr': '|u1', 'fortran_order': False}";
  CHECK(read(npy_of(any_order, "ab")) == std::vector<double>{97, 98});
}

TEST_CASE("datasets: .npy, Fortran order is turned into C order") {
  std::vector<float> mixed(24);  // x[i, j, k] = 100 i + 10 j + k lies at i + 2 j + 6 k
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) mixed[i + 2 * j + 6 * k] = static_cast<float>(100 * i + 10 * j + k);
  const Tensor x = parse_npy(npy(">f4", "(2, 3, 4)", values_of(mixed, true), "True"), "t").tensor();
  CHECK(x.shape() == Shape{2, 3, 4});
  for (int i = 0; i < 24; ++i) CHECK(x.data()[i] == 100 * (i / 12) + 10 * (i / 4 % 3) + i % 4);
}

TEST_CASE("datasets: .npy, whole numbers, texts, and numbers beyond the scalar") {
  const auto integers = [](const std::string& content) { return parse_npy(content, "t").integers(); };
  CHECK(integers(npy("<i8", "(2,)", values_of<int64_t>({1ll << 40, -3}))) == std::vector<int64_t>{1ll << 40, -3});
  CHECK(integers(npy("<f8", "(1,)", values_of<double>({4}))) == std::vector<int64_t>{4});
  REFUSES(DataError, integers(npy("<f8", "(1,)", values_of<double>({0.5}))), "t: the value 0.5 is no whole number");
  REFUSES(DataError, integers(npy("<f8", "(1,)", values_of<double>({NAN}))), "no whole number");
  REFUSES(DataError, integers(npy("<u8", "(1,)", values_of<uint64_t>({~0ull}))), "too large");
  const std::string letters = values_of<uint32_t>({'h', 0xe9, 0x20ac, 0x1f600, 0}), four = values_of<uint32_t>({'a'});
  CHECK(parse_npy(npy("<U5", "()", letters), "t").words() == "h\u00e9\u20ac\U0001F600");
  CHECK(parse_npy(npy("|S3", "()", std::string("ab\0", 3)), "t").words() == "ab");
  REFUSES(DataError, read(npy("<U1", "()", four)), "t: holds text (<U1) where numbers are expected");
  REFUSES(DataError, parse_npy(npy("<f4", "()", four), "t").words(), "where one text is expected");
  REFUSES(DataError, parse_npy(npy("<U1", "()", "\xff\xff\xff\xff"), "t").words(), "its text is broken");
  const NumpyArray large = parse_npy(npy("<f8", "(2,)", values_of<double>({INFINITY, 1e39})), "t");
  if (sizeof(Real) == 4) REFUSES(DataError, large.tensor(), "t: the value 1e+39 does not fit in a float");
  CHECK(large.doubles() == std::vector<double>{INFINITY, 1e39});
}

TEST_CASE("datasets: .npy that is broken, or holds what is not read") {
  const auto refused = [](const std::string& content, auto... parts) {
    REFUSES(DataError, parse_npy(content, "x.npy"), "x.npy: ", parts...);
  };
  const std::string four = "abcd";
  refused("", "does not begin as .npy does", "np.save");
  refused("\x93NUMPY\x01", "ends within its header", "np.save");
  refused(npy("|u1", "(4,)", four).substr(0, 30), "ends within its header");
  refused(npy("|u1", "(4,)", four, "False", 4), "is of version 4; known are 1 to 3");
  refused(npy("|u1", "(5,)", four), "truncated: the header says [5] of |u1 = 5 bytes, found 4", "np.save");
  refused(npy("|u1", "(3,)", four), "too long: the header says [3] of |u1 = 3 bytes, found 4");
  refused(npy("<f8", "(4294967296, 4294967296, 4294967296)", four), "more than any file holds");
  refused(npy("<f8", "(4611686018427387904,)", four), "more than any file holds");
  refused(npy("|u1", "(1, 1, 1, 1, 1, 1, 1)", four), "more than 6 axes");
  refused(npy("|O", "(4,)", four), "holds pickled Python objects", "never run", "np.float32");
  refused(npy("<f2", "(2,)", four), "values of type \"<f2\" are not read", "np.float32");
  refused(npy("<c8", "(1,)", four), "\"<c8\" are not read");
  refused(npy("<M8[ns]", "(1,)", four), "\"<M8[ns]\" are not read");
  refused(npy("", "(1,)", four), "values of type \"\" are not read");
  refused(npy_of(header("[('a', '<f4')]", "(1,)"), four), "is a structured array", "structured_to_unstructured");
  refused(npy("|u1", "(-4,)", four), "its header cannot be read at character", "expected a size");
  refused(npy("|u1", "(4,", four), "its header cannot be read");
  refused(npy_of("{'descr': '|u1', 'shape': (4,)}", four), "should all be there");
  refused(npy_of("{'descr': '|u1', 'descr': '|u1'}", four), "\"descr\" is unknown, or there twice");
  refused(npy_of("{'descr': '|u1' 'shape': (4,)}", four), "a comma is missing");
  refused(npy_of(header("'|u1'", "(4,)", "1"), four), "expected True or False");
  refused(npy_of(header("'|u1'", "(4,)") + "x", four), "something follows the closing brace");
}

TEST_CASE("datasets: .npz, stored and deflated members") {
  const std::string x = table_npy(30, 3), y = npy("<i4", "(30,)", values_of(std::vector<int32_t>(30, 1)));
  for (const int method : {0, 8}) {
    const auto arrays = read_npz(zip({{"X.npy", x, method}, {"y.npy", y, method}}, 0, "a remark"), "t.npz");
    REQUIRE(arrays.size() == 2);
    CHECK(arrays.at("X").doubles() == read(x));
    CHECK(arrays.at("y").integers() == std::vector<int64_t>(30, 1));
    CHECK(arrays.at("y").name == "t.npz: \"y\"");
  }
  const std::string zeros = npy("|u1", "(1000000,)", std::string(1'000'000, '\0'));  // 1,000 to 1
  CHECK(read_npz(zip({{"x.npy", zeros}}), "t").at("x").doubles() == std::vector<double>(1'000'000, 0));
}

TEST_CASE("datasets: .npz that is broken, or holds what is not read") {
  const std::string x = table_npy(30, 3), good = zip({{"x.npy", x}});
  const auto refused = [](const std::string& content, auto... parts) {
    REFUSES(DataError, read_npz(content, "t.npz"), "t.npz: ", parts...);
  };
  refused(good.substr(0, good.size() - 1), "cut or broken", "end record is missing", "np.savez");
  refused("PK\x03\x04", "end record is missing");
  refused(zip({}), "holds no array");
  refused(zip({{"x.npy", x}, {"x.npy", x}}), "\"x.npy\" is there twice");
  refused(zip({{"archive/data.pkl", x}}), "\"archive/data.pkl\" is no .npy");
  refused(zip({{"x.npy", x, 8, 1}}), "\"x.npy\" is encrypted");
  refused(zip({{"x.npy", x, 12}}), "is packed by method 12; read are 0 (stored) and 8 (deflated)");
  refused(zip({{"o.npy", npy("|O", "(1,)", "pickle")}}), "\"o\": holds pickled Python objects");
  refused(zip({{"x.npy", x, 8}}, 1), "unpacks to 488 bytes, the directory says 489");
  refused(zip({{"x.npy", x, 8}}, -1), "the directory says");
  refused(zip({{"x.npy", x, 0}}, 1), "the directory says");
  std::string wrong = zip({{"x.npy", x, 0}});
  wrong[200] ^= 1;
  refused(wrong, "wrong checksum (CRC-32)", "copy the file again");
  wrong = good;
  wrong[60] = wrong[61] = '\xff';
  refused(wrong, "\"x.npy\" ");
  wrong = good;
  const size_t directory = good.find("PK\x01\x02"), end = good.find("PK\x05\x06");
  for (int i = 0; i < 4; ++i) wrong[directory + 24 + i] = '\xff';
  refused(wrong, "zip64");
  wrong = good;
  wrong[directory + 43] = '\x7f';
  refused(wrong, "is not where the directory says");
  wrong = good;
  wrong[directory + 21] = '\x7f';
  refused(wrong, "ends beyond the file's end");
  wrong = good;
  wrong[directory] = 'x';
  refused(wrong, "its directory is cut");
  wrong = good;
  wrong[end + 17] = '\x7f';
  refused(wrong, "its directory lies outside of the file");
  wrong = good;
  wrong[end + 10] = wrong[end + 11] = '\xff';
  refused(wrong, "zip64");

  const std::string bomb = zip({{"x.npy", npy("|u1", "(9000000,)", std::string(9'000'000, '\0'))}});
  REFUSES(DataError, read_npz(bomb, "bomb.npz", 1'000'000), "would unpack to more than 1000000 bytes");
  // What the directory promises is not believed: a megabyte of zeros that says that it is a hundred.
  const std::string liar = zip({{"x.npy", std::string(1'000'000, '\0')}}, 99'000'000);
  CHECK(memory_asked_for([&] { refused(liar, "unpacks to 1000000 bytes"); }) < 4'000'000);
}

TEST_CASE("datasets: .npy and .npz as tables, with labels") {
  const Folder folder;
  const std::string x = table_npy(40, 5);
  const Dataset d = load_dataset(folder.write("x.npy", x).string());
  CHECK(d.train.x.shape() == Shape{32, 5});
  CHECK(d.validation.size() == 4);
  CHECK(d.test.size() == 4);
  CHECK(d.levels == 0);
  CHECK(d.columns[4] == "column 5");
  DatasetOptions two;
  two.columns = "5,2";
  const Dataset chosen = load_dataset((folder.path / "x.npy").string(), two);
  for (int i = 0; i < 32; ++i) {
    CHECK(chosen.train.x.data()[2 * i] == d.train.x.data()[5 * i + 4]);
    CHECK(chosen.train.x.data()[2 * i + 1] == d.train.x.data()[5 * i + 1]);
  }

  std::vector<int64_t> numbers(40);
  for (int i = 0; i < 40; ++i) numbers[i] = i;
  const std::string y = npy("<i8", "(40,)", values_of(numbers));
  const Dataset named = load_dataset(folder.write("a.npz", zip({{"y.npy", y}, {"X.npy", x}})).string());
  CHECK(equal(named.train.x, d.train.x));
  CHECK(named.classes == 40);
  const std::vector<double> all = read(x);
  for (int i = 0; i < 32; ++i) CHECK(named.train.x.data()[5 * i] == static_cast<Real>(all[5 * named.train.labels[i]]));

  const auto load = [](const std::vector<Entry>& entries) { return load_npz(zip(entries), "t.npz"); };
  CHECK(load({{"y.npy", y}, {"measured.npy", x}}).train.size() == 32);
  CHECK(load({{"z.npy", x}, {"data.npy", table_npy(20, 2)}}).train.x.shape() == Shape{16, 2});
  REFUSES(DataError, load({{"a.npy", x}, {"b.npy", x}}), "which of its arrays", "\"a\" [40, 5], \"b\" [40, 5]", "X");
  const Dataset halves = load({{"X.npy", x}, {"y.npy", npy("<f4", "(40,)", values_of(std::vector<float>(40, 0.5F)))}});
  CHECK(halves.classes == 0);
  CHECK(halves.remark == "t.npz: \"y\" holds no class numbers 0 .. 9999 and is left out");
  REFUSES(DataError, load({{"X.npy", table_npy(20, 2)}, {"y.npy", y}}), "the shape [40] beside 20 examples");
  REFUSES(DataError, load_npy(y, "y.npy"), "the shape [40]; a table [rows, columns >= 2]");
  REFUSES(DataError, load_npy(table_npy(1, 3), "t"), "1 rows; at least 10");
  std::vector<double> holes(40, 1);
  for (int i = 0; i < 40; ++i) holes[i] = i;
  holes[7] = NAN;
  REFUSES(DataError, load_npy(npy("<f8", "(20, 2)", values_of(holes)), "t"), "t: row 4, column 2: nan is not finite");
  holes[7] = -INFINITY;
  REFUSES(DataError, load_npy(npy("<f8", "(20, 2)", values_of(holes)), "t"), "t: row 4, column 2: -inf is not finite");
  two.columns = "";
  two.separator = ";";
  REFUSES(UsageError, load_npy(x, "t.npy", two), "--separator is for tables of text");
}

TEST_CASE("datasets: .npy as images") {
  const Dataset grey = load_npy(image_npy("(20, 4, 3)", 240), "t.npy");
  CHECK(grey.train.x.shape() == Shape{16, 4, 3, 1});
  CHECK(grey.levels == 256);
  CHECK(load_npy(image_npy("(20, 2, 2, 3)", 240), "t.npy").test.x.shape() == Shape{2, 2, 2, 3});
  const auto refused = [](const std::string& content, auto... parts) {
    REFUSES(DataError, load_npy(content, "t.npy"), "t.npy: ", parts...);
  };
  refused(image_npy("(20, 3, 2, 5)", 600), "channels", "np.moveaxis(x, 1, -1)");
  refused(image_npy("(9, 2, 2)", 36), "9 images; at least 10");
  refused(image_npy("(20, 0, 2)", 0), "no size may be zero");
  refused(npy("<f4", "(10, 2, 2)", values_of(std::vector<float>(40))), "of <f4, where bytes", "np.uint8");
}

TEST_CASE("datasets: the parts of a set as arrays of their own") {
  const Folder folder;
  folder.write("set/train.npy", table_npy(30, 4, 1));
  folder.write("set/test.npy", table_npy(20, 4, 2));
  const std::string path = (folder.path / "set").string();
  const Dataset d = load_dataset(path);
  CHECK(d.train.x.shape() == Shape{27, 4});
  CHECK(d.validation.size() == 3);
  CHECK(equal(d.test.x, parse_npy(table_npy(20, 4, 2), "t").tensor()));
  folder.write("set/val.npy", table_npy(11, 4, 3));
  CHECK(load_dataset(path).validation.size() == 11);
  CHECK(equal(load_dataset(path).train.x, parse_npy(table_npy(30, 4, 1), "t").tensor()));
  folder.write("set/val.npy", table_npy(11, 3, 3));
  REFUSES(DataError, load_dataset(path), "training examples are [4], others [3]");
  folder.write("set/val.npy", image_npy("(20, 4, 3)", 240));
  REFUSES(DataError, load_dataset(path), "val.npy: has the shape [20, 4, 3], unlike the training part's");
  fs::remove(folder.path / "set/train.npy");
  REFUSES(DataError, load_dataset(path), "set: has no train.npy beside its other parts");

  const std::string labels = npy("|u1", "(20,)", std::string(20, '\x03'));
  const Dataset images = load_npz(zip({{"x_train.npy", image_npy("(20, 4, 3)", 240)},
                                       {"y_train.npy", labels},
                                       {"x_test.npy", image_npy("(10, 4, 3)", 120)}}),
                                  "mnist.npz");
  CHECK(images.train.x.shape() == Shape{18, 4, 3, 1});
  CHECK(images.test.size() == 10);
  CHECK(images.classes == 4);
}

namespace {

// Cut at 50 places and with 200 flipped bytes, a file is read or refused as data (or usage: a table's size), and never
// asks for more than four times its size, or for what zlib and a message need in any case.
void torture(const std::string& good, const std::function<void(const std::string&)>& load) {
  load(good);
  Rng rng(11);
  int refused = 0;
  const auto try_one = [&](const std::string& content) {
    const size_t asked = memory_asked_for([&] {
      try {
        load(content);
      } catch (const DataError& e) {
        ++refused;
        CHECK(std::string(e.what()).starts_with("broken"));
        CHECK(std::string(e.what()).find('\n') == std::string::npos);
      }
    });
    INFO("a file of ", content.size(), " bytes asked for ", asked);
    CHECK(asked <= std::max<size_t>(4 * content.size(), 4096));
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

TEST_CASE("datasets: NumPy's files of the shared data folder") {
  const std::string folder = shared_data();
  if (folder.empty() || !fs::exists(folder + "/anomaly/22_magic.gamma.npz")) {
    MESSAGE("skipped: no shared data folder with anomaly/22_magic.gamma.npz (BIJOU_SHARED or ../shared)");
    return;
  }
  const Dataset magic = load_dataset(folder + "/anomaly/22_magic.gamma.npz");
  CHECK(magic.train.x.shape() == Shape{15216, 10});
  CHECK(magic.classes == 2);
  const Dataset boone = load_dataset(folder + "/tabular/miniboone/val.npy");
  CHECK(boone.train.size() + boone.validation.size() + boone.test.size() == 3284);
  CHECK(boone.dimensions() == 43);
  REFUSES(DataError, load_dataset(folder + "/tabular/miniboone"), "has no train.npy");
}
