// Which data, and how they are read: from the command line to the data sets, and into a checkpoint and back.
#include "apps/options.hpp"

#include <nlohmann/json.hpp>

namespace bijou::inline BIJOU_SCALAR {

DatasetOptions dataset_options(const DataOptions& options) {
  DatasetOptions o;
  o.data_dir = options.data_dir;
  o.columns = options.columns;
  o.separator = options.separator;
  if (options.header == "yes") o.header = HeaderLine::yes;
  if (options.header == "no") o.header = HeaderLine::no;
  o.dequantise = options.dequantise;
  o.noise_widths = options.noise_widths;
  return o;
}

std::string data_options_to_json(const DataOptions& options, const Dataset& data) {
  nlohmann::ordered_json j = nlohmann::ordered_json::object();
  if (!options.columns.empty()) j["columns"] = options.columns;
  if (!options.separator.empty()) j["separator"] = options.separator;
  if (!options.header.empty()) j["header"] = options.header;
  if (options.dequantise) j["dequantise"] = data.noise_widths;
  return j.dump();
}

DataOptions data_options_from_json(const std::string& json, const DataOptions& given, const std::string& where) {
  DataOptions o = given;
  if (json.empty()) return o;
  try {
    const auto j = nlohmann::json::parse(json);
    if (o.columns.empty()) o.columns = j.value("columns", "");
    if (o.separator.empty()) o.separator = j.value("separator", "");
    if (o.header.empty()) o.header = j.value("header", "");
    if (j.contains("dequantise")) {
      o.dequantise = true;
      o.noise_widths = j["dequantise"].get<std::vector<double>>();
    }
  } catch (const nlohmann::json::exception&) {
    fail<CheckpointError>(where, ": what it says of the data's options cannot be read; is the file whole?");
  }
  return o;
}

}  // namespace bijou
