#include "datasets/npy.hpp"

#include "datasets/arrays.hpp"
#include "tests/fuzz/format.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

void read(const std::string& bytes) {
  const NumpyArray array = parse_npy(bytes, "input.npy");
  if (!array.is_number()) {
    array.words();
    return;
  }
  if (array.is_integer() && array.shape.rank() == 1) array.integers();
  array.doubles();
  load_npy(bytes, "input.npy");
}

// A byte becomes a double or a whole number of eight bytes.
const Registered npy({.name = "npy", .read = read, .documented = is_one_of<DataError>, .factor = 8});

}  // namespace
