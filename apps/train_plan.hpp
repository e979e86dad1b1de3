// What a training will be: the options, over --config, over the preset, over the data.
#pragma once
#include "apps/options.hpp"
#include "flows/model.hpp"

#include <map>

namespace bijou::inline BIJOU_SCALAR {

struct TrainPlan {
  Dataset data;
  std::string fingerprint;  // of the data as they were read
  std::string preset_name;
  Preset preset;
  int64_t steps_per_epoch = 0, steps = 0;
  std::string config;                           // config.json
  std::map<std::string, std::string> metadata;  // of each checkpoint; "training" is the config.json without a path
};

// UsageError: options that contradict each other, the preset or the data; DataError: data that cannot be read.
TrainPlan plan_training(const TrainOptions& options);

// The model with its first weights. UsageError: the preset cannot take examples of this size, and which could.
std::unique_ptr<FlowModel> build_planned(const TrainPlan& plan, uint64_t seed);

// Model, data, steps, threads, memory and configuration: what is printed before anything is done.
std::string heading_of(const TrainPlan& plan, const std::string& family, const FlowModel& model,
                       int64_t bytes_in_a_step);

// What it does otherwise than its preset, whose golden curve then tells less: "epochs 5, not 60; ...". Or nothing.
std::string departures(const TrainPlan& plan, const TrainOptions& options);

}  // namespace bijou
