// bijou data list, bijou data info: their options.
#include "apps/command_line.hpp"

#include <CLI/CLI.hpp>

namespace bijou::inline BIJOU_SCALAR {

std::vector<Command> data_commands(CLI::App& app) {
  const auto options = std::make_shared<DataCommandOptions>();
  DataCommandOptions& data = *options;
  auto* data_command = app.add_subcommand("data", "what data sets there are, and what is in one");
  data_command->require_subcommand(1);
  auto* list_command =
      data_command->add_subcommand("list", "the names that --data knows, and where each one's files are");
  list_command->add_option("--data-dir", data.data_dir, "where data sets are");
  auto* info_command = data_command->add_subcommand("info", "shape, range, counts, SHA-256, and a picture of pictures");
  info_command->add_option("DATA", data.data, "a name or a path, as for `bijou train --data`")->required();
  add_data_options(info_command, data);
  add_split_options(info_command, data);
  info_command->add_option("--out", data.out, "of images: draw the first hundred into this PNG file");
  add_picture_options(info_command, data.pictures);
  add_data_memory(info_command, data.pictures.memory);
  return {{list_command, [options] { return list_data(*options); }},
          {info_command, [options] { return describe_data(*options); }}};
}

}  // namespace bijou
