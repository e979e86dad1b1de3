// Checkpoints, flight records and other programs' state dictionaries that are cut, changed or forged.
#include "apps/flight_record.hpp"
#include "apps/loop_state.hpp"
#include "apps/options.hpp"
#include "nn/safetensors.hpp"
#include "tests/unit/numpy_files.hpp"
#include "tests/unit/torture.hpp"

#include <iostream>
#include <sstream>

using namespace bijou_tests;

namespace {

constexpr const char* kName = "broken.safetensors";

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
size_t header_of(const std::string& checkpoint) {
  uint64_t length = 0;
  std::copy_n(checkpoint.data(), sizeof length, reinterpret_cast<char*>(&length));
  return sizeof length + length;
}

// With everything in it that a training leaves there: where it stood, and what it says of its data.
std::string checkpoint_bytes(const Folder& folder, const FlowConfig& config) {
  const auto model = build_flow(config, 3);
  LoopState loop;
  loop.step = 40, loop.best = 2.5, loop.best_epoch = 1, loop.best_step = 20;
  loop.history = {{1, 3.5, 2.5}, {2, 3.25, 2.75}};
  save_flow(folder.path / kName, *model, config,
            {{"loop", to_json(loop)}, {"step", "40"}, {"data_options", R"({"columns":"1-3","dequantise":[0.5,0,1]})"}},
            {{"optimizer.first", Tensor::zeros({50})}});
  return content_of(folder.path / kName);
}

void load_all_of(const std::string& path) {
  const SavedFlow saved = load_flow(path);
  const auto said = [&](const char* key) { return saved.metadata.contains(key) ? saved.metadata.at(key) : ""; };
  loop_state_from_json(said("loop"), path);
  data_options_from_json(said("data_options"), {}, path);
}

// What a command prints is of no interest here.
struct Silence {
  std::ostringstream heard;
  std::streambuf* before = std::cout.rdbuf(heard.rdbuf());
  Silence() = default;
  Silence(const Silence&) = delete;
  ~Silence() { std::cout.rdbuf(before); }
};

const RealNVPConfig kTable{.data = {.input = {3}, .alpha = 0}, .couplings = 2, .hidden = {64, 64}};

}  // namespace

TEST_CASE("broken: checkpoints") {
  const Folder folder;
  const auto load = [&](const std::string& c) { load_all_of(folder.write(kName, c).string()); };
  const auto try_all = [&](const FlowConfig& config) {
    const std::string good = checkpoint_bytes(folder, config);
    torture(good, kName, header_of(good), load, kStream);
  };
  SUBCASE("RealNVP of a table") { try_all(kTable); }
  SUBCASE("NICE of images") {
    try_all(NICEConfig{.data = {.input = {4, 4, 1}, .levels = 16, .alpha = 0}, .depths = {2, 2}, .width = 32});
  }
  SUBCASE("Glow of images") {
    try_all(GlowConfig{.data = {.input = {8, 8, 1}, .levels = 16}, .scales = 2, .steps = 2, .width = 16});
  }
}

// A forged number is the worst that a change can do: all digits of the header become others.
TEST_CASE("broken: every digit of a checkpoint's header") {
  const Folder folder;
  const std::string good = checkpoint_bytes(folder, kTable);
  size_t refused = 0;
  for (size_t at = sizeof(uint64_t); at < header_of(good); ++at) {
    if (good[at] < '0' || good[at] > '9') continue;
    std::string forged = good;
    forged[at] = good[at] == '9' ? '1' : '9';
    const std::string path = folder.write(kName, forged).string();
    std::string what;
    const size_t asked = memory_asked_for([&] {
      try {
        load_all_of(path);
      } catch (const CheckpointError& e) {
        what = e.what();
      }
    });
    INFO("digit ", at, " asked for ", asked, ": ", what);
    CHECK((what.empty() || has(what, kName)));
    CHECK(asked <= 8 * good.size());  // nine couplings, where there are two
    refused += !what.empty();
  }
  CHECK(refused >= 100);
}

