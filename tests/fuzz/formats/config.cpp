// What --config names. What is accepted is written and accepted again.
#include "apps/config.hpp"

#include "flows/config_json.hpp"
#include "tests/fuzz/format.hpp"

using namespace bijou;
using namespace bijou_tests;

namespace {

void read(const std::string& bytes) {
  TrainOptions options;
  read_config(MemoryFile(bytes).path(), options);
  if (!options.settings.empty()) {
    TrainSettings settings, again;
    set_settings(settings, options.settings, "settings");
    const std::string written = settings_to_json(settings);
    set_settings(again, written, "settings, written");
    if (settings_to_json(again) != written) fail<std::logic_error>("settings change when they are read again");
  }
  for (const std::string& family : families()) {
    for (const char* preset : {"digits", "toy"}) {
      if (options.family != family || options.architecture.empty()) continue;
      config_to_json(with_members(flow_preset(family, preset), options.architecture));
    }
  }
}

// A document of at most 1 MiB becomes a tree.
const Registered config(
    {.name = "config", .read = read, .documented = is_one_of<UsageError, DataError>, .factor = 64, .least = 1 << 16});

}  // namespace
