// Tables of text, as they are and with noise.
#include "datasets/table.hpp"
#include "tests/fuzz/format.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

void read(const std::string& bytes) {
  load_table(bytes, "input.csv");
  load_table(bytes, "input.csv", {.dequantise = true});
}

// A comma is an empty cell, and a column needs a name.
const Registered csv({.name = "csv", .read = read, .documented = is_one_of<DataError>, .factor = 64});

}  // namespace
