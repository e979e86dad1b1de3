#include "datasets/idx.hpp"
#include "tests/fuzz/format.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

void read(const std::string& bytes) {
  if (!bytes.starts_with(std::string("\0\0\x08\x01", 4))) load_idx_file(bytes, "input");
  else read_idx_labels(MemoryFile(bytes).path());
}

const Registered idx({.name = "idx", .read = read, .documented = is_one_of<DataError>, .least = 1 << 14});

}  // namespace