TEST_CASE("broken: flight records") {
  const Folder folder;
  const auto model = build_flow(kTable, 3);
  Rng rng(4);
  FlightRecord r;
  r.batch = {Tensor::randn({8, 3}, rng), {}, {0, 1, 2, 3, 4, 5, 6, 7}, 1};
  r.epoch = 2, r.step = 30, r.learning_rate = 0.5, r.what = "the loss is inf";
  r.last = {{28, 3.5, 1, 0.5, false}, {29, 3.25, 1e9, 0.5, true}};
  const std::string path = (folder.path / kName).string();
  const auto written = [&] {
    write_flight_record(path, r, *model, kTable, {});
    return content_of(path);
  };
  const auto read = [&] { return read_flight_record(load_flow(path), path); };
  const std::string good = written();
  torture(
      good, kName, header_of(good),
      [&](const std::string& c) {
        folder.write(kName, c);
        read();
      },
      kStream);
  folder.write(kName, good);
  CHECK(read().what == r.what);
  CHECK(read().last.back().gradient_norm == 1e9);

  // A batch that the model cannot take.
  const FlightRecord before = r;
  r.batch.x = Tensor::randn({8, 4}, rng);
  written();
  REFUSES(CheckpointError, read(), kName, "its batch is [8, 4], the model is for examples [3]", "whole");
  r = before;
  r.batch.index.pop_back();
  written();
  REFUSES(CheckpointError, read(), kName, "8 examples, 7 numbers");
  checkpoint_bytes(folder, kTable);
  REFUSES(CheckpointError, read(), kName, "no flight record", "flight/");
  const GlowConfig by_class{.data = {.input = {3}, .alpha = 0}, .steps = 1, .classes = 2, .hidden = {8}};
  const auto glow = build_flow(by_class, 3);
  r = before;
  r.batch.labels = {0, 1, 0, 1, 0, 1, 0, 2};
  write_flight_record(path, r, *glow, by_class, {});
  REFUSES(CheckpointError, read(), kName, "a label 2", "0 to 1");
  r.batch.labels.clear();
  write_flight_record(path, r, *glow, by_class, {});
  REFUSES(CheckpointError, read(), kName, "0 labels");
}

TEST_CASE("broken: a layer that refuses to compute is diagnosed as any other") {
  const GlowConfig config{.data = {.input = {3}, .alpha = 0}, .steps = 1, .hidden = {8}};
  const auto model = build_flow(config, 3);
  for (const auto& p : model->parameters())
    if (p.name.ends_with("log_s")) p.variable->set_value(Tensor::full(p.variable->shape(), 1e30));
  Rng rng(4);
  const Batch batch{Tensor::randn({4, 3}, rng), {}, {0, 1, 2, 3}, 1};
  const std::string what = diagnose(*model, batch, [&] { return -mean(model->log_prob(batch.x)); });
  INFO(what);
  CHECK(has(what, "its scale 0 is inf"));
  CHECK(has(what, "operation exp gave a value that is not finite"));
  CHECK(has(what, "no example of the batch has a density"));
}

TEST_CASE("broken: where a training stood") {
  const auto refused = [](const std::string& json) {
    REFUSES(CheckpointError, loop_state_from_json(json, "x.safetensors"), "x.safetensors", "go on from another");
  };
  LoopState loop;
  loop.step = 4, loop.best = 2.5, loop.best_epoch = 1, loop.best_step = 2;
  const std::string good = to_json(loop);
  CHECK(loop_state_from_json(good, "x").best == 2.5);
  for (size_t keep = 0; keep < good.size(); ++keep) refused(good.substr(0, keep));
  refused("[]");
  refused(R"({"step":-1,"sums":{"steps":0,"clipped":0,"nll":0,"gradient_norm":0},"best":null,"best_epoch":0,)"
          R"("best_step":0,"history":[]})");
  refused(R"({"step":4,"sums":{"steps":0,"clipped":0,"nll":0,"gradient_norm":0},"best":1,"best_epoch":0,)"
          R"("best_step":5,"history":[]})");
  refused(R"({"step":4,"sums":{"steps":0,"clipped":0,"nll":0,"gradient_norm":0},"best":1,"best_epoch":0,)"
          R"("best_step":4,"history":[[1,2]]})");
}

TEST_CASE("broken: state dictionaries of others") {
  const Folder folder;
  const std::string oracle = "tests/oracles/nice_nflows.safetensors", prefix = "param:";
  TensorFile state;
  std::vector<Entry> members;
  for (const auto& [name, tensor] : read_safetensors(oracle).tensors) {
    if (!name.starts_with(prefix)) continue;
    state.tensors.emplace_back(name.substr(prefix.size()), tensor);
    std::string shape, values;
    for (const int64_t n : tensor.shape()) shape += text(n, ",");
    for (const Real v : tensor.data()) {
      const auto number = static_cast<float>(v);
      values.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    members.push_back({name.substr(prefix.size()) + ".npy", npy("<f4", "(" + shape + ")", values)});
  }
  const auto import_it = [&](const std::string& name, const std::string& content) {
    const Silence silence;
    import_model({.file = folder.write(name, content).string(),
                  .from = "nflows",
                  .out = (folder.path / "imported.safetensors").string(),
                  .size = {},
                  .levels = {},
                  .set = {}});
  };
  SUBCASE("safetensors") {
    write_safetensors(folder.path / kName, state);
    const std::string good = content_of(folder.path / kName);
    torture(
        good, kName, header_of(good), [&](const std::string& c) { import_it(kName, c); }, kStream);
  }
  SUBCASE("npz") {
    torture(
        zip(members), "broken.npz", 120, [&](const std::string& c) { import_it("broken.npz", c); }, kStream);
  }
}
