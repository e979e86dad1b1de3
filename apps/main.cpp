// The program: bijou train | sample | evaluate | data | import | replay | check | jacobian. See `bijou --help`.
#include "apps/config.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/machine.hpp"
#include "flows/import/import.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace bijou;

enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kData = 3, kCheckpoint = 4, kNonFinite = 5, kStorage = 6 };

// Before anything else runs, also before static constructors: a binary that was built for another processor says so.
__attribute__((constructor(101))) void check_processor() {
  const char* missing = kernels::missing_instructions();
  if (*missing == '\0') return;
  std::fprintf(stderr,
               "bijou: this program was built for a processor with %s, which this one lacks; build it here: make clean "
               "&& make\n",
               missing);
  _exit(kUsage);
}

// A file opened while descriptor 1 is closed would get this number, and all that is printed would go into it. What is
// printed fails instead: /dev/null is opened for reading.
void fill_closed_streams() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) _exit(kFailed);
  }
}

// One line, whatever a path or an argument holds.
ExitCode say(ExitCode code, std::string what) {
  std::ranges::replace_if(
      what, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  std::fprintf(stderr, "bijou: %s\n", what.c_str());
  return code;
}

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

// "nice: digits, mnist, ...; realnvp: ..."
std::string presets() {
  std::string all;
  for (const std::string& family : families()) {
    all += (all.empty() ? "" : "; ") + family + ":";
    const char* before = " ";
    for (const std::string& name : preset_names(family)) all += before + name, before = ", ";
  }
  return all;
}

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

int run(int argc, char** argv) {
  CLI::App app("Bijou: normalizing flows, trained on the CPU.");
  app.name("bijou");
  app.require_subcommand(0, 1);
  const char* const exit_codes =
      "Exit codes: 0 done; 2 wrong usage; 3 data missing or broken; 4 a checkpoint that does not fit;\n"
      "5 training became non-finite; 6 a file cannot be written, or no memory is left; 130 interrupted (state saved); "
      "1 a check failed.";
  app.footer(exit_codes);
  app.set_version_flag("--version", [] {
    return text("bijou, compiled by g++ ", __VERSION__, "; ", kernels::blas_description(), "; ", kernels::threads(),
                " threads");
  });
  int threads = 0;
  const auto common = [&](CLI::App* command) {
    command->add_option("--threads", threads, "threads; default: OMP_NUM_THREADS, or all cores")
        ->check(CLI::Validator(thread_count, "N"));
    command->footer(exit_codes);
  };

  const auto split_options = [](CLI::App* command, DataOptions& data) {
    command
        ->add_option("--split-seed", data.split_seed, "which examples are for training, validation, test; default: 0")
        ->check(CLI::Validator(seed_number, "N"));
    command->add_option("--validation-fraction", data.validation_fraction, "cut off for validation; default: 0.1")
        ->check(CLI::Validator(part_of_one, "X"));
    command->add_option("--test-fraction", data.test_fraction, "cut off for the test; default: 0.1")
        ->check(CLI::Validator(part_of_one, "X"))
        ->excludes("--test-data");
  };
  const auto data_options = [](CLI::App* command, DataOptions& data) {
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
  };

  TrainOptions training;
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
  data_options(train_command, training);
  split_options(train_command, training);
  add_picture_options(train_command, training.pictures);
  train_command->add_flag("--flip", training.flip, "mirror each training image with probability 1/2");
  add_data_memory(train_command, training.pictures.memory);
  train_command->add_option("--preset", training.preset,
                            "architecture and settings; default: by the data. " + presets());
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
  // What belongs to TrainSettings goes there by its name in config.json.
  const auto setting = [&](const char* flag, const char* name, const char* help) {
    return train_command->add_option_function<std::string>(
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
  auto* golden = train_command->add_flag(
      "--golden", training.golden,
      "say after each epoch where the run stands against this preset's curves of several seeds, "
      "which come with the program");
  auto* resume = train_command->add_flag(
      "--resume", training.resume,
      "go on from the run folder's last checkpoint, with the same options: the run ends as if it had "
      "never stopped, byte for byte");
  train_command->add_option("--seed", training.seed, "of weights, shuffling and dequantisation")
      ->check(CLI::Validator(seed_number, "N"))
      ->capture_default_str();
  setting(
      "--memory", "memory",
      "what is kept of each layer for the gradients: stored (all; the default), checkpointed (its input; the same "
      "weights to the byte, a third more time), reversible (nothing: layers are inverted; does not grow with depth)")
      ->check(CLI::IsMember(memory_names()));
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
  common(train_command);

  SampleOptions sampling;
  auto* sample_command = app.add_subcommand("sample", "draw samples from a trained flow");
  sample_command->add_option("RUN", sampling.run, "run folder, or a checkpoint file")->required();
  sample_command->add_option("--count", sampling.count, "how many")
      ->check(CLI::Validator(at_least_one, "N"))
      ->capture_default_str();
  sample_command->add_option("--class", sampling.label, "of a class-conditional model: samples of this class only")
      ->check(CLI::Validator(class_number, "Y"));
  sample_command->add_option("--temperature", sampling.temperature, "scales the latents' deviation")
      ->check(CLI::Validator(not_negative, "T"))
      ->capture_default_str();
  sample_command->add_option("--seed", sampling.seed, "of the latents")
      ->check(CLI::Validator(seed_number, "N"))
      ->capture_default_str();
  sample_command->add_option("--out", sampling.out, "a PNG (images) or CSV file (vectors); default: in the run folder");
  common(sample_command);

  EvaluateOptions evaluation;
  auto* evaluate_command = app.add_subcommand("evaluate", "the log-likelihood of data under a trained flow");
  evaluate_command->add_option("RUN", evaluation.run, "run folder, or a checkpoint file")->required();
  evaluate_command->add_option("--data", evaluation.data,
                               "data set or path; default: what it was trained on. A table may hold images, "
                               "a row each, as height x width x channels numbers");
  data_options(evaluate_command, evaluation);
  add_data_memory(evaluate_command, evaluation.data_memory);
  evaluate_command->add_option("--split", evaluation.split, "train, validation, test, or all of them")
      ->check(CLI::IsMember({"train", "validation", "test", "all"}))
      ->capture_default_str();
  evaluate_command->add_flag("--ledger", evaluation.ledger,
                             "the terms whose sum is the figure: prior by scale, each kind of layer's log-determinant, "
                             "preprocessing, quantisation");
  evaluate_command
      ->add_option("--dequantisations", evaluation.dequantisations, "average over K draws of the images' noise")
      ->check(CLI::Validator(at_least_one, "K"))
      ->capture_default_str();
  evaluate_command->add_flag("--dequantised", evaluation.dequantised,
                             "the data are real numbers in [0, levels): images that have their noise already");
  evaluate_command->add_flag(
      "--json", evaluation.json,
      "one line of JSON: nll_nats, bits_per_dim, examples, split, their standard errors, ledger");
  common(evaluate_command);

  for (const char* of_other_data : {"--data", "--split"})
    evaluate_command->get_option("--test-data")->excludes(evaluate_command->get_option(of_other_data));

  ReplayOptions replaying;
  auto* replay_command = app.add_subcommand("replay", "a training step that failed, once more and layer by layer");
  replay_command->add_option("RECORD", replaying.record, "a file of a run's folder flight/")->required();
  common(replay_command);
  ImportCommand importing;
  auto* import_command = app.add_subcommand(
      "import", "make a checkpoint of a model that another program trained, from its state dictionary");
  import_command
      ->add_option("FILE", importing.file, "a state dictionary: safetensors, or .npz with an array for each tensor")
      ->required();
  import_command->add_option("--from", importing.from, "the program that wrote it")
      ->required()
      ->check(CLI::IsMember(import_sources()));
  import_command->add_option("--out", importing.out, "a run folder, or a checkpoint file (.safetensors)")->required();
  import_command
      ->add_option("--size", importing.size,
                   "height and width of the images; default: 64 (rosinality-glow), 32 (chrischute-realnvp)")
      ->check(CLI::Validator(at_least_one, "N"));
  import_command
      ->add_option("--levels", importing.levels,
                   "levels of the images, 0 for real numbers as they are; default: 32 (rosinality-glow), 256 "
                   "(chrischute-realnvp)")
      ->check(CLI::Range(0, 256));
  import_command
      ->add_option("--set", importing.set,
                   "NAME=VALUE: a member of the architecture that the tensors' shapes do not say; repeatable")
      ->allow_extra_args(false);
  common(import_command);
  DataCommandOptions data;
  auto* data_command = app.add_subcommand("data", "what data sets there are, and what is in one");
  data_command->require_subcommand(1);
  auto* list_command =
      data_command->add_subcommand("list", "the names that --data knows, and where each one's files are");
  list_command->add_option("--data-dir", data.data_dir, "where data sets are");
  auto* info_command = data_command->add_subcommand("info", "shape, range, counts, SHA-256, and a picture of pictures");
  info_command->add_option("DATA", data.data, "a name or a path, as for `bijou train --data`")->required();
  data_options(info_command, data);
  split_options(info_command, data);
  info_command->add_option("--out", data.out, "of images: draw the first hundred into this PNG file");
  add_picture_options(info_command, data.pictures);
  add_data_memory(info_command, data.pictures.memory);
  for (CLI::App* command : {list_command, info_command}) common(command);

  CheckOptions checking;
  auto* check_command = app.add_subcommand(
      "check", "every layer's log-determinant, gradients and inverse against its Jacobian, in double precision");
  check_command->add_option("MODEL", checking.model, "run folder or checkpoint; or nice, realnvp, glow: random weights")
      ->required();
  check_command->add_option("--preset", checking.preset, "of a family; default: digits. " + presets());
  check_command->add_flag("--json", checking.json, "one line of JSON, with an array of layers");
  check_command->add_option("--seed", checking.seed, "of what is drawn: examples, directions, random weights")
      ->check(CLI::Validator(seed_number, "N"))
      ->capture_default_str();
  common(check_command);

  JacobianOptions picture;
  auto* jacobian_command =
      app.add_subcommand("jacobian", "pictures of the layers' Jacobians; and what a flow does to a density");
  jacobian_command
      ->add_option("MODEL", picture.model,
                   "run folder or checkpoint; nice, realnvp, glow: random weights; lesson: the "
                   "change of variables in one dimension")
      ->required();
  jacobian_command->add_option("--preset", picture.preset, "of a family; default: digits. " + presets());
  jacobian_command->add_option("--layer", picture.layer,
                               "this layer alone, by its dotted name; default: a sheet of all");
  jacobian_command->add_option("--out", picture.out,
                               "a PNG file; default: jacobians.png or jacobian-LAYER.png in the run folder, or here");
  jacobian_command->add_option("--seed", picture.seed, "of what is drawn: the example, random weights")
      ->check(CLI::Validator(seed_number, "N"))
      ->capture_default_str();
  common(jacobian_command);

  training.family.clear();
  if (const std::string config = config_of(argc, argv); !config.empty()) read_config(config, training);
  const std::string configured = training.family;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::printf("%s", app.get_subcommands().empty() ? app.help().c_str() : app.get_subcommands()[0]->help().c_str());
    return kDone;
  } catch (const CLI::CallForVersion& e) {
    std::printf("%s\n", e.what());
    return kDone;
  } catch (const CLI::ParseError& e) {
    const auto commands = app.get_subcommands();
    return say(kUsage,
               text(e.what(), " (bijou ", commands.empty() ? "" : commands[0]->get_name() + " ", "--help says how)"));
  }
  if (const std::string complaint = kernels::blas_complaint(); !complaint.empty()) return say(kUsage, complaint);
  if (threads > 0) kernels::set_threads(threads);
  else if (*check_command || *jacobian_command) kernels::set_threads(1);  // many small operations
  if (*train_command) {
    if (training.family.empty())
      return say(kUsage, "MODEL is required: nice, realnvp or glow (bijou train --help says how)");
    if (!configured.empty() && training.family != configured)
      fail<UsageError>("--config is for ", configured, ", but ", training.family, " is asked for");
    if (epochs->count() > 0) training.steps.reset();
    if (steps->count() > 0) training.epochs.reset();
    return train(training);
  }
  if (*sample_command) return sample(sampling);
  if (*evaluate_command) return evaluate(evaluation);
  if (*replay_command) return replay(replaying);
  if (*import_command) return import_model(importing);
  if (*list_command) return list_data(data);
  if (*info_command) return describe_data(data);
  if (*check_command) return check_model(checking);
  if (*jacobian_command) return picture.model == "lesson" ? draw_lesson(picture) : draw_jacobians(picture);
  std::printf("%s", app.help().c_str());
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit of size is an error like a full disk, not a sudden end
  try {
    const int code = run(argc, argv);
    if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return code;
    return say(kStorage, "the output could not be printed; is it closed, or its disk full?");
  } catch (const UsageError& e) {
    return say(kUsage, e.what());
  } catch (const ValueError& e) {
    return say(kUsage, e.what());
  } catch (const DataError& e) {
    return say(kData, e.what());
  } catch (const CheckpointError& e) {
    return say(kCheckpoint, e.what());
  } catch (const NonFiniteError& e) {
    return say(kNonFinite, e.what());
  } catch (const StorageError& e) {
    return say(kStorage, e.what());
  } catch (const std::bad_alloc&) {
    return say(kStorage, "the machine has no memory left; try a smaller --batch-size or --count");
  } catch (const std::exception& e) {
    return say(kFailed, e.what());
  }
}
