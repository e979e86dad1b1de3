// A model's configuration as JSON: what a checkpoint and config.json say of the architecture.
#pragma once
#include "flows/zoo.hpp"

namespace bijou::inline BIJOU_SCALAR {

std::string config_to_json(const FlowConfig& config);

// What is to be parsed as a configuration. ValueError: more than 1 MiB, or lists in lists in lists beyond 16, whose
// printing in an error's message would take all of the stack.
void require_modest_json(const std::string& json);

// CheckpointError, beginning with `where`: a value is missing, of the wrong kind, or no such choice.
FlowConfig config_from_json(const std::string& family, const std::string& json, const std::string& where);

// The configuration with one member replaced, "NAME=VALUE" (steps=4, mixing=shuffle, hidden=[64,64]). UsageError: no
// such member (the message lists them), or a value of the wrong kind. The data's own members are not among them: the
// shape of an example, the levels, the classes.
FlowConfig with_member(const FlowConfig& config, const std::string& assignment);

}  // namespace bijou
