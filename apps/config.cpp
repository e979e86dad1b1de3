#include "apps/config.hpp"

#include "datasets/file.hpp"
#include "flows/config_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace bijou::inline BIJOU_SCALAR {

using nlohmann::ordered_json;

namespace {

// The names of an enumeration's values, in their order.
std::vector<std::string> names_of(TrainSettings::Rule) { return {"adam", "adamax"}; }
std::vector<std::string> names_of(Schedule::Kind) { return {"constant", "cosine", "step"}; }
std::vector<std::string> names_of(Memory) { return memory_names(); }

// visit(name, member, whether a value may be): the one list of settings, for both directions.
template <class Visit, class Settings>
void members(const Visit& visit, Settings& s) {
  const auto positive = [](double v) { return v > 0; };
  const auto not_negative = [](double v) { return v >= 0; };
  const auto below_one = [](double v) { return v >= 0 && v < 1; };
  const auto at_least_one = [](double v) { return v >= 1; };
  visit("optimizer", s.rule, positive);
  visit("beta1", s.beta1, below_one);
  visit("beta2", s.beta2, below_one);
  visit("eps", s.eps, positive);
  visit("batch_size", s.batch_size, at_least_one);
  visit("lr", s.learning_rate, positive);
  visit("schedule", s.schedule, positive);
  visit("warmup_steps", s.warmup_steps, not_negative);
  visit("decay_epochs", s.decay_epochs, at_least_one);
  visit("decay_factor", s.decay_factor, positive);
  visit("clip_norm", s.clip_norm, not_negative);
  visit("weight_norm_l2", s.weight_norm_l2, not_negative);
  visit("weight_decay", s.weight_decay, not_negative);
  visit("average_decay", s.average_decay, below_one);
  visit("batch_norm_momentum", s.batch_norm_momentum, [](double v) { return v > 0 && v <= 1; });
  visit("horizontal_flips", s.horizontal_flips, not_negative);
  visit("patience", s.patience, not_negative);
  visit("picture_epochs", s.picture_epochs, not_negative);
  visit("memory", s.memory, positive);
}

template <class T>
bool is_whole(const ordered_json& value) {
  if (value.is_number_unsigned()) return std::in_range<T>(value.get<uint64_t>());
  return value.is_number_integer() && std::in_range<T>(value.get<int64_t>());
}

template <class T, class Allowed>
void read_value(const std::string& name, const ordered_json& value, T& member, const Allowed& allowed) {
  if constexpr (std::is_enum_v<T>) {
    const auto names = names_of(T{});
    const auto at = std::ranges::find(names, value.is_string() ? value.get<std::string>() : "");
    if (at == names.end()) {
      std::string known;
      for (const auto& n : names) known += (known.empty() ? "" : ", ") + n;
      fail<ValueError>(name, " must be one of ", known, ", not ", value.dump());
    }
    member = static_cast<T>(at - names.begin());
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) fail<ValueError>(name, " must be true or false, not ", value.dump());
    member = value;
  } else if constexpr (std::is_integral_v<T>) {
    if (!is_whole<T>(value) || !allowed(value.get<double>())) fail<ValueError>(name, " cannot be ", value.dump());
    member = value.get<T>();
  } else {
    if (!value.is_number() || !std::isfinite(value.get<double>()) || !allowed(value.get<double>()))
      fail<ValueError>(name, " cannot be ", value.dump());
    member = value;
  }
}

ordered_json parse(const std::string& text_of_it, const std::string& where) {
  try {
    require_modest_json(text_of_it);
    ordered_json j = ordered_json::parse(text_of_it);
    if (!j.is_object()) fail<ValueError>("it is no object {...}");
    return j;
  } catch (const std::exception& e) {
    fail<UsageError>(where, ": not a configuration in JSON: ", e.what());
  }
}

template <class T>
T value_of(const ordered_json& j, const char* key, const std::string& where) {
  const ordered_json& value = j.at(key);
  const auto refuse = [&] { fail<UsageError>(where, ": \"", key, "\" cannot be ", value.dump()); };
  // Whole numbers are not cut out of others, as the library would do it (1.5 -> 1, true -> 1, -1 -> 2^64 - 1).
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if (!is_whole<T>(value)) refuse();
  }
  try {
    return value.get<T>();
  } catch (const std::exception&) {
    refuse();
    throw;
  }
}

}  // namespace

std::string settings_to_json(const TrainSettings& settings) {
  ordered_json j;
  members(
      [&](const char* name, const auto& member, const auto&) {
        using T = std::remove_cvref_t<decltype(member)>;
        if constexpr (std::is_enum_v<T>) j[name] = names_of(T{})[static_cast<size_t>(member)];
        else j[name] = member;
      },
      settings);
  return j.dump();
}

void set_settings(TrainSettings& settings, const std::string& json, const std::string& where) {
  ordered_json j = parse(json, where);
  std::string known;
  try {
    members(
        [&](const char* name, auto& member, const auto& allowed) {
          known += (known.empty() ? "" : ", ") + std::string(name);
          if (!j.contains(name)) return;
          read_value(name, j.at(name), member, allowed);
          j.erase(name);
        },
        settings);
  } catch (const ValueError& e) {
    fail<UsageError>(where, ": ", e.what());
  }
  if (!j.empty()) fail<UsageError>(where, ": there is no setting \"", j.begin().key(), "\"; there are ", known);
}

