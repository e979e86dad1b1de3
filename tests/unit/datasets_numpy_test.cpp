// NumPy's files: every kind that is read gives the right numbers, and every other is refused in one line.
#include "datasets/arrays.hpp"
#include "datasets/npz.hpp"
#include "tests/unit/largest_allocation.hpp"
#include "tests/unit/numpy_files.hpp"

using namespace bijou_tests;

namespace {

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
  const NumpyArray nothing = parse_npy(npy("<U0", "(4611686018427387903, 2)", ""), "t");  // it fits: 0 bytes
  REFUSES(DataError, nothing.tensor(), "t: holds text (<U0)");
  REFUSES(DataError, nothing.doubles(), "t: holds text (<U0)");
  REFUSES(DataError, nothing.integers(), "t: holds text (<U0)");
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
  refused(zip({{"x.npy", x, 8}}, 1), "unpacks to 431 bytes, the directory says 432");
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
