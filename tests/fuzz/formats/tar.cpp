// Archives of CIFAR-10's binary files, gzipped or not.
#include "datasets/cifar.hpp"
#include "datasets/file.hpp"
#include "tests/fuzz/format.hpp"
#include "tests/fuzz/formats/tar_headers.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

constexpr size_t kMost = 1 << 20;  // unpacked

void read(const std::string& bytes) {
  if (!bytes.starts_with("\x1f\x8b")) {
    load_cifar10_tar(bytes, "input", "input");
    return;
  }
  const std::span packed(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  load_cifar10_tar(unpack_gzip(packed, "input", kMost), "input", "input");
}

// Every block that says "ustar", or begins the archive, is taken for a header.
void repair(std::span<unsigned char> bytes) {
  if (bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) return;
  for (size_t at = 0; at + kTarBlock <= bytes.size(); at += kTarBlock) {
    const auto header = bytes.subspan(at, kTarBlock);
    if (at == 0 || header[257] == 'u') put_tar_checksum(header);
  }
}

// What is unpacked goes into a string that doubles, and then into tensors.
const Registered tar(
    {.name = "tar", .read = read, .documented = is_one_of<DataError>, .least = 4 * kMost, .repair = repair});

}  // namespace
