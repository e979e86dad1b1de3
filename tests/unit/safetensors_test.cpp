// Checkpoint files: what is written comes back, to the byte; what is damaged is refused in one clear line.
#include "nn/safetensors.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

constexpr bool kDouble = sizeof(Real) == sizeof(double);

struct Folder {  // one of our own, removed at the end
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "safetensors-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) names.push_back(entry.path().filename());
    return names;
  }
  fs::path path;
};

void put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), std::ssize(bytes));
}
std::string get(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), std::data(values), bytes.size());
  return bytes;
}
std::string packed(const std::string& header, const std::string& data = "") {
  return bytes_of<uint64_t>({header.size()}) + header + data;
}

// What the error says; it is one line and names the file.
template <class E, class Function>
std::string complaint(const std::string& path, const Function& function) {
  try {
    function();
  } catch (const E& e) {
    std::string what = e.what();
    CHECK(what.find('\n') == std::string::npos);
    CHECK_MESSAGE(what.find("'" + path + "'") != std::string::npos, what);
    return what;
  }
  return "no complaint";
}
std::string refusal(const std::string& path) {
  return complaint<CheckpointError>(path, [&] { read_safetensors(path); });
}
void check_says(const std::string& what, const std::string& part) {
  CHECK_MESSAGE(what.find(part) != std::string::npos, "'", what, "' does not say '", part, "'");
}

TensorFile sample() {
  Rng rng(1, 2);
  TensorFile file;
  file.tensors = {{"levels.0.steps.3.actnorm.logs", Tensor::randn({3}, rng)},
                  {"rank.0", Tensor::scalar(-1.5)},
                  {"größe \"λ\" 🎲\n\t\\", Tensor::randn({2, 3}, rng)},
                  {"empty", Tensor::zeros({4, 0, 2})},
                  {"", Tensor::randn({2, 1, 2}, rng)},
                  {"conv.weight", Tensor::randn({3, 3, 2, 5}, rng)},
                  {"five", Tensor::randn({1, 2, 1, 2, 1}, rng)},
                  {"six", Tensor::randn({1, 2, 1, 2, 1, 3}, rng)},
                  {"large", Tensor::randn({123, 457}, rng)}};
  file.metadata = {{"format", "bijou"}, {"config", "{\"levels\": 3}\n"}, {"größe", ""}, {"dtype", "text"}};
  return file;
}

}  // namespace

TEST_CASE("safetensors: what is written comes back, by name") {
  const Folder folder;
  const TensorFile file = sample();
  write_safetensors(folder / "a.safetensors", file);
  const TensorFile back = read_safetensors(folder / "a.safetensors");
  CHECK(back.path == folder / "a.safetensors");
  CHECK(back.metadata == file.metadata);
  REQUIRE(back.tensors.size() == file.tensors.size());
  CHECK(std::ranges::is_sorted(back.tensors, {}, [](const auto& named) { return named.first; }));
  for (const auto& named : file.tensors) {
    CAPTURE(named.first);
    const Tensor& tensor = back.at(named.first);
    CHECK(tensor.shape() == named.second.shape());
    CHECK(std::ranges::equal(tensor.data(), named.second.data()));
    CHECK(tensor.unique());
  }

  TensorFile reversed = file;
  std::ranges::reverse(reversed.tensors);
  write_safetensors(folder / "b.safetensors", reversed);
  CHECK(get(folder / "a.safetensors") == get(folder / "b.safetensors"));

  const std::string what = complaint<CheckpointError>(back.path, [&] { back.at("levels.9.weight"); });
  check_says(what, "no tensor 'levels.9.weight' among its 9");
}

