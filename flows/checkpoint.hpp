// A trained flow in a file: weights, running statistics, architecture and preprocessing, so that the file alone is
// enough to sample from it or to evaluate a density. The format is safetensors (nn/safetensors.hpp); tensors have
// the modules' dotted names, and the metadata say: format "bijou", format_version, model ("nice", "realnvp", "glow"),
// config (JSON), and what the caller adds.
#pragma once
#include "flows/config_json.hpp"

#include <map>

namespace bijou::inline BIJOU_SCALAR {

struct SavedFlow {
  std::unique_ptr<FlowModel> model;
  FlowConfig config;
  std::map<std::string, std::string> metadata;
};

// StorageError: the file cannot be written; what stood there before is left whole.
void save_flow(const std::string& path, const FlowModel& model, const FlowConfig& config,
               std::map<std::string, std::string> metadata = {});

// CheckpointError: no such file, not a checkpoint of Bijou, of a newer format, a tensor that is missing, left over
// or of another shape (all of them are listed).
SavedFlow load_flow(const std::string& path);

}  // namespace bijou
