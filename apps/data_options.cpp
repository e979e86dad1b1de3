// Which data, and how they are read: from the command line to the data sets, and into a checkpoint and back.
#include "apps/options.hpp"

#include <nlohmann/json.hpp>

namespace bijou::inline BIJOU_SCALAR {
namespace {

bool is_fraction(double v) { return v > 0 && v < 1; }

// Reads one member, as it is written below; false: there is no such one.
bool read_member(const std::string& key, const nlohmann::json& value, DataOptions& o) {
  const auto number = [&] {
    const auto v = value.get<double>();
    if (!is_fraction(v)) fail<ValueError>("not a fraction");
    return v;
  };
  if (key == "columns") o.columns = value.get<std::string>();
  else if (key == "separator") o.separator = value.get<std::string>();
  else if (key == "header") o.header = value.get<std::string>();
  else if (key == "only_class") o.only_class = value.get<int>();
  else if (key == "split_seed") o.split_seed = value.get<uint64_t>();
  else if (key == "validation_fraction") o.validation_fraction = number();
  else if (key == "test_fraction") o.test_fraction = number();
  else if (key == "dequantise") {
    o.dequantise = !value.is_boolean() || value.get<bool>();
    if (!value.is_boolean()) o.noise_widths = value.get<std::vector<double>>();
  } else return false;
  return true;
}

}  // namespace

DatasetOptions dataset_options(const DataOptions& options) {
  DatasetOptions o;
  o.data_dir = options.data_dir;
  o.columns = options.columns;
  o.separator = options.separator;
  if (options.header == "yes") o.header = HeaderLine::yes;
  if (options.header == "no") o.header = HeaderLine::no;
  o.dequantise = options.dequantise;
  o.noise_widths = options.noise_widths;
  o.split_seed = options.split_seed.value_or(0);
  o.only_class = options.only_class;
  o.validation_fraction = options.validation_fraction;
  o.test_fraction = options.test_fraction;
  o.test_data = options.test_data;
  return o;
}

void refuse_unused(const DataOptions& options, const Dataset& data) {
  const auto refuse = [&](const char* flag, const char* why) {
    fail<UsageError>(flag, " has no use: ", data.name, why, "; leave it out");
  };
  if (options.test_fraction && data.own_test) refuse("--test-fraction", " has a test part of its own");
  if (options.validation_fraction && data.own_validation)
    refuse("--validation-fraction", " has a validation part of its own");
  if (options.split_seed && !data.seeded) refuse("--split-seed", " is cut without a seed");
}

std::string data_options_to_json(const DataOptions& options, const Dataset& data) {
  nlohmann::ordered_json j = nlohmann::ordered_json::object();
  if (!options.columns.empty()) j["columns"] = options.columns;
  if (!options.separator.empty()) j["separator"] = options.separator;
  if (!options.header.empty()) j["header"] = options.header;
  if (options.dequantise) j["dequantise"] = data.noise_widths;
  if (options.only_class) j["only_class"] = *options.only_class;
  if (options.split_seed) j["split_seed"] = *options.split_seed;
  if (options.validation_fraction) j["validation_fraction"] = *options.validation_fraction;
  if (options.test_fraction) j["test_fraction"] = *options.test_fraction;
  return j.dump();
}

DataOptions data_options_from_json(const std::string& json, const DataOptions& given, const std::string& where) {
  DataOptions o = given;
  if (json.empty()) return o;
  try {
    DataOptions kept;
    for (const auto& [key, value] : nlohmann::json::parse(json).get<nlohmann::json::object_t>()) {
      if (!read_member(key, value, kept)) fail<ValueError>("not known: ", key);
    }
    if (o.columns.empty()) o.columns = kept.columns;
    if (o.separator.empty()) o.separator = kept.separator;
    if (o.header.empty()) o.header = kept.header;
    if (!o.only_class) o.only_class = kept.only_class;
    if (!o.split_seed) o.split_seed = kept.split_seed;
    if (!o.validation_fraction) o.validation_fraction = kept.validation_fraction;
    if (!o.test_fraction) o.test_fraction = kept.test_fraction;
    if (kept.dequantise) {
      o.dequantise = true;
      o.noise_widths = kept.noise_widths;
    }
  } catch (const std::exception& e) {
    fail<CheckpointError>(
        where, ": what it says of the data's options cannot be read (", e.what(),
        "); known are columns, separator, header, dequantise, only_class, split_seed, validation_fraction and "
        "test_fraction");
  }
  return o;
}

}  // namespace bijou
