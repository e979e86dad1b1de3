// The three models under one roof, and those of other programs that can be imported: a configuration of any of them,
// built, named, and looked up by preset.
#pragma once
#include "flows/glow.hpp"
#include "flows/import/chrischute_realnvp.hpp"
#include "flows/import/nflows_realnvp.hpp"
#include "flows/import/normflows_glow.hpp"
#include "flows/import/normflows_masked.hpp"
#include "flows/import/normflows_realnvp.hpp"
#include "flows/import/rosinality_glow.hpp"
#include "flows/nice.hpp"
#include "flows/realnvp.hpp"

#include <variant>

namespace bijou::inline BIJOU_SCALAR {

using FlowConfig =
    std::variant<NICEConfig, RealNVPConfig, GlowConfig, RosinalityGlowConfig, ChrischuteRealNVPConfig,
                 NflowsRealNVPConfig, NormflowsRealNVPConfig, NormflowsMaskedConfig, NormflowsGlowConfig>;

std::vector<std::string> families();                  // "nice", "realnvp", "glow": those that have presets
FlowConfig blank_config(const std::string& family);   // of one of these, or of an imported model; UsageError: neither
bool is_family(const std::string& name);              // either
std::string family_of(const FlowConfig& config);      // one of them
std::string family_title(const std::string& family);  // "NICE", "RealNVP", "Glow"

const DataSpec& data_of(const FlowConfig& config);
DataSpec& data_of(FlowConfig& config);
int classes_of(const FlowConfig& config);  // 0: the model knows none
int scales_of(const FlowConfig& config);  // how often images are halved at most; 0: never, their size is in the weights

std::unique_ptr<FlowModel> build_flow(const FlowConfig& config, uint64_t seed);

// UsageError, listing what there is, for another family or preset.
FlowConfig flow_preset(const std::string& family, const std::string& preset);
std::vector<std::string> preset_names(const std::string& family);

}  // namespace bijou
