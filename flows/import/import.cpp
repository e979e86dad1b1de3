#include "flows/import/import.hpp"

#include "flows/checkpoint.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Which of its examples' architectures it is.
FlowConfig normflows_of(const TensorFile& file) {
  refuse_foreign_normflows(file);
  if (count_of(file, "q0.") > 0) return normflows_glow_of(file);
  if (holds_any(file, {"flows.0.b", "flows.0.s.net.0.weight", "flows.0.t.net.0.weight"}))
    return normflows_masked_of(file);
  return normflows_realnvp_of(file);
}

struct Source {
  const char* name;
  FlowConfig (*architecture)(const TensorFile&);
};

const Source kSources[] = {
    {"rosinality-glow", [](const TensorFile& file) -> FlowConfig { return rosinality_glow_of(file); }},
    {"chrischute-realnvp", [](const TensorFile& file) -> FlowConfig { return chrischute_realnvp_of(file); }},
    {"nflows", [](const TensorFile& file) -> FlowConfig { return nflows_realnvp_of(file); }},
    {"normflows", normflows_of},
};

const Source& find_source(const std::string& name) {
  for (const Source& source : kSources) {
    if (name == source.name) return source;
  }
  std::string known;
  for (const Source& source : kSources) known += (known.empty() ? "" : ", ") + std::string(source.name);
  fail<UsageError>("unknown source '", name, "'; there are: ", known);
}

void map_state(const FlowConfig& config, StateMap& map) {
  if (const auto* glow = std::get_if<RosinalityGlowConfig>(&config)) map_rosinality_glow(*glow, map);
  if (const auto* realnvp = std::get_if<ChrischuteRealNVPConfig>(&config)) map_chrischute_realnvp(*realnvp, map);
  if (const auto* realnvp = std::get_if<NflowsRealNVPConfig>(&config)) map_nflows_realnvp(*realnvp, map);
  if (const auto* realnvp = std::get_if<NormflowsRealNVPConfig>(&config)) map_normflows_realnvp(*realnvp, map);
  if (const auto* realnvp = std::get_if<NormflowsMaskedConfig>(&config)) map_normflows_masked(*realnvp, map);
  if (const auto* glow = std::get_if<NormflowsGlowConfig>(&config)) map_normflows_glow(*glow, map);
}

// The other sources whose architecture can be read from the file, for a message: it may be one of theirs.
std::string perhaps_of(const TensorFile& file, const std::string& name) {
  std::string others;
  for (const Source& source : kSources) {
    try {
      if (name != source.name && (source.architecture(file), true)) others += text(" --from ", source.name, "?");
    } catch (const Error&) {}
  }
  return others.empty() ? "" : "; is it" + others;
}

// What torch.nn.DataParallel puts before every name.
void strip_wrapper(TensorFile& file) {
  const std::string wrapper = "module.";
  if (!std::ranges::all_of(file.tensors, [&](const auto& t) { return t.first.starts_with(wrapper); })) return;
  for (auto& [name, tensor] : file.tensors) name = name.substr(wrapper.size());
}

void apply(const ImportOptions& options, const std::string& source, FlowConfig& config) {
  DataSpec& data = data_of(config);
  const bool image = data.input.rank() == 3;
  if (!image && (options.size || options.levels))
    fail<UsageError>("--size and --levels are for images; ", source, " gives a model of vectors ", data.input);
  if (options.size) data.input = {*options.size, *options.size, data.input[2]};
  if (options.levels) data.levels = *options.levels;
  for (const std::string& assignment : options.set) config = with_member(config, assignment);
}

}  // namespace

std::vector<std::string> import_sources() {
  std::vector<std::string> names;
  for (const Source& source : kSources) names.emplace_back(source.name);
  return names;
}

Imported import_flow(TensorFile file, const std::string& name, const ImportOptions& options) {
  const Source& source = find_source(name);
  strip_wrapper(file);
  FlowConfig config = [&] {
    try {
      return source.architecture(file);
    } catch (const CheckpointError& e) {
      const std::string others = perhaps_of(file, name);
      if (others.empty()) throw;
      fail<CheckpointError>(e.what(), others);
    } catch (const Error& e) {
      fail<CheckpointError>(file.path, ": no state dictionary of ", name, ": ", e.what(), perhaps_of(file, name));
    }
  }();
  apply(options, name, config);
  auto model = [&] {
    try {
      return build_for(config, file);
    } catch (const ValueError& e) {
      fail<UsageError>(file.path, ": ", e.what(), " (--size gives the images' size)");
    }
  }();
  StateMap map(file, model->bijection());
  map.add("base.", model->base());
  map_state(config, map);
  map.finish();
  return {std::move(model), config};
}

}  // namespace bijou
