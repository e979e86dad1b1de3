// Files that are forged rather than damaged: each promises what its reader has no room for. Most were found by fuzzing.
#include "apps/config.hpp"
#include "datasets/decode_picture.hpp"
#include "datasets/npy.hpp"
#include "datasets/table.hpp"
#include "flows/checkpoint.hpp"
#include "nn/safetensors.hpp"
#include "tests/fuzz/format.hpp"
#include "tests/unit/largest_allocation.hpp"
#include "tests/unit/numpy_files.hpp"

using namespace bijou_tests;

namespace {

std::string file_of(const std::string& name) {
  std::ifstream in("tests/fuzz/corpus/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A safetensors file of this header and these data.
std::string safetensors(const std::string& header, const std::string& data = "") {
  return bytes_of(header.size(), 8) + header + data;
}

// A checkpoint with this configuration, and eight zeros for its weights.
std::string checkpoint(const std::string& model, std::string config) {
  for (size_t at = 0; (at = config.find('"', at)) != std::string::npos; at += 2) config.insert(at, "\\");
  return safetensors(R"({"__metadata__":{"format":"bijou","format_version":"2","model":")" + model + R"(","config":")" +
                         config + R"("},"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}})",
                     std::string(32, '\0'));
}

std::string nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("forged: an npy of texts without bytes cannot have any shape") {
  const std::string shape = "(4611686018427387904, 4611686018427387904)";
  REFUSES(DataError, parse_npy(npy("|S0", shape, ""), "a.npy"), "a.npy: the header says", "more than any file holds");
}

TEST_CASE("forged: a Huffman table of a JPEG has no more codes than its decoder has room for") {
  for (const char* name : {"huffman_355.jpg", "huffman_355_late.jpg"})
    REFUSES(DataError, decode_picture(file_of(text("picture/", name)), "a.jpg"), "a.jpg: is broken: the Huffman table",
            "has 355 codes");
  REFUSES(DataError, decode_picture(file_of("picture/huffman_cut.jpg"), "a.jpg"), "a.jpg: ends early");
  CHECK(decode_picture(file_of("picture/grey.jpg"), "a.jpg").width == 17);
}

TEST_CASE("forged: the decoder's words are printed without the file's control characters") {
  REFUSES(DataError, decode_picture(file_of("picture/chunk_of_control_characters.png"), "a.png"), "(???A PNG chunk");
}

TEST_CASE("forged: a line of nothing but commas takes no more than four times the file") {
  const std::string commas(size_t{2} << 20, ',');
  const auto try_one = [&](const std::string& table, const std::string& says) {
    const size_t asked = memory_asked_for([&] { REFUSES(DataError, parse_table(table, "a.csv"), says); });
    CHECK(asked <= 4 * commas.size());
  };
  try_one(commas, "a.csv:1: 2097153 columns; at most 65536 are read");
  try_one("1,2\n" + commas, "a.csv:2:2097153: this row has 2097153 cells, the first has 2");
}

TEST_CASE("forged: a header of many tensors without values takes no more than four times the file") {
  const std::string content = file_of("safetensors/tiny_tensors");
  const MemoryFile file(content);
  const size_t asked = memory_asked_for([&] { CHECK(read_safetensors(file.path()).tensors.size() == 70); });
  CHECK(asked <= std::max<size_t>(8192, 4 * content.size()));
}

TEST_CASE("forged: a small file is read with little memory") {
  const MemoryFile file("1,2\n");
  CHECK(memory_asked_for([&] { CHECK(read_file(file.path()) == "1,2\n"); }) <= 8192);
}

TEST_CASE("forged: a checkpoint's configuration cannot ask for more than the file's weights are worth") {
  const auto said = [](const std::string& model, const std::string& config) {
    const MemoryFile file(checkpoint(model, config));
    std::string what;
    CHECK(memory_asked_for([&] { what = message<CheckpointError>([&] { load_flow(file.path()); }); }) < 4'000'000);
    return what;
  };
  const std::string data = R"("levels":0,"low":0,"alpha":0,"standardize":)";
  const std::string realnvp = R"({"input":[4],)" + data + R"(false,"couplings":9,"hidden":[)";
  CHECK(has(said("realnvp", realnvp + "4000,4000]}"), "asks for more weights than the file holds"));
  CHECK(has(said("realnvp", R"({"input":[4],)" + data + R"(false,"couplings":2000000000,"hidden":[4]})"),
            "asks for more weights than the file holds"));
  CHECK(has(said("realnvp", realnvp + "2]}"), "does not fit the model it describes"));
  CHECK(has(said("realnvp", R"({"input":[1099511627776],)" + data + R"(true,"couplings":1,"hidden":[1]})"),
            "asks for more weights than the file holds"));
  CHECK(has(said("nice", R"({"input":[4],)" + data + R"(false,"whitening":"none","halves":"odd_even",)" +
                             R"("depths":[2147483647],"width":1,"prior":"logistic","scale_from_data":false})"),
            "a depth must be at most 1000"));
  CHECK(has(said("realnvp", R"({"input":)" + nested(100'000) + "}"), "nested deeper than 16 at byte 25"));
}

TEST_CASE("storage: a limit on what a thread's tensors may take, which ends with its scope") {
  {
    const StorageLimit limit(4096);
    const Tensor fits({512});
    CHECK(has(message<StorageError>([] { Tensor({1024}); }), "beyond the limit"));
    const Tensor second({256});
  }
  CHECK(Tensor({4096}).numel() == 4096);
}

TEST_CASE("forged: a configuration's numbers are whole where they are counts, and within range") {
  const auto said = [](const std::string& json) {
    const MemoryFile file(json);
    TrainOptions options;
    return message<UsageError>([&] { read_config(file.path(), options); });
  };
  CHECK(has(said(R"({"bits":1e30})"), "\"bits\" cannot be 1e+30"));
  CHECK(has(said(R"({"bits":5.5})"), "\"bits\" cannot be 5.5"));
  CHECK(has(said(R"({"bits":4294967301})"), "\"bits\" cannot be 4294967301"));
  CHECK(has(said(R"({"training":{"epochs":1.5}})"), "\"epochs\" cannot be 1.5"));
  CHECK(has(said(R"({"training":{"seed":-1}})"), "\"seed\" cannot be -1"));
  CHECK(has(said(R"({"training":{"batch_size":18446744073709551615}})"), "batch_size cannot be 18446744073709551615"));
  CHECK(has(said(R"({"pictures":{"size":4294967328}})"), "\"size\" cannot be 4294967328"));
  CHECK(has(said(R"({"pictures":{"size":-1}})"), "\"size\" cannot be negative"));
  CHECK(has(said(R"({"data_options":{"columns":3}})"), "what it says of the data's options cannot be read"));
  CHECK(has(said("{\"a\\nb\": 1}"), "\"a?b\": 1 is not understood"));
  CHECK(has(said("{\"model\": \x7f}"), "last read"));
  CHECK(has(said("{\"data\":" + nested(200'000) + "}"), "nested deeper than 16 at byte 24"));
  CHECK(has(said("{\"data\":\"" + std::string(2'000'000, 'x') + "\"}"), "a configuration has at most 1048576"));
  CHECK(said(R"({"pictures":{"size":0},"bits":5,"training":{"epochs":2,"seed":18446744073709551615}})") == "no error");
}
