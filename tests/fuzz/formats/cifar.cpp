// One batch of records, ten times for training and once for testing: a single record is a data set.
#include "datasets/cifar.hpp"

#include "tests/fuzz/format.hpp"
#include "tests/fuzz/formats/tar_headers.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

void read(const std::string& bytes) {
  std::string ten;
  for (int i = 0; i < 10; ++i) ten += bytes;
  const std::string archive =
      tar_member("data_batch_1.bin", ten) + tar_member("test_batch.bin", bytes) + std::string(1024, '\0');
  load_cifar10_tar(archive, "input", "input");
}

// The archive and its tensors are thirteen inputs together, and the headers.
const Registered cifar(
    {.name = "cifar", .read = read, .documented = is_one_of<DataError>, .factor = 4 * 13, .least = 1 << 14});

}  // namespace
