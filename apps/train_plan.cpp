#include "apps/train_plan.hpp"

#include "apps/config.hpp"
#include "apps/run_folder.hpp"
#include "autograd/kernels/machine.hpp"
#include "datasets/columns.hpp"
#include "datasets/loader.hpp"
#include "flows/config_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {
namespace {

bool is_utf8(const std::string& path) {
  try {
    return !nlohmann::json(path).dump().empty();
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

// Whose words go into config.json and every checkpoint, both of which are Unicode.
void refuse_other_than_utf8(const TrainOptions& options) {
  for (const std::string& path : {options.data, options.test_data}) {
    if (!is_utf8(path)) fail<UsageError>("--data ", path, ": the path is not UTF-8; rename it");
  }
  if (!is_utf8(options.columns) || !is_utf8(options.separator))
    fail<UsageError>("--columns or --separator is not UTF-8; choose columns by their numbers, or convert the table");
}

Dataset read_data(const TrainOptions& options) {
  DatasetOptions reading = dataset_options(options);
  reading.pictures = options.pictures;
  reading.noise_widths.clear();  // those of a configuration are of the data that it was for
  Dataset data = load_dataset(options.data, reading);
  refuse_unused(options, data);
  if (!data.columns.empty()) {
    const std::string repeats = check_columns(data);
    data.remark += (data.remark.empty() || repeats.empty() ? "" : "; ") + repeats;
  }
  for (const auto& flag : options.flags) {
    if (flag.name == "picture_epochs" && !data.is_image())
      fail<UsageError>(flag.flag, ": ", data.name, " holds no images; leave it out");
  }
  if (options.flip && !data.is_image()) fail<UsageError>("--flip: ", data.name, " holds no images; leave it out");
  return data;
}

// The preset, with what the options say of its architecture.
Preset preset_for(const TrainOptions& options, const Dataset& data) {
  Preset preset = find_preset(options.family, options.preset, data);
  if (options.class_conditional) {
    auto* glow = std::get_if<GlowConfig>(&preset.model);
    if (glow == nullptr) fail<UsageError>("--class-conditional is for glow, not for ", options.family);
    if (data.classes == 0) fail<UsageError>("--class-conditional: the data '", data.name, "' have no labels");
    glow->classes = data.classes;
  }
  if (!options.architecture.empty()) preset.model = with_members(preset.model, options.architecture);
  for (const std::string& assignment : options.set) preset.model = with_member(preset.model, assignment);
  return preset;
}

}  // namespace

TrainPlan plan_training(const TrainOptions& options) {
  refuse_other_than_utf8(options);
  TrainPlan plan;
  Dataset& data = plan.data = read_data(options);
  plan.fingerprint = text(fingerprint_of(data));
  if (options.bits) reduce_bits(data, *options.bits);
  plan.preset = preset_for(options, data);
  plan.preset_name = options.preset.empty() ? default_preset(data) : options.preset;
  TrainSettings& s = plan.preset.training;
  if (s.batch_size > data.train.size()) s.batch_size = std::max<int64_t>(2, data.train.size() / 4);
  if (!options.settings.empty()) set_settings(s, options.settings, "--config " + options.config);
  if (options.flip) s.horizontal_flips = true;
  set_flags(s, options.flags);
  plan.steps_per_epoch = Loader(data.train, data.levels, s.batch_size, options.seed).batches_per_epoch();
  plan.steps = options.steps ? *options.steps : options.epochs.value_or(s.epochs) * plan.steps_per_epoch;
  const auto resolved = [&](const TrainOptions& o) {
    return resolved_config(o, data, plan.preset_name, plan.preset.model, s, plan.steps);
  };
  plan.config = resolved(options);
  TrainOptions without_path = options;
  without_path.data = data_name(options.data);
  without_path.test_data = data_name(options.test_data);
  plan.metadata = {{"training", resolved(without_path)},
                   {"data", without_path.data},
                   {"data_options", data_options_to_json(options, data)},
                   {"data_fingerprint", plan.fingerprint}};
  if (!options.test_data.empty()) plan.metadata["test_data"] = without_path.test_data;
  return plan;
}

std::unique_ptr<FlowModel> build_planned(const TrainPlan& plan, uint64_t seed) {
  const FlowConfig& config = plan.preset.model;
  try {
    return build_flow(config, seed);
  } catch (const ValueError& e) {
    std::string remedy;
    for (int scales = scales_of(config) - 1; scales >= 1 && remedy.empty(); --scales) {
      try {
        const std::string fewer = text("scales=", scales);
        build_flow(with_member(config, fewer), seed);
        remedy = "; try --set " + fewer;
      } catch (const Error&) {}
    }
    fail<UsageError>(plan.data.name, ": preset '", plan.preset_name, "' cannot take examples ", data_of(config).input,
                     " (", e.what(), ")", remedy);
  }
}

std::string heading_of(const TrainPlan& plan, const std::string& family, const FlowModel& model,
                       int64_t bytes_in_a_step) {
  const Dataset& data = plan.data;
  return text(family_title(family), " on ", data.name, ": ", model.parameter_count(), " parameters, ",
              data.train.size(), " training, ", data.validation.size(), " validation and ", data.test.size(),
              " test examples\npreset ", plan.preset_name, ": ", plan.steps, " steps of ",
              plan.preset.training.batch_size, " examples, ", kernels::threads(), " threads, about ",
              bytes_in_a_step / (1 << 20),
              " MiB in a step\nconfiguration: ", nlohmann::ordered_json::parse(plan.config).dump(), "\n",
              data.remark.empty() ? "" : "warning: " + data.remark + "\n");
}

std::string departures(const TrainPlan& plan, const TrainOptions& options) {
  using nlohmann::ordered_json;
  const Preset plain = find_preset(options.family, options.preset, plan.data);
  const int64_t plain_steps = plain.training.epochs * plan.steps_per_epoch;
  std::string all;
  const auto note = [&](const std::string& what) { all += (all.empty() ? "" : "; ") + what; };
  const auto compare = [&](const ordered_json& a, const ordered_json& b) {
    for (const auto& [name, value] : b.items()) {
      const bool differs = a.at(name) != value && name != "memory" && name != "picture_epochs";
      if (differs) note(text(name, " ", a.at(name).dump(), ", not ", value.dump()));
    }
  };
  compare(ordered_json::parse(config_to_json(plan.preset.model)), ordered_json::parse(config_to_json(plain.model)));
  compare(ordered_json::parse(settings_to_json(plan.preset.training)),
          ordered_json::parse(settings_to_json(plain.training)));
  if (plan.steps != plain_steps) note(text(plan.steps, " steps, not ", plain_steps));
  if (options.split_seed || options.validation_fraction || options.test_fraction) note("another split of the data");
  if (options.only_class) note("one class alone");
  return all;
}

}  // namespace bijou
