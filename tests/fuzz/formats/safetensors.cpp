#include "nn/safetensors.hpp"

#include "tests/fuzz/format.hpp"
#include "tests/fuzz/formats/safetensors_header.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

const Registered safetensors({.name = "safetensors",
                              .read = [](const std::string& bytes) { read_safetensors(MemoryFile(bytes).path()); },
                              .documented = is_one_of<CheckpointError>,
                              .least = 8192,  // an ifstream's buffer
                              .repair = repair_header_length});

}  // namespace
