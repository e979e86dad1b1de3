// bijou train: its options.
#include "apps/command_line.hpp"
#include "apps/config.hpp"

#include <CLI/CLI.hpp>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// The file that --config names: it is read first, so that the command line may say otherwise.
std::string config_of(int argc, char** argv) {
  const std::string flag = "--config";
  for (int i = 2; i < argc && argv[1] == std::string("train"); ++i) {
    const std::string word = argv[i];
    if (word == "--") break;
    if (word == flag && i + 1 < argc) return argv[i + 1];
    if (word.starts_with(flag + "=")) return word.substr(flag.size() + 1);
  }
  return "";
}

// What belongs to TrainSettings goes there by its name in config.json.
void add_settings(CLI::App* command, TrainOptions& training) {
  const auto setting = [&](const char* flag, const char* name, const char* help) {
    return command->add_option_function<std::string>(
        flag,
        [&training, flag, name](const std::string& word) {
          training.flags.push_back({flag, name, word});
        },
        help);
  };
  setting("--batch-size", "batch_size", "examples in a step")->check(CLI::Validator(at_least_one, "N"));
  setting("--lr", "lr", "learning rate")->check(CLI::Validator(positive, "X"));
  setting("--optimizer", "optimizer", "adam or adamax");
  setting("--schedule", "schedule", "of the learning rate: constant, cosine (to zero), or step (falls by a factor)");
  setting("--warmup", "warmup_steps", "steps over which the learning rate rises from zero");
  setting("--decay-epochs", "decay_epochs", "of the schedule step: epochs until the rate falls");
  setting("--decay-factor", "decay_factor", "of the schedule step: by so much");
  setting("--clip-norm", "clip_norm", "largest norm of all gradients together; 0: no clipping");
  setting("--weight-decay", "weight_decay",
          "in each step, the weights of linear layers and convolutions (but under weight norm) are first multiplied by "
          "1 - the learning rate x this");
  setting("--ema", "average_decay", "decay of the moving average of weights that is evaluated and saved; 0: none");
  setting("--patience", "patience", "stop after so many epochs without a better validation loss; 0: never");
  setting("--picture-epochs", "picture_epochs", "a sheet of samples after so many epochs; 0: about eight in all");
  setting(
      "--memory", "memory",
      "what is kept of each layer for the gradients: stored (all; the default), checkpointed (its input; the same "
      "weights to the byte, a third more time), reversible (nothing: layers are inverted; does not grow with depth)")
      ->check(CLI::IsMember(memory_names()));
}

}  // namespace

std::vector<Command> train_commands(CLI::App& app, int argc, char** argv) {
  const auto options = std::make_shared<TrainOptions>();
  TrainOptions& training = *options;
  training.program = argv[0];
  training.command.assign(argv, argv + argc);
  training.data = "digits";
  auto* train_command =
      app.add_subcommand("train", "train a flow; leaves a run folder with checkpoints, log and pictures");
  train_command->add_option("MODEL", training.family, "nice, realnvp or glow");
  train_command->add_option("--config", training.config,
                            "a config.json, or a part of one: for what no option says. Options go before it, it goes "
                            "before the preset");
  train_command
      ->add_option(
          "--data", training.data,
          "digits, mnist, fashion-mnist, cifar10, a toy (moons, 8gaussians, checkerboard, rings, circles, pinwheel, "
          "2spirals, swissroll), or the path of a folder of pictures, an IDX file, a folder of them, a CSV table, or "
          "NumPy's .npy or .npz")
      ->capture_default_str();
  add_data_options(train_command, training);
  add_split_options(train_command, training);
  add_picture_options(train_command, training.pictures);
  train_command->add_flag("--flip", training.flip, "mirror each training image with probability 1/2");
  add_data_memory(train_command, training.pictures.memory);
  train_command->add_option("--preset", training.preset,
                            "architecture and settings; default: by the data. " + all_presets());
  train_command
      ->add_option("--set", training.set,
                   "NAME=VALUE: replace a member of the preset's architecture, as "
                   "config.json names it (steps=4, mixing=shuffle); repeatable")
      ->allow_extra_args(false);
  train_command->add_option("--bits", training.bits, "of images of 256 levels, keep the upper N bits (1 to 8)")
      ->check(CLI::Validator(bit_count, "N"));
  train_command->add_flag("--class-conditional", training.class_conditional,
                          "glow: a top prior for each class of labelled data");
  train_command->add_option("--out", training.out,
                            "run folder; default: runs/MODEL-DATA. An earlier run there is moved aside");
  auto* epochs = train_command->add_option("--epochs", training.epochs, "passes over the training part")
                     ->check(CLI::Validator(at_least_one, "N"));
  auto* steps = train_command->add_option("--steps", training.steps, "steps, instead of epochs")
                    ->check(CLI::Validator(at_least_one, "N"))
                    ->excludes(epochs);
  add_settings(train_command, training);
  auto* golden = train_command->add_flag(
      "--golden", training.golden,
      "say after each epoch where the run stands against this preset's curves of several seeds, "
      "which come with the program: their mean and range, and how far outside of that the run is, where by more than "
      "the range's width");
  auto* resume = train_command->add_flag(
      "--resume", training.resume,
      "go on from the run folder's last checkpoint, with the same options: the run ends as if it had "
      "never stopped, byte for byte");
  add_seed(train_command, training.seed, "of weights, shuffling and dequantisation");
  auto* dry_run =
      train_command
          ->add_flag("--dry-run", training.dry_run,
                     "try a few steps, print the memory and the time that training would take, write nothing")
          ->excludes(resume)
          ->excludes(golden);
  train_command
      ->add_flag("--profile", training.profile,
                 "try a few steps, print where their time goes, operation by operation; write nothing")
      ->excludes(dry_run)
      ->excludes(golden)
      ->excludes(resume);

  training.family.clear();
  if (const std::string config = config_of(argc, argv); !config.empty()) read_config(config, training);
  const auto run = [options, epochs, steps, configured = training.family] {
    if (options->family.empty())
      fail<UsageError>("MODEL is required: nice, realnvp or glow (bijou train --help says how)");
    if (!configured.empty() && options->family != configured)
      fail<UsageError>("--config is for ", configured, ", but ", options->family, " is asked for");
    if (epochs->count() > 0) options->steps.reset();
    if (steps->count() > 0) options->epochs.reset();
    return train(*options);
  };
  return {{train_command, run}};
}

}  // namespace bijou
