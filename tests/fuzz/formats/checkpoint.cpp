// A checkpoint of a model: the tensors, and the configuration that says what they are.
#include "flows/checkpoint.hpp"

#include "tests/fuzz/format.hpp"
#include "tests/fuzz/formats/safetensors_header.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

// What a model of any file may take in any case: the lists of places of a small example (flows/checkpoint.cpp).
const Registered checkpoint({.name = "checkpoint",
                             .read = [](const std::string& bytes) { load_flow(MemoryFile(bytes).path()); },
                             .documented = is_one_of<CheckpointError>,
                             .factor = 256,
                             .least = 1 << 21,
                             .repair = repair_header_length});

}  // namespace
