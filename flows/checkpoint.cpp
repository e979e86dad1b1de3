#include "flows/checkpoint.hpp"

#include "nn/safetensors.hpp"

namespace bijou::inline BIJOU_SCALAR {

namespace {

constexpr const char* kFormatVersion = "2";
const std::string kTraining = "training.";

}  // namespace

TensorFile file_of(const FlowModel& model, const FlowConfig& config, std::map<std::string, std::string> metadata,
                   const std::map<std::string, Tensor>& training) {
  TensorFile file;
  for (const auto& p : model.parameters()) file.tensors.emplace_back(p.name, p.variable->value());
  for (const auto& b : model.buffers()) file.tensors.emplace_back(b.name, *b.tensor);
  for (const auto& [name, tensor] : training) file.tensors.emplace_back(kTraining + name, tensor);
  metadata["format"] = "bijou";
  metadata["format_version"] = kFormatVersion;
  metadata["model"] = family_of(config);
  metadata["config"] = config_to_json(config);
  file.metadata = std::move(metadata);
  return file;
}

void save_flow(const std::string& path, const FlowModel& model, const FlowConfig& config,
               std::map<std::string, std::string> metadata, const std::map<std::string, Tensor>& training) {
  write_safetensors(path, file_of(model, config, std::move(metadata), training));
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
  constexpr size_t kLongest = 3000;
  if (count > 0)
    fail<CheckpointError>(file.path,
                          ": the checkpoint does not fit the model it describes: ", printable(complaints, kLongest));
}

// What else may be wrong with a configuration that a file holds.
std::unique_ptr<FlowModel> build(const FlowConfig& config, const TensorFile& file) {
  try {
    return build_for(config, file);
  } catch (const CheckpointError&) {
    throw;
  } catch (const Error& e) {
    fail<CheckpointError>(file.path, ": its configuration makes no model: ", printable(e.what()));
  }
}

}  // namespace

std::unique_ptr<FlowModel> build_for(const FlowConfig& config, const TensorFile& file) {
  constexpr int64_t kRoom = int64_t{1} << 16;
  int64_t values = 0;
  for (const auto& [name, tensor] : file.tensors) values += tensor.numel();
  try {
    if (data_of(config).input.numel() > 16 * values + kRoom) fail<StorageError>("an example of so many values");
    const StorageLimit limit(static_cast<int64_t>(sizeof(Real)) * (16 * values + kRoom));
    return build_flow(config, 0);
  } catch (const StorageError&) {
    fail<CheckpointError>(file.path, ": its configuration (", printable(config_to_json(config)),
                          ") asks for more weights than the file holds");
  }
}

SavedFlow load_flow(const std::string& path) {
  TensorFile file = read_safetensors(path);
  const auto meta = [&](const char* key) { return file.metadata.count(key) ? file.metadata.at(key) : std::string(); };
  if (meta("format") != "bijou") {
    fail<CheckpointError>(
        path, ": a safetensors file, but not a checkpoint of Bijou (its metadata hold no format \"bijou\")");
  }
  if (meta("format_version") != kFormatVersion || !is_family(meta("model"))) {
    fail<CheckpointError>(path, ": format_version ", printable(meta("format_version")), ", model '",
                          printable(meta("model")), "'; this program reads version ", kFormatVersion,
                          " of nice, realnvp and glow, use the one that wrote it");
  }
  SavedFlow saved{nullptr, config_from_json(meta("model"), meta("config"), path), file.metadata, {}};
  std::erase_if(file.tensors, [&](const auto& named) {
    const bool of_training = named.first.starts_with(kTraining);
    if (of_training) saved.training[named.first.substr(kTraining.size())] = named.second;
    return of_training;
  });
  saved.model = build(saved.config, file);
  load_state(*saved.model, file);
  return saved;
}

}  // namespace bijou
