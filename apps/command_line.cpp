#include "apps/command_line.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

std::string positive(const std::string& word) {
  try {
    size_t end = 0;
    const double v = std::stod(word, &end);
    if (end == word.size() && std::isfinite(v) && v > 0) return "";
  } catch (const std::exception&) {}
  return "must be a positive number, not '" + word + "'";
}

std::string at_least_one(const std::string& word) {
  if (!word.empty() && word.size() < 10 && word.find_first_not_of("0123456789") == std::string::npos &&
      std::stoll(word) > 0)
    return "";
  return "must be a whole number of at least 1 (and below a thousand million), not '" + word + "'";
}

std::string thread_count(const std::string& word) {
  if (at_least_one(word).empty() && std::stoll(word) <= 1024) return "";
  return "must be a whole number from 1 to 1024, not '" + word + "'";
}

std::string seed_number(const std::string& word) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc() && end == word.data() + word.size()) return "";
  return "must be a whole number of at least 0 (and below 2^64), not '" + word + "'";
}

std::string not_negative(const std::string& word) {
  try {
    size_t end = 0;
    const double v = std::stod(word, &end);
    if (end == word.size() && std::isfinite(v) && v >= 0) return "";
  } catch (const std::exception&) {}
  return "must be a number of at least 0, not '" + word + "'";
}

std::string part_of_one(const std::string& word) {
  if (positive(word).empty() && std::stod(word) < 1) return "";
  return "must be a number between 0 and 1, not '" + word + "'";
}

std::string bit_count(const std::string& word) {
  if (at_least_one(word).empty() && std::stoll(word) <= 8) return "";
  return "must be a whole number from 1 to 8, not '" + word + "'";
}

std::string class_number(const std::string& word) {
  if (word == "0" || at_least_one(word).empty()) return "";
  return "must be a whole number of at least 0, not '" + word + "'";
}

std::string all_presets() {
  std::string all;
  for (const std::string& family : families()) {
    all += (all.empty() ? "" : "; ") + family + ":";
    const char* before = " ";
    for (const std::string& name : preset_names(family)) all += before + name, before = ", ";
  }
  return all;
}

void add_split_options(CLI::App* command, DataOptions& data) {
  command->add_option("--split-seed", data.split_seed, "which examples are for training, validation, test; default: 0")
      ->check(CLI::Validator(seed_number, "N"));
  command->add_option("--validation-fraction", data.validation_fraction, "cut off for validation; default: 0.1")
      ->check(CLI::Validator(part_of_one, "X"));
  command->add_option("--test-fraction", data.test_fraction, "cut off for the test; default: 0.1")
      ->check(CLI::Validator(part_of_one, "X"))
      ->excludes("--test-data");
  command
      ->add_option("--only-class", data.only_class,
                   "training and validation are of the examples with this label alone: what a detector of anomalies "
                   "is trained on")
      ->check(CLI::Validator(class_number, "Y"));
}

void add_data_options(CLI::App* command, DataOptions& data) {
  command->add_option("--data-dir", data.data_dir,
                      "where data sets are; else $BIJOU_DATA_DIR, /usr/share/datasets, ./data");
  command->add_option("--columns", data.columns,
                      "of a table, keep these: names, numbers from 1, ranges (alcohol,3,5-8)");
  command->add_option("--separator", data.separator,
                      "of a CSV table: one character, tab or space; default: found on its first line");
  command->add_option("--header", data.header, "of a CSV table: does its first line name the columns? default: auto")
      ->check(CLI::IsMember({"yes", "no", "auto"}));
  command->add_flag("--dequantise", data.dequantise,
                    "of a table: add uniform noise to the columns that repeat values, as wide as the smallest gap "
                    "between two of them");
  command->add_option("--test-data", data.test_data,
                      "the test part: all examples of these data, or their own test part");
}

void add_picture_options(CLI::App* command, PictureOptions& o) {
  command->add_option("--size", o.size, "a folder of pictures: shrink each until its shorter side is N, then cut N x N")
      ->check(CLI::Validator(at_least_one, "N"));
  command
      ->add_option_function<std::string>(
          "--crop", [&o](const std::string& where) { o.random_crop = where == "random"; },
          "with --size: where the square is cut for training, centre or random (anew in each epoch)")
      ->check(CLI::IsMember({"centre", "random"}))
      ->default_str("centre");
  auto* grey = command->add_flag("--grey", o.grey, "pictures in grey; default: in colour, unless all are grey");
  command->add_flag("--colour", o.colour, "pictures in colour, even where all are grey")->excludes(grey);
}

void add_data_memory(CLI::App* command, int64_t& bytes) {
  command
      ->add_option_function<int64_t>(
          "--data-memory", [&bytes](int64_t mib) { bytes = mib << 20; },
          "MiB that pictures may take; beyond it each batch is read from the disk. Default: half of the machine's")
      ->check(CLI::Validator(at_least_one, "MIB"));
}

void add_run(CLI::App* command, std::string& run) {
  command->add_option("RUN", run, "run folder, or a checkpoint file")->required();
}

void add_run_data_options(CLI::App* command, RunDataOptions& options) {
  command->add_option("--data", options.data,
                      "data set or path; default: what it was trained on. A table may hold images, "
                      "a row each, as height x width x channels numbers");
  add_data_options(command, options);
  add_data_memory(command, options.data_memory);
  command->add_option("--split", options.split, "train, validation, test, or all of them")
      ->check(CLI::IsMember({"train", "validation", "test", "all"}))
      ->capture_default_str();
  command->add_flag("--dequantised", options.dequantised,
                    "the data are real numbers in [0, levels): images that have their noise already");
  for (const char* of_other_data : {"--data", "--split"})
    command->get_option("--test-data")->excludes(command->get_option(of_other_data));
}

void add_output_options(CLI::App* command, OutputOptions& options, const std::string& what) {
  command->add_option("--out", options.out, what);
  command->add_flag("--force", options.force, "replace what is there");
  command->add_flag("--json", options.json, "what was found, and the files' names, as one line of JSON");
}

void add_seed(CLI::App* command, uint64_t& seed, const std::string& of) {
  command->add_option("--seed", seed, of)->check(CLI::Validator(seed_number, "N"))->capture_default_str();
}

}  // namespace bijou
