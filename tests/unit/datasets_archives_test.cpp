// SHA-256, tar archives, CIFAR-10 from its archive; and what damaged pictures and archives do.
#include "datasets/decode_picture.hpp"
#include "datasets/sha256.hpp"
#include "datasets/tar.hpp"
#include "tests/unit/picture_files.hpp"

#include <sys/resource.h>

using namespace bijou_tests;

TEST_CASE("datasets: SHA-256 of NIST's examples") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(
      sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
             "nopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  const std::string million(1'000'000, 'a');
  const char* expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
  CHECK(sha256(million) == expected);
  for (const size_t piece : {1, 63, 64, 65, 1000}) {
    Sha256 sum;
    for (size_t at = 0; at < million.size(); at += piece) sum.add(std::string_view(million).substr(at, piece));
    CHECK(sum.hex() == expected);
  }
}

namespace {

std::string octal(uint64_t value, size_t digits) {
  std::string out(digits, '0');
  for (size_t i = digits; i-- > 0; value /= 8) out[i] = static_cast<char>('0' + value % 8);
  return out;
}
void put(std::string& header, size_t at, const std::string& what) { header.replace(at, what.size(), what); }

std::string signed_header(std::string header) {
  put(header, 148, std::string(8, ' '));
  uint64_t sum = 0;
  for (const unsigned char c : header) sum += c;
  put(header, 148, octal(sum, 6) + std::string("\0 ", 2));
  return header;
}
std::string header_of(const std::string& name, uint64_t size, char kind = '0') {
  std::string header(512, '\0');
  put(header, 0, name);
  put(header, 124, octal(size, 11));
  header[156] = kind;
  put(header, 257,
      std::string("ustar\0"
                  "00",
                  8));
  return signed_header(header);
}
std::string member(const std::string& name, const std::string& data, char kind = '0') {
  return header_of(name, data.size(), kind) + data + std::string((512 - data.size() % 512) % 512, '\0');
}
const std::string kEnd(1024, '\0');

std::string records(int label, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(label) + pattern(32, 32, 3, i);
  return bytes;
}
std::string cifar_archive() {
  std::string tar = member("c/", "", '5');
  for (int b = 1; b <= 5; ++b) tar += member(text("c/data_batch_", b, ".bin"), records(b, 4));
  return tar + member("c/readme.html", "hello") + member("c/test_batch.bin", records(7, 3)) + kEnd;
}

}  // namespace

TEST_CASE("datasets: tar archives") {
  const std::string long_data(1000, 'x');
  const std::string tar = member("folder/", "", '5') + member("folder/a", "hello") + member("link", "", '2') +
                          member("remark", "27 path=something", 'x') + member("b", long_data) + member("none", "") +
                          kEnd;
  CHECK(looks_like_tar(tar));
  CHECK_FALSE(looks_like_tar("ustar"));
  const std::vector<TarMember> members = read_tar(tar, "t.tar");
  REQUIRE(members.size() == 3);
  CHECK(members[0].name == "folder/a");
  CHECK(members[0].data == "hello");
  CHECK(members[1].data == long_data);
  CHECK(members[2].data.empty());
  std::string header = header_of("a", 0);
  put(header, 345, "first/part");
  CHECK(read_tar(signed_header(header) + kEnd, "t")[0].name == "first/part/a");
  put(header, 257, std::string("ustar  \0", 8));  // GNU tar's older form has no such part
  CHECK(read_tar(signed_header(header) + kEnd, "t")[0].name == "a");

  std::string broken = tar;
  broken[512] ^= 1;
  REFUSES(DataError, read_tar(broken, "t.tar"), "t.tar: ", "checksum of the header at byte 512", "download it again");
  REFUSES(DataError, read_tar(tar.substr(0, tar.size() - 1024), "t.tar"), "ends early");
  REFUSES(DataError, read_tar(header_of("a", 1 << 30) + "abc", "t"), "a file of 1073741824 bytes begins at byte 512");
  header = header_of("a", 0);
  put(header, 124, "12345678x");
  REFUSES(DataError, read_tar(signed_header(header), "t"), "at byte 0 has no size");
  put(header, 124, "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");  // GNU's way for 8 GB and more
  REFUSES(DataError, read_tar(signed_header(header), "t"), "has no size");
}

