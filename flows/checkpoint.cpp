#include "flows/checkpoint.hpp"

#include "nn/safetensors.hpp"

#include <algorithm>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

namespace {

constexpr const char* kFormatVersion = "2";
const std::string kTraining = "training.";

}  // namespace

void save_flow(const std::string& path, const FlowModel& model, const FlowConfig& config,
               std::map<std::string, std::string> metadata, const std::map<std::string, Tensor>& training) {
  TensorFile file;
  for (const auto& p : model.parameters()) file.tensors.emplace_back(p.name, p.variable->value());
  for (const auto& b : model.buffers()) file.tensors.emplace_back(b.name, *b.tensor);
  for (const auto& [name, tensor] : training) file.tensors.emplace_back(kTraining + name, tensor);
  metadata["format"] = "bijou";
  metadata["format_version"] = kFormatVersion;
  metadata["model"] = family_of(config);
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

// A lower bound of how many values a model has, by its largest matrices.
double chain(const std::vector<int64_t>& widths) {
  double values = 0;
  for (size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] < 1) return INFINITY;
    values += static_cast<double>(widths[i]) * static_cast<double>(i + 1 < widths.size() ? widths[i + 1] : 1);
  }
  return values;
}
double least_values(const NICEConfig& c) {
  double values = 1;  // S
  for (const int64_t d : c.data.input) values *= static_cast<double>(d);
  for (const int depth : c.depths) {
    if (depth < 0 || c.width < 1) return INFINITY;
    values += 1 + static_cast<double>(std::max(0, depth - 1)) * static_cast<double>(c.width * c.width) +
              (depth > 0 ? static_cast<double>(c.width) : 0);
  }
  return values;
}
double least_values(const RealNVPConfig& c) {
  if (c.data.input.rank() != 3) return (1 + chain(c.hidden)) * static_cast<double>(c.couplings);
  const double features = static_cast<double>(c.features);
  return std::max(features, features * features * 9 * static_cast<double>(c.blocks));
}
double least_values(const GlowConfig& c) {
  const double width = static_cast<double>(c.width), steps = static_cast<double>(c.steps);
  if (c.data.input.rank() != 3) return (1 + chain(c.hidden)) * steps + c.classes;
  return std::max(width, 1.0) * std::max(width, 1.0) * steps * c.scales + c.classes;
}
// Networks of `width` feature maps, and 1x1 convolutions of the first scale.
double glow_steps(const DataSpec& data, int64_t width, int steps, int scales) {
  if (data.input.rank() != 3) return 0;  // build_flow says it
  const double c = 4 * static_cast<double>(data.input[2]), w = static_cast<double>(width);
  return (std::max(w, 1.0) * std::max(w, 1.0) + c * c) * steps * scales;
}
double least_values(const RosinalityGlowConfig& c) { return glow_steps(c.data, c.width, c.steps, c.scales); }
double least_values(const NormflowsGlowConfig& c) {
  double latents = std::max(c.classes, 1);
  for (const int64_t d : c.data.input) latents *= static_cast<double>(d);
  return glow_steps(c.data, c.width, c.steps, c.scales) + latents;
}
double least_values(const ChrischuteRealNVPConfig& c) {
  const double features = static_cast<double>(c.features);
  return features * features * 9 * static_cast<double>(std::max<int64_t>(c.blocks, 1)) + std::exp2(c.scales);
}
// MLPs from one half of the columns to the other.
double couplings(const DataSpec& data, const std::vector<int64_t>& hidden, int count) {
  if (data.input.rank() != 1) return 0;
  std::vector<int64_t> widths = {std::max<int64_t>(data.input[0] / 2, 1)};
  widths.insert(widths.end(), hidden.begin(), hidden.end());
  widths.push_back(widths[0]);
  return chain(widths) * count;
}
double least_values(const NormflowsRealNVPConfig& c) { return couplings(c.data, c.hidden, c.couplings); }
double least_values(const NormflowsMaskedConfig& c) { return couplings(c.data, c.hidden, c.couplings); }
double least_values(const NflowsRealNVPConfig& c) {
  return couplings(c.data,
                   std::vector<int64_t>(static_cast<size_t>(2 * std::clamp<int64_t>(c.blocks, 0, 1000) + 1), c.width),
                   c.couplings);
}

}  // namespace

bool plausible(const FlowConfig& config, const TensorFile& file, double allowance) {
  double values = 0;
  for (const auto& [name, tensor] : file.tensors) values += static_cast<double>(tensor.numel());
  return std::visit([](const auto& c) { return least_values(c); }, config) <= std::max(16 * values, allowance);
}

SavedFlow load_flow(const std::string& path) {
  TensorFile file = read_safetensors(path);
  const auto meta = [&](const char* key) { return file.metadata.count(key) ? file.metadata.at(key) : std::string(); };
  if (meta("format") != "bijou") {
    fail<CheckpointError>(
        path, ": a safetensors file, but not a checkpoint of Bijou (its metadata hold no format \"bijou\")");
  }
  if (meta("format_version") != kFormatVersion || !is_family(meta("model"))) {
    fail<CheckpointError>(path, ": format_version ", meta("format_version"), ", model '", meta("model"),
                          "'; this program reads version ", kFormatVersion,
                          " of nice, realnvp and glow, use the one that wrote it");
  }
  SavedFlow saved{nullptr, config_from_json(meta("model"), meta("config"), path), file.metadata, {}};
  std::erase_if(file.tensors, [&](const auto& named) {
    const bool of_training = named.first.starts_with(kTraining);
    if (of_training) saved.training[named.first.substr(kTraining.size())] = named.second;
    return of_training;
  });
  if (!plausible(saved.config, file)) {
    fail<CheckpointError>(path, ": its configuration (", meta("config"), ") asks for more weights than the file holds");
  }
  try {
    saved.model = build_flow(saved.config, 0);
  } catch (const ValueError& e) {
    fail<CheckpointError>(path, ": its configuration makes no model: ", e.what());
  }
  load_state(*saved.model, file);
  return saved;
}

}  // namespace bijou