void set_flags(TrainSettings& settings, const std::vector<TrainOptions::Flag>& flags) {
  for (const auto& [flag, name, word] : flags) {
    ordered_json value = ordered_json::parse(word, nullptr, false);
    if (value.is_discarded()) {  // JSON wants a digit before the point
      char* end = nullptr;
      const double number = std::strtod(word.c_str(), &end);
      if (!word.empty() && *end == '\0') value = number;
      else value = word;
    }
    set_settings(settings, ordered_json{{name, value}}.dump(), flag);
  }
  for (const auto& flag : flags) {
    if (flag.name.starts_with("decay_") && settings.schedule != Schedule::Kind::step)
      fail<UsageError>(flag.flag, " has no use without --schedule step");
  }
}

namespace {

// An error's words may quote the file.
[[noreturn]] void refuse_in_one_line(const UsageError& e) {
  constexpr size_t kLongest = 2000;
  fail<UsageError>(printable(e.what(), kLongest));
}

void take_config(const ordered_json& j, const std::string& where, TrainOptions& o) {
  for (const auto& [key, value] : j.items()) {
    const char* name = key.c_str();
    if (key == "model") o.family = value_of<std::string>(j, name, where);
    else if (key == "data") o.data = value_of<std::string>(j, name, where);
    else if (key == "test_data") o.test_data = value_of<std::string>(j, name, where);
    else if (key == "pictures" && value.is_object()) {
      if (value.contains("size")) o.pictures.size = value_of<int>(value, "size", where);
      if (o.pictures.size && *o.pictures.size < 0) fail<UsageError>(where, ": \"size\" cannot be negative");
      if (o.pictures.size == 0) o.pictures.size.reset();  // as it is written where none was given
      o.pictures.random_crop = value.value("crop", ordered_json("")) == "random";
      o.pictures.grey = value.value("grey", ordered_json(false)) == true;
      o.pictures.colour = value.value("colour", ordered_json(false)) == true;
    } else if (key == "data_options" && value.is_object()) {
      try {
        static_cast<DataOptions&>(o) = data_options_from_json(value.dump(), o, where);
      } catch (const CheckpointError& e) {
        fail<UsageError>(e.what());
      }
    } else if (key == "preset") o.preset = value_of<std::string>(j, name, where);
    else if (key == "bits") o.bits = value_of<int>(j, name, where);
    else if (key == "class_conditional") o.class_conditional = value_of<bool>(j, name, where);
    else if (key == "architecture" && value.is_object()) o.architecture = value.dump();
    else if (key == "training" && value.is_object()) {
      ordered_json settings = value;
      const auto take = [&](const char* member, auto& into, auto kind) {
        if (!settings.contains(member)) return;
        into = value_of<decltype(kind)>(settings, member, where);
        settings.erase(member);
      };
      take("epochs", o.epochs, int64_t{});
      take("steps", o.steps, int64_t{});
      take("seed", o.seed, uint64_t{});
      if (o.epochs && o.steps) fail<UsageError>(where, ": it names epochs and steps; give one of them");
      if (o.epochs.value_or(1) < 1 || o.steps.value_or(1) < 1)
        fail<UsageError>(where, ": epochs and steps must be at least 1");
      TrainSettings tried;
      o.settings = settings.dump();
      set_settings(tried, o.settings, where);
    } else {
      fail<UsageError>(
          where, ": \"", key, "\": ", value.dump().substr(0, 40),
          " is not understood; known are model, data, test_data, data_options {...}, pictures {...}, preset, "
          "bits, class_conditional, architecture {...} and training {...}");
    }
  }
}

}  // namespace

void read_config(const std::string& path, TrainOptions& o) try {
  const std::string where = "--config " + path;
  take_config(parse(read_file(path), where), where, o);
} catch (const UsageError& e) {
  refuse_in_one_line(e);
}

FlowConfig with_members(FlowConfig config, const std::string& json) try {
  const ordered_json wanted = parse(json, "--config: architecture");
  for (const auto& [name, value] : wanted.items()) {
    const ordered_json now = ordered_json::parse(config_to_json(config));
    if (now.contains(name) && now.at(name) == value) continue;
    if (name == "input" || name == "levels" || name == "classes") {
      fail<UsageError>("--config: architecture.", name, " is ", value.dump(), ", the data have ",
                       now.contains(name) ? now.at(name).dump() : "none");
    }
    config = with_member(config, name + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return config;
} catch (const UsageError& e) {
  refuse_in_one_line(e);
}

std::string resolved_config(const TrainOptions& o, const Dataset& data, const std::string& preset,
                            const FlowConfig& config, const TrainSettings& settings, int64_t steps) {
  ordered_json j;
  j["model"] = o.family;
  j["data"] = o.data;
  if (!o.test_data.empty()) j["test_data"] = o.test_data;
  if (const auto of_data = ordered_json::parse(data_options_to_json(o, data)); !of_data.empty()) {
    j["data_options"] = of_data;
  }
  if (o.pictures.size || o.pictures.grey || o.pictures.colour) {
    j["pictures"] = {{"size", o.pictures.size.value_or(0)},
                     {"crop", o.pictures.random_crop ? "random" : "centre"},
                     {"grey", o.pictures.grey},
                     {"colour", o.pictures.colour}};
  }
  j["preset"] = preset;
  if (o.bits) j["bits"] = *o.bits;
  if (o.class_conditional) j["class_conditional"] = true;
  j["architecture"] = ordered_json::parse(config_to_json(config));
  j["training"] = ordered_json::parse(settings_to_json(settings));
  j["training"]["steps"] = steps;
  j["training"]["seed"] = o.seed;
  return j.dump(2) + "\n";
}

}  // namespace bijou