TEST_CASE("datasets: CIFAR-10 from its archive, and its pickled form") {
  const Folder folder;
  const fs::path packed = folder.write("cifar-10-binary.tar.gz", gzip(cifar_archive()));
  const Dataset d = load_dataset(packed.string());
  CHECK(d.name == packed.string());
  CHECK(d.train.x.shape() == Shape{18, 32, 32, 3});
  CHECK(d.train.labels[0] == 1);
  CHECK(d.train.labels[17] == 5);
  CHECK(d.test.labels == std::vector<int>{7, 7, 7});
  for (const char* name : {"cifar10", "cifar-10"}) {
    const Dataset named = load_dataset(name, {.data_dir = folder.path.string()});
    CHECK(named.name == "cifar10");
    CHECK(equal(named.train.x, d.train.x));
  }
  const Folder pickled;
  pickled.write("cifar-10-batches-py/data_batch_1", "\x80\x02}q");
  const char* const right = "cifar-10-binary.tar.gz";
  REFUSES(DataError, load_dataset((pickled.path / "cifar-10-batches-py").string()), "pickled for Python", right);
  REFUSES(DataError, load_dataset("cifar10", {.data_dir = pickled.path.string()}), "pickled for Python", right);
  const fs::path py = pickled.write("py.tar.gz", gzip(member("cifar-10-batches-py/data_batch_1", "\x80\x02}q") + kEnd));
  REFUSES(DataError, load_dataset(py.string()), "py.tar.gz: is CIFAR-10 pickled", right);
  const fs::path other = folder.write("other.tar", member("x/y", "z") + kEnd);
  REFUSES(DataError, load_dataset(other.string()), "other.tar: has none of data_batch_1.bin");
}

// ---- damage ---------------------------------------------------------------------------------------------------------

namespace {

// While this lives, the process may not grow by more than so many bytes: what allocates more gets std::bad_alloc.
struct MemoryLimit {
  rlimit before{};
  explicit MemoryLimit(size_t more) {
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    getrlimit(RLIMIT_AS, &before);
    rlimit now = before;
    now.rlim_cur = static_cast<rlim_t>(pages) * sysconf(_SC_PAGESIZE) + more;
    setrlimit(RLIMIT_AS, &now);
  }
  ~MemoryLimit() { setrlimit(RLIMIT_AS, &before); }
};

// Reads it cut at 50 places and with 200 bytes changed, each. Every cut is refused; a change may pass where the format
// has no checksum. Nothing but a DataError of one line is thrown. Returns how many changes passed.
int damage(const std::string& content, size_t limit, const std::function<void(const std::string&)>& read) {
  Rng rng(11, stream("damage"));
  const MemoryLimit while_reading(4 * content.size() + limit);
  const auto outcome = [&](const std::string& bytes) {  // "no error", or the message
    return message<DataError>([&] { read(bytes); });
  };
  CHECK(outcome(content) == "no error");
  for (int i = 0; i < 50; ++i) {
    const size_t at = rng.below(content.size());
    const std::string what = outcome(content.substr(0, at));
    CAPTURE(at);
    CAPTURE(what);
    CHECK(what != "no error");
    CHECK_FALSE(has(what, "another error"));
  }
  int passed = 0;
  for (int i = 0; i < 200; ++i) {
    std::string bytes = content;
    const size_t at = rng.below(content.size());
    bytes[at] ^= static_cast<char>(1 + rng.below(255));
    const std::string what = outcome(bytes);
    CAPTURE(at);
    CAPTURE(what);
    CHECK_FALSE(has(what, "another error"));
    passed += what == "no error";
  }
  return passed;
}

constexpr size_t kSlack = size_t{64} << 20;                 // what the allocator asks for at once
constexpr size_t kPixels = size_t{10} * (size_t{1} << 26);  // decoding may take this for a picture of the most pixels

}  // namespace

TEST_CASE("datasets: damaged pictures") {
  const std::string pixels = pattern(40, 30, 3);
  const auto decode = [](const std::string& bytes) { decode_picture(bytes, "p"); };
  CHECK(damage(png(40, 30, 3, pixels), kPixels + kSlack, decode) == 0);  // every byte stands under a checksum
  damage(jpeg(40, 30, 3, pixels), kPixels + kSlack, decode);
  damage(jpeg(40, 30, 1, pattern(40, 30, 1)), kPixels + kSlack, decode);
  damage(bmp(40, 30, 3, pixels), kPixels + kSlack, decode);
  damage(bmp(40, 30, 4, pattern(40, 30, 3) + std::string(1200, '\xff')), kPixels + kSlack, [&](const std::string& b) {
    try {
      decode_picture(b, "p");
    } catch (const DataError& e) {
      if (!has(e.what(), "transparent")) throw;
    }
  });
}

TEST_CASE("datasets: damaged archives and records") {
  const Folder folder;
  const auto load = [&](const std::string& bytes) { load_dataset(folder.write("c.tar.gz", bytes).string()); };
  const std::string tar = cifar_archive();
  CHECK(damage(gzip(tar), kSlack, load) <= 12);  // gzip's own header and name have no checksum
  damage(tar.substr(0, tar.size() - 512), kSlack, [&](const std::string& bytes) { read_tar(bytes, "c.tar"); });

  folder.write("bin/test_batch.bin", records(3, 2));
  damage(records(1, 12), kSlack, [&](const std::string& bytes) {
    folder.write("bin/data_batch_1.bin", bytes);
    load_dataset((folder.path / "bin").string());
  });
}
