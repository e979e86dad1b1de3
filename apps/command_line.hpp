// What the commands' options have in common: what a word must be, and groups of options that several commands take.
#pragma once
#include "apps/options.hpp"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bijou::inline BIJOU_SCALAR {

// A command of the program, and what it does. `threads`: how many, unless --threads is given; 0: all.
struct Command {
  CLI::App* app;
  std::function<int()> run;
  int threads = 0;
};

// Each makes the commands of its file known. `bijou train` reads the file of --config, for what no option says.
std::vector<Command> train_commands(CLI::App& app, int argc, char** argv);
std::vector<Command> model_commands(CLI::App& app);    // of a trained flow
std::vector<Command> picture_commands(CLI::App& app);  // of a trained flow, too: latents, images, anomalies
std::vector<Command> data_commands(CLI::App& app);

// CLI11's checks: what is wrong with a word, or nothing.
std::string positive(const std::string& word);
std::string not_negative(const std::string& word);
std::string part_of_one(const std::string& word);  // between 0 and 1
std::string at_least_one(const std::string& word);
std::string thread_count(const std::string& word);
std::string seed_number(const std::string& word);
std::string bit_count(const std::string& word);
std::string class_number(const std::string& word);

std::string all_presets();  // "nice: digits, mnist, ...; realnvp: ..."

// Options of a command, which go into the last argument; it must live as long as the command. Split options come after
// data options.
void add_data_options(CLI::App* command, DataOptions& options);
void add_split_options(CLI::App* command, DataOptions& options);
void add_picture_options(CLI::App* command, PictureOptions& options);
void add_data_memory(CLI::App* command, int64_t& bytes);
void add_run(CLI::App* command, std::string& run);                      // RUN
void add_run_data_options(CLI::App* command, RunDataOptions& options);  // --data and its kin, --split
void add_output_options(CLI::App* command, OutputOptions& options, const std::string& what);  // --out, --force, --json
void add_seed(CLI::App* command, uint64_t& seed, const std::string& of);                      // --seed

}  // namespace bijou
