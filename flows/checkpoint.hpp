// A trained flow in a file: weights, running statistics, architecture and preprocessing, so that the file alone is
// enough to sample from it or to evaluate a density. The format is safetensors (nn/safetensors.hpp); tensors have
// the modules' dotted names, those of a training that is to go on begin with "training." (an optimiser's moments, a
// moving average), and the metadata say: format "bijou", format_version, model ("nice", "realnvp", "glow"),
// config (JSON), and what the caller adds.
#pragma once
#include "flows/config_json.hpp"
#include "nn/safetensors.hpp"

#include <map>

namespace bijou::inline BIJOU_SCALAR {

struct SavedFlow {
  std::unique_ptr<FlowModel> model;
  FlowConfig config;
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> training;  // without the "training."; empty in a file that only keeps the model
};

// What save_flow writes. Its tensors are those of the model, not copies.
TensorFile file_of(const FlowModel& model, const FlowConfig& config, std::map<std::string, std::string> metadata = {},
                   const std::map<std::string, Tensor>& training = {});

// StorageError: the file cannot be written; what stood there before is left whole.
void save_flow(const std::string& path, const FlowModel& model, const FlowConfig& config,
               std::map<std::string, std::string> metadata = {}, const std::map<std::string, Tensor>& training = {});

// CheckpointError: no such file, not a checkpoint of Bijou, of a newer format, a tensor that is missing, left over
// or of another shape (all of them are listed).
SavedFlow load_flow(const std::string& path);

// The model that a configuration describes, for the weights of a file. A forged configuration may ask for any size:
// tensors in all may take 16 times what the file's do (a small one takes 64 bytes), and lists of an example's places so
// many entries. CheckpointError: they would take more. ValueError: it makes no model.
std::unique_ptr<FlowModel> build_for(const FlowConfig& config, const TensorFile& file);

}  // namespace bijou
