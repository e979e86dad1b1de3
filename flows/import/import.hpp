// What others trained, as a model of ours: `bijou import`.
#pragma once
#include "flows/zoo.hpp"
#include "nn/safetensors.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct ImportOptions {
  std::optional<int64_t> size = {};   // of images, which convolutions do not say; default: the source's
  std::optional<int> levels = {};     // of images; 0: real numbers as they are; default: the source's
  std::vector<std::string> set = {};  // NAME=VALUE: members of the architecture, where the shapes say something else
};

struct Imported {
  std::unique_ptr<FlowModel> model;
  FlowConfig config;
};

std::vector<std::string> import_sources();

// A state dictionary under the names of `source`, one of import_sources(). CheckpointError: it is none of that source,
// or its tensors do not fit the architecture that their shapes say (all that do not are listed). UsageError: an unknown
// source, options that do not belong to it.
Imported import_flow(TensorFile file, const std::string& source, const ImportOptions& options = {});

}  // namespace bijou
