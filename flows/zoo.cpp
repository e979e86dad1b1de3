#include "flows/zoo.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// In the variant's order; those with presets stand first.
constexpr const char* kFamilies[] = {"nice",
                                     "realnvp",
                                     "glow",
                                     "rosinality-glow",
                                     "chrischute-realnvp",
                                     "nflows-realnvp",
                                     "normflows-realnvp",
                                     "normflows-masked",
                                     "normflows-glow"};
constexpr const char* kTitles[] = {"NICE",
                                   "RealNVP",
                                   "Glow",
                                   "Glow (rosinality)",
                                   "RealNVP (chrischute)",
                                   "RealNVP (nflows)",
                                   "RealNVP (normflows)",
                                   "RealNVP (normflows, masked)",
                                   "Glow (normflows)"};
constexpr size_t kWithPresets = 3;
static_assert(std::size(kFamilies) == std::variant_size_v<FlowConfig>);

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

size_t index_of(const std::string& family) {
  for (size_t i = 0; i < std::size(kFamilies); ++i) {
    if (family == kFamilies[i]) return i;
  }
  fail<UsageError>("unknown model '", family, "'; there are: ", joined(families()));
}

// Calls f with the presets of a family, each type of config in turn.
template <class F>
auto with_presets(const std::string& family, const F& f) {
  const size_t i = index_of(family);
  if (i >= kWithPresets) fail<UsageError>("'", family, "' has no presets; there are: ", joined(families()));
  return i == 0 ? f(nice_presets()) : i == 1 ? f(realnvp_presets()) : f(glow_presets());
}

}  // namespace

std::vector<std::string> families() { return {kFamilies, kFamilies + kWithPresets}; }

bool is_family(const std::string& name) { return std::ranges::find(kFamilies, name) != std::end(kFamilies); }

FlowConfig blank_config(const std::string& family) {
  const FlowConfig all[] = {NICEConfig{},
                            RealNVPConfig{},
                            GlowConfig{},
                            RosinalityGlowConfig{},
                            ChrischuteRealNVPConfig{},
                            NflowsRealNVPConfig{},
                            NormflowsRealNVPConfig{},
                            NormflowsMaskedConfig{},
                            NormflowsGlowConfig{}};
  return all[index_of(family)];
}
std::string family_of(const FlowConfig& config) { return kFamilies[config.index()]; }
std::string family_title(const std::string& family) { return kTitles[index_of(family)]; }

const DataSpec& data_of(const FlowConfig& config) {
  return std::visit([](const auto& c) -> const DataSpec& { return c.data; }, config);
}
DataSpec& data_of(FlowConfig& config) {
  return std::visit([](auto& c) -> DataSpec& { return c.data; }, config);
}

int classes_of(const FlowConfig& config) {
  if (const auto* glow = std::get_if<NormflowsGlowConfig>(&config)) return glow->classes;
  const auto* glow = std::get_if<GlowConfig>(&config);
  return glow ? glow->classes : 0;
}

int scales_of(const FlowConfig& config) {
  if (data_of(config).input.rank() != 3) return 0;
  if (const auto* realnvp = std::get_if<RealNVPConfig>(&config)) return realnvp->scales;
  if (const auto* realnvp = std::get_if<ChrischuteRealNVPConfig>(&config)) return realnvp->scales;
  if (const auto* glow = std::get_if<RosinalityGlowConfig>(&config)) return glow->scales;
  if (const auto* glow = std::get_if<NormflowsGlowConfig>(&config)) return glow->scales;
  const auto* glow = std::get_if<GlowConfig>(&config);
  return glow ? glow->scales : 0;
}

std::unique_ptr<FlowModel> build_flow(const FlowConfig& config, uint64_t seed) {
  if (const auto* nice = std::get_if<NICEConfig>(&config)) return build_nice(*nice, seed);
  if (const auto* realnvp = std::get_if<RealNVPConfig>(&config)) return build_realnvp(*realnvp, seed);
  if (const auto* glow = std::get_if<GlowConfig>(&config)) return build_glow(*glow, seed);
  if (const auto* glow = std::get_if<RosinalityGlowConfig>(&config)) return build_rosinality_glow(*glow, seed);
  if (const auto* realnvp = std::get_if<ChrischuteRealNVPConfig>(&config))
    return build_chrischute_realnvp(*realnvp, seed);
  if (const auto* realnvp = std::get_if<NflowsRealNVPConfig>(&config)) return build_nflows_realnvp(*realnvp, seed);
  if (const auto* realnvp = std::get_if<NormflowsRealNVPConfig>(&config))
    return build_normflows_realnvp(*realnvp, seed);
  if (const auto* realnvp = std::get_if<NormflowsMaskedConfig>(&config)) return build_normflows_masked(*realnvp, seed);
  return build_normflows_glow(std::get<NormflowsGlowConfig>(config), seed);
}

FlowConfig flow_preset(const std::string& family, const std::string& preset) {
  return with_presets(family, [&](const auto& presets) -> FlowConfig {
    for (const auto& [name, config] : presets) {
      if (name == preset) return config;
    }
    fail<UsageError>("unknown preset '", preset, "' for ", family, "; there are: ", joined(preset_names(family)));
  });
}

std::vector<std::string> preset_names(const std::string& family) {
  return with_presets(family, [](const auto& presets) {
    std::vector<std::string> names;
    for (const auto& [name, config] : presets) names.push_back(name);
    return names;
  });
}

}  // namespace bijou
