// config.json: what a run resolved to. The same file, or a part of it, may be given with --config.
//
//   {"model": "realnvp", "data": "digits", "preset": "digits",
//    "architecture": {"features": 48},                 members of the preset's architecture
//    "training": {"epochs": 20, "lr": 0.004, "seed": 1}}
//
// An option on the command line goes before the file, the file before the preset. What the file names and nothing knows
// is an error, and so is a contradiction between it and the data.
#pragma once
#include "apps/options.hpp"

namespace bijou::inline BIJOU_SCALAR {

// All members of the settings under their names in config.json ("lr", "schedule", ...).
std::string settings_to_json(const TrainSettings& settings);
// Replaces those that the object names. UsageError, beginning with `where`: no such name (the message lists them), or a
// value of the wrong kind.
void set_settings(TrainSettings& settings, const std::string& json, const std::string& where);
void set_flags(TrainSettings& settings, const std::vector<TrainOptions::Flag>& flags);  // and if one has no use

// Puts the file's values into the options, before the command line is read. UsageError: as above; DataError: no file.
void read_config(const std::string& path, TrainOptions& options);

// The preset's architecture with the members that a config file names: those that the data decide must agree.
FlowConfig with_members(FlowConfig config, const std::string& json);

std::string resolved_config(const TrainOptions& options, const Dataset& data, const std::string& preset,
                            const FlowConfig& config, const TrainSettings& settings, int64_t steps);

}  // namespace bijou
