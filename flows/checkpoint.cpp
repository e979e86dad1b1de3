#include "flows/checkpoint.hpp"

#include "nn/safetensors.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace bijou::inline BIJOU_SCALAR {

using nlohmann::ordered_json;

std::string config_to_json(const RealNVPConfig& c) {
  ordered_json j;
  j["input"] = std::vector<int64_t>(c.input.begin(), c.input.end());
  j["levels"] = c.levels;
  j["alpha"] = c.alpha;
  j["standardize"] = c.standardize;
  if (c.input.rank() == 3) {
    j["scales"] = c.scales;
    j["features"] = c.features;
    j["blocks"] = c.blocks;
  } else {
    j["couplings"] = c.couplings;
    j["hidden"] = c.hidden;
  }
  return j.dump();
}

RealNVPConfig config_from_json(const std::string& json, const std::string& where) {
  try {
    const auto j = ordered_json::parse(json);
    const auto dims = j.at("input").get<std::vector<int64_t>>();
    RealNVPConfig c{.input = Shape(std::span<const int64_t>(dims))};
    c.levels = j.at("levels");
    c.alpha = j.at("alpha");
    c.standardize = j.at("standardize");
    c.scales = j.value("scales", c.scales);
    c.features = j.value("features", c.features);
    c.blocks = j.value("blocks", c.blocks);
    c.couplings = j.value("couplings", c.couplings);
    c.hidden = j.value("hidden", c.hidden);
    return c;
  } catch (const std::exception& e) {
    fail<CheckpointError>(where, ": its configuration cannot be read (", e.what(),
                          "); was it written by another program?");
  }
}

void save_flow(const std::string& path, const FlowModel& model, const RealNVPConfig& config,
               std::map<std::string, std::string> metadata) {
  TensorFile file;
  for (const auto& p : model.parameters()) file.tensors.emplace_back(p.name, p.variable->value());
  for (const auto& b : model.buffers()) file.tensors.emplace_back(b.name, *b.tensor);
  metadata["format"] = "bijou";
  metadata["format_version"] = "1";
  metadata["model"] = "realnvp";
  metadata["config"] = config_to_json(config);
  file.metadata = std::move(metadata);
  write_safetensors(path, file);
}

namespace {

// Puts the file's tensors into the module; lists everything that does not fit in one message.
void load_state(const Module& model, const TensorFile& file) {
  std::map<std::string, const Tensor*> found;
  for (const auto& [name, tensor] : file.tensors) found[name] = &tensor;
  std::string complaints;
  int count = 0;
  const auto complain = [&](const auto&... parts) {
    if (++count <= 5) complaints += (count > 1 ? "; " : "") + text(parts...);
  };
  const auto fetch = [&](const std::string& name, const Shape& shape) -> const Tensor* {
    const auto at = found.find(name);
    if (at == found.end()) {
      complain("missing ", name, " ", shape);
      return nullptr;
    }
    const Tensor* t = at->second;
    found.erase(at);
    if (t->shape() == shape) return t;
    complain(name, " has shape ", t->shape(), ", the model wants ", shape);
    return nullptr;
  };
  for (const auto& p : model.parameters()) {
    if (const Tensor* t = fetch(p.name, p.variable->shape())) p.variable->set_value(t->clone());
  }
  for (const auto& b : model.buffers()) {
    if (const Tensor* t = fetch(b.name, b.tensor->shape())) *b.tensor = t->clone();
  }
  for (const auto& [name, tensor] : found) complain("left over ", name, " ", tensor->shape());
  if (count > 5) complaints += text("; and ", count - 5, " more");
  if (count > 0) fail<CheckpointError>(file.path, ": the checkpoint does not fit the model it describes: ", complaints);
}

// Whether the file's values could be enough for the largest layers that its configuration asks for. A forged
// configuration is refused before anything is built; what is merely missing, load_state names.
bool plausible(const RealNVPConfig& c, const TensorFile& file) {
  double values = 0, wanted = 0;
  for (const auto& [name, tensor] : file.tensors) values += static_cast<double>(tensor.numel());
  if (c.input.rank() == 3) {
    const double features = static_cast<double>(c.features);
    wanted = std::max(features, features * features * 9 * static_cast<double>(c.blocks));
  } else {
    for (size_t i = 0; i < c.hidden.size(); ++i) {
      const double next = i + 1 < c.hidden.size() ? static_cast<double>(c.hidden[i + 1]) : 1;
      if (c.hidden[i] < 1) return false;
      wanted += static_cast<double>(c.hidden[i]) * next;
    }
    wanted = (1 + wanted) * static_cast<double>(c.couplings);
  }
  return wanted <= 16 * values;
}

}  // namespace

SavedFlow load_flow(const std::string& path) {
  TensorFile file = read_safetensors(path);
  const auto meta = [&](const char* key) { return file.metadata.count(key) ? file.metadata.at(key) : std::string(); };
  if (meta("format") != "bijou") {
    fail<CheckpointError>(
        path, ": a safetensors file, but not a checkpoint of Bijou (its metadata hold no format \"bijou\")");
  }
  if (meta("format_version") != "1" || meta("model") != "realnvp") {
    fail<CheckpointError>(path, ": format_version ", meta("format_version"), ", model '", meta("model"),
                          "'; this program reads version 1 of realnvp, use the one that wrote it");
  }
  SavedFlow saved{nullptr, config_from_json(meta("config"), path), file.metadata};
  if (!plausible(saved.config, file)) {
    fail<CheckpointError>(path, ": its configuration (", meta("config"), ") asks for more weights than the file holds");
  }
  try {
    saved.model = build_realnvp(saved.config, 0);
  } catch (const ValueError& e) {
    fail<CheckpointError>(path, ": its configuration makes no model: ", e.what());
  }
  load_state(*saved.model, file);
  return saved;
}

}  // namespace bijou