TEST_CASE("safetensors: the bytes are those of the format") {
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  TensorFile file;
  file.tensors = {{"b", Tensor::from({2, 1}, {1, -2})}, {"a", Tensor::scalar(0.5)}};
  file.metadata = {{"epoch", "7"}};
  write_safetensors(path, file);
  const std::string header =
      kDouble ? R"({"__metadata__":{"epoch":"7"},"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
                R"("b":{"dtype":"F64","shape":[2,1],"data_offsets":[8,24]}}      )"
              : R"({"__metadata__":{"epoch":"7"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                R"("b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]}}      )";
  const std::string length{'\x90', 0, 0, 0, 0, 0, 0, 0};
  const std::string data = kDouble ? std::string(
                                         "\0\0\0\0\0\0\xE0\x3F"
                                         "\0\0\0\0\0\0\xF0\x3F"
                                         "\0\0\0\0\0\0\0\xC0",
                                         24)
                                   : std::string(
                                         "\0\0\0\x3F"
                                         "\0\0\x80\x3F"
                                         "\0\0\0\xC0",
                                         12);
  CHECK(get(path) == length + header + data);

  write_safetensors(path, {});
  CHECK(get(path) == packed("{}      "));
  CHECK(read_safetensors(path).tensors.empty());
  write_safetensors(path, {{}, {{"a", "b"}}});
  CHECK(get(path) == packed("{\"__metadata__\":{\"a\":\"b\"}}      "));
  CHECK(read_safetensors(path).metadata.at("a") == "b");
}

TEST_CASE("safetensors: the element types of others are converted") {
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  const auto values = [&](const std::string& dtype, size_t count, const std::string& data) {
    const std::string offsets = text("[0,", data.size(), "]");
    put(path, packed(text(R"({"a":{"data_offsets":)", offsets, R"(,"dtype":")", dtype, R"(","shape":[)", count, "]}}"),
                     data));
    const TensorFile file = read_safetensors(path);
    return std::vector<double>(file.at("a").data().begin(), file.at("a").data().end());
  };
  using V = std::vector<double>;
  CHECK(values("F64", 3, bytes_of<double>({1, -0.5, 1024})) == V{1, -0.5, 1024});
  CHECK(values("F32", 2, bytes_of<float>({1, -0.25})) == V{1, -0.25});
  CHECK(values("F16", 6, bytes_of<uint16_t>({0x3C00, 0xC000, 0x0001, 0x83FF, 0x0400, 0x7BFF})) ==
        V{1, -2, 0x1p-24, -1023 * 0x1p-24, 0x1p-14, 65504});
  CHECK(std::signbit(values("F16", 1, bytes_of<uint16_t>({0x8000}))[0]));
  CHECK(values("BF16", 3, bytes_of<uint16_t>({0x3F80, 0xC040, 0x0000})) == V{1, -3, 0});
  CHECK(values("I64", 2, bytes_of<int64_t>({-3, 1 << 24})) == V{-3, 1 << 24});
  CHECK(values("I32", 2, bytes_of<int32_t>({-3, 70000})) == V{-3, 70000});
  CHECK(values("U8", 3, bytes_of<uint8_t>({0, 1, 255})) == V{0, 1, 255});
  CHECK(values("BOOL", 3, bytes_of<uint8_t>({0, 1, 255})) == V{0, 1, 1});

  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [&](const char* dtype, size_t count, const std::string& data, const char* part) {
    check_says(complaint<CheckpointError>(path, [&] { values(dtype, count, data); }), part);
  };
  refused("F64", 2, bytes_of<double>({1, nan}), "tensor 'a' of dtype F64 and shape [2] holds nan");
  refused("F32", 2, bytes_of<float>({-float(inf), 1}), "at element 0; use an earlier checkpoint");
  refused("F16", 1, bytes_of<uint16_t>({0x7C00}), "holds inf");
  refused("F16", 1, bytes_of<uint16_t>({0x7C01}), "nan");
  refused("BF16", 1, bytes_of<uint16_t>({0x7F80}), "holds inf");
  const std::string zeros(99'999 * sizeof(float), '\0');  // beyond the first piece that is converted
  refused("F32", 100'000, zeros + bytes_of<float>({float(nan)}), "at element 99999");
  if (!kDouble) refused("F64", 1, bytes_of<double>({1e300}), "holds inf (as float)");
}

TEST_CASE("safetensors: a file that is not one is refused") {
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  check_says(refusal(path), "cannot be opened: No such file or directory; check the path");
  check_says(refusal(path + "/b"), "cannot be opened");
  check_says(refusal(folder.path.string()), "is a folder; name a checkpoint");
  check_says(refusal("/dev/null"), "is not a regular file");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_says(refusal(folder / "pipe"), "is not a regular file");
  put(path, "");
  check_says(refusal(path), "has 0 bytes, at least 8 are needed; the file is damaged or not");
  put(path, "1234567");
  check_says(refusal(path), "has 7 bytes");
  put(path, bytes_of<uint64_t>({9}) + "{}      ");
  check_says(refusal(path), "announces a header of 9 bytes, but only 8 follow");
  put(path, bytes_of<uint64_t>({UINT64_MAX}) + "{}");
  check_says(refusal(path), "announces a header of 18446744073709551615 bytes, but only 2 follow");
  put(path, bytes_of<uint64_t>({100'000'001}) + "{}");
  fs::resize_file(path, 100'000'100);  // a hole: it takes no room on the disk
  check_says(refusal(path), "its header of 100000001 bytes is over the limit, 100000000");
}

TEST_CASE("safetensors: a header that lies is refused") {
  struct Case {
    std::string header, data, says;
  };
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  const auto tensor = [](const std::string& fields) { return "{\"a\":{" + fields + "}}"; };
  const auto shape = [&](const std::string& sizes, const std::string& dtype = "U8") {
    return tensor("\"dtype\":\"" + dtype + "\",\"shape\":" + sizes + ",\"data_offsets\":[0,4]");
  };
  const auto offsets = [&](const std::string& range) {
    return tensor("\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + range);
  };
  const auto second = [&](const std::string& range) {
    return "{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":" + range + "}," + a + "}";
  };
  const std::string nested(100'000, '['), braces(100'000, '{');
  const Case cases[] = {
      {"", "", "the header is not a JSON object"},
      {"[1]", "", "the header is not a JSON object"},
      {" {}", "", "the header is not a JSON object"},
      {nested, "", "the header is not a JSON object"},
      {"{\"a\":" + nested, "", "'a': expected an object, got a list"},
      {"{\"a\":{\"shape\":" + nested, "", "'a', field 'shape': expected whole numbers from 0 on, got a list"},
      {braces, "", "not valid JSON at its byte 2"},
      {"{" + a, "1234", "the header is not valid JSON at its byte 53"},
      {"{" + a + "}}", "1234", "not valid JSON at its byte 54"},
      {"{" + a + "}" + std::string(3, '\0'), "1234", "not valid JSON at its byte 54"},
      {"{\"\xFF\":1}", "", "not valid JSON at its byte 3"},
      {"{\"a\":\"\\uD800\"}", "", "not valid JSON"},
      {shape("[1e999]"), "1234", "not valid JSON"},
      {"{" + a + "," + a + "}", "1234", "the name 'a' comes twice"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", "", "the name '__metadata__' comes twice"},
      {"{\"__metadata__\":{\"k\":\"v\",\"k\":\"v\"}}", "", "the name 'k' comes twice"},
      {"{\"__metadata__\":{\"k\":7}}", "", "'__metadata__', field 'k': expected a string, got 7"},
      {"{\"__metadata__\":{\"k\":{}}}", "", "expected a string, got an object"},
      {"{\"__metadata__\":{\"k\":[\"v\"]}}", "", "expected a string, got a list"},
      {"{\"__metadata__\":{\"k\":null}}", "", "expected a string, got null"},
      {"{\"__metadata__\":\"v\"}", "", "'__metadata__': expected an object, got 'v'"},
      {"{\"a\":true}", "", "'a': expected an object, got true"},
      {"{\"a\":{}}", "", "tensor 'a': dtype, shape or data_offsets are missing"},
      {tensor(R"("dtype":"U8","shape":[4])"), "1234", "tensor 'a': dtype, shape or data_offsets are missing"},
      {tensor(R"("dtype":"U8","dtype":"U8","shape":[4])"), "1234", "the name 'dtype' comes twice"},
      {tensor(R"("dtype":"U8","stride":[4])"), "1234", "unknown field 'stride'"},
      {tensor(R"("dtype":8)"), "", "'a', field 'dtype': expected a string, got 8"},
      {tensor(R"("shape":4)"), "", "'a', field 'shape': expected a list, got 4"},
      {tensor(R"("shape":"4")"), "", "'a', field 'shape': expected a list, got '4'"},
      {shape("[4]", "C64"), "1234", "tensor 'a' has dtype 'C64', which Bijou does not read; convert it"},
      {shape("[4]", "\\u001b[31m\\n" + std::string(200, 'x')), "1234", "dtype '?[31m?xxx"},
      {shape("[-4]"), "1234", "expected whole numbers from 0 on, got -4"},
      {shape("[4.0]"), "1234", "expected whole numbers from 0 on, got 4.0"},
      {shape("[\"4\"]"), "1234", "expected whole numbers from 0 on, got '4'"},
      {shape("[18446744073709551616]"), "1234", "got 18446744073709551616"},
      {shape("[9223372036854775808]"), "1234", "the size 9223372036854775808 is too large"},
      {shape("[1,1,1,1,1,1,4]"), "1234", "tensor 'a': its shape has more than 6 axes"},
      {shape("[4294967296,4294967296]"), "1234", "shape [4294967296, 4294967296] is too large"},
      {shape("[9223372036854775807]", "F32"), "1234", "shape [9223372036854775807] is too large"},
      {shape("[4611686018427387905]", "F32"), "1234", "[4611686018427387905] is too large"},  // 2^64 + 4
      {shape("[4294967296,4294967296,0]"), "1234", "is too large"},
      {shape("[0,4294967296,4294967296]"), "1234", "is too large"},
      {shape("[5]"), "1234", "shape [5] of U8 needs 5 bytes, but data_offsets [0, 4] hold 4"},
      {shape("[4]", "F32"), "1234", "shape [4] of F32 needs 16 bytes"},
      {shape("[4,0]"), "1234", "needs 0 bytes"},
      {shape("[1000000000000]"), "1234", "needs 1000000000000 bytes, but data_offsets [0, 4] hold 4"},
      {offsets("[0]"), "1234", "tensor 'a': data_offsets are not [begin, end]"},
      {offsets("[0,4,4]"), "1234", "tensor 'a': data_offsets are not [begin, end]"},
      {offsets("[4,0]"), "1234", "data_offsets [4, 0] run backwards"},
      {offsets("[-1,3]"), "1234", "expected whole numbers from 0 on, got -1"},
      {offsets("[1,5]"), "1234", "data_offsets [1, 5] go past the 4 bytes of data in the file"},
      {offsets("[0,18446744073709551615]"), "1234", "go past the 4 bytes"},
      {offsets("[1,5]"), "12345", "tensor 'a': data_offsets [1, 5] leave a hole from 0"},
      {second("[3,5]"), "12345", "'b': data_offsets [3, 5] overlap the tensor before it, which ends at 4"},
      {second("[0,2]"), "1234", "overlap"},
      {second("[5,7]"), "1234567", "'b': data_offsets [5, 7] leave a hole from 4"},
      {second("[4,6]"), "1234567", "1 bytes follow the last tensor, which ends at 6"},
      {"{}", "1", "1 bytes follow the last tensor, which ends at 0"},
  };
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  for (const Case& c : cases) {
    CAPTURE(c.header.substr(0, 200));
    put(path, packed(c.header, c.data));
    const std::string what = refusal(path);
    check_says(what, c.says);
    CHECK(what.size() < path.size() + 400);
  }
  put(path, packed(second("[4,6]"), "123456"));  // and the same without a lie is read
  CHECK(read_safetensors(path).at("b").data()[1] == '6');
}

TEST_CASE("safetensors: damaged files never crash the reader") {
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  TensorFile file = sample();
  std::erase_if(file.tensors, [](const auto& named) { return named.first == "large"; });
  write_safetensors(path, file);
  const std::string whole = get(path);
  const size_t header = 8 + whole.find("}}") + 2;
  std::mt19937_64 random(2024);
  for (int i = 0; i < 200; ++i) {  // half of them in the header
    std::string bytes = whole;
    const size_t at = random() % (i % 2 ? header : bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    put(path, bytes);
    CAPTURE(at);
    try {
      read_safetensors(path);
    } catch (const CheckpointError& e) {
      CHECK(std::string(e.what()).find('\n') == std::string::npos);
    }
  }
  for (int i = 0; i < 50; ++i) {
    const size_t length = random() % (i % 2 ? header : whole.size());
    put(path, whole.substr(0, length));
    CAPTURE(length);
    CHECK_THROWS_AS(read_safetensors(path), CheckpointError);
  }
}

TEST_CASE("safetensors: what cannot be written leaves the earlier file and nothing else") {
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  TensorFile file;
  file.tensors = {{"a", Tensor::zeros({100'000})}};
  const auto fails = [&](const std::string& to, const std::string& part) {
    check_says(complaint<StorageError>(to, [&] { write_safetensors(to, file); }), part);
  };
  put(path, "earlier");
  fails("/dev/full", "it is not a regular file; choose another name");
  CHECK(fs::is_character_file("/dev/full"));
  fails(folder.path.string(), "it is a folder; choose another name");
  fails(folder / "missing/a", "No such file or directory; choose a folder that exists");
  fails(path + "/a", "Not a directory");
  fails("", "");

  rlimit before{};  // a full disk: no file may grow beyond 64 kB
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{1 << 16, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  std::string what = "no complaint";
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  try {
    write_safetensors(path, file);
  } catch (const StorageError& e) {
    what = e.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  check_says(what, "cannot write '" + path + "': File too large; free some space or choose another disk");

  const bool root = ::geteuid() == 0;  // whom no folder is closed to
  fs::permissions(folder.path, fs::perms::owner_read | fs::perms::owner_exec);
  if (!root || ::seteuid(65534) == 0) fails(path, "Permission denied; choose a folder");
  if (root) REQUIRE(::seteuid(0) == 0);
  fs::permissions(folder.path, fs::perms::owner_all);

  CHECK(folder.files() == std::vector<std::string>{"a.safetensors"});
  CHECK(get(path) == "earlier");
}

TEST_CASE("safetensors: what the reader would refuse is not written") {
  const Folder folder;
  const std::string path = folder / "a.safetensors";
  put(path, "earlier");
  const Tensor one = Tensor::scalar(1), inf = Tensor::scalar(std::numeric_limits<double>::infinity());
  using Tensors = std::vector<std::pair<std::string, Tensor>>;
  CHECK_THROWS_AS(write_safetensors(path, {Tensors{{"a", inf}}, {}}), NonFiniteError);
  CHECK_THROWS_AS(write_safetensors(path, {Tensors{{"a", one}, {"b", one}, {"a", one}}, {}}), ValueError);
  CHECK_THROWS_AS(write_safetensors(path, {Tensors{{"__metadata__", one}}, {}}), ValueError);
  CHECK_THROWS_AS(write_safetensors(path, {Tensors{{"a", Tensor()}}, {}}), ValueError);
  CHECK_THROWS_AS(write_safetensors(path, {Tensors{{"\xFF", one}}, {}}), ValueError);
  CHECK_THROWS_AS(write_safetensors(path, {{}, {{"k", "\xC3"}}}), ValueError);
  CHECK(get(path) == "earlier");
  CHECK(folder.files().size() == 1);

  write_safetensors(path, {Tensors{{"a", one}, {"b", one}}, {}});  // shared numbers are no obstacle
  CHECK(read_safetensors(path).at("b").item() == 1);
  CHECK(folder.files().size() == 1);
  fs::create_symlink(path, folder / "link");  // replaced, not followed
  write_safetensors(folder / "link", {});
  CHECK(fs::is_regular_file(fs::symlink_status(folder / "link")));
  CHECK(read_safetensors(path).tensors.size() == 2);
}

}  // namespace bijou
