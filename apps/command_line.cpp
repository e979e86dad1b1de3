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

}  // namespace bijou
