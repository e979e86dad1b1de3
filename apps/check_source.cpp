#include "apps/check_source.hpp"

#include "apps/run_folder.hpp"

namespace bijou::inline BIJOU_SCALAR {

bijou_inspect::Source source_of(const std::string& model, const std::string& preset, uint64_t seed) {
  const auto known = families();
  if (std::ranges::find(known, model) != known.end()) {
    const std::string name = preset.empty() ? "digits" : preset;
    flow_preset(model, name);  // UsageError where there is none
    return {.checkpoint = {}, .family = model, .preset = name, .seed = seed};
  }
  std::error_code error;
  const bool word = model.find_first_of("/.") == std::string::npos && !std::filesystem::exists(model, error);
  if (word || !preset.empty()) {
    std::string all;
    for (const std::string& family : known) all += (all.empty() ? "" : ", ") + family;
    if (!word) fail<UsageError>("--preset ", preset, " is for random weights of a family (", all, "), not for a run");
    fail<UsageError>("unknown model '", model, "'; give a run folder, a checkpoint, or one of: ", all);
  }
  return {.checkpoint = checkpoint_of(model), .family = {}, .preset = {}, .seed = seed};
}

}  // namespace bijou
