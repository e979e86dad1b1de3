// The options of the commands that take a trained flow, or make one of another program's.
#include "apps/command_line.hpp"
#include "flows/import/import.hpp"

#include <CLI/CLI.hpp>

namespace bijou::inline BIJOU_SCALAR {
namespace {

Command sample_command(CLI::App& app) {
  const auto options = std::make_shared<SampleOptions>();
  SampleOptions& sampling = *options;
  auto* command = app.add_subcommand("sample", "draw samples from a trained flow");
  add_run(command, sampling.run);
  command->add_option("--count", sampling.count, "how many; with --sweep, in a row")
      ->check(CLI::Validator(at_least_one, "N"))
      ->default_str("100, in a row 10");
  command->add_option("--class", sampling.label, "of a class-conditional model: samples of this class only")
      ->check(CLI::Validator(class_number, "Y"));
  auto* temperature = command->add_option("--temperature", sampling.temperature, "scales the latents' deviation")
                          ->check(CLI::Validator(not_negative, "T"))
                          ->capture_default_str();
  command->add_flag("--sweep", sampling.sweep, "images: a row for each of eight temperatures from 0 to 1")
      ->excludes(temperature);
  add_seed(command, sampling.seed, "of the latents");
  add_output_options(command, sampling,
                     "a PNG (images), CSV (vectors) or .npy file (both); default: in the run folder");
  return {command, [options] { return sample(*options); }};
}

Command evaluate_command(CLI::App& app) {
  const auto options = std::make_shared<EvaluateOptions>();
  EvaluateOptions& evaluation = *options;
  auto* command = app.add_subcommand("evaluate", "the log-likelihood of data under a trained flow");
  add_run(command, evaluation.run);
  add_run_data_options(command, evaluation);
  command->add_flag("--ledger", evaluation.ledger,
                    "the terms whose sum is the figure: prior by scale, each kind of layer's log-determinant, "
                    "preprocessing, quantisation");
  command->add_option("--dequantisations", evaluation.dequantisations, "average over K draws of the images' noise")
      ->check(CLI::Validator(at_least_one, "K"))
      ->capture_default_str();
  command->add_flag("--json", evaluation.json,
                    "one line of JSON: nll_nats, bits_per_dim, examples, split, their standard errors, ledger");
  return {command, [options] { return evaluate(*options); }};
}

Command replay_command(CLI::App& app) {
  const auto options = std::make_shared<ReplayOptions>();
  ReplayOptions& replaying = *options;
  auto* command = app.add_subcommand("replay", "a training step that failed, once more and layer by layer");
  command->add_option("RECORD", replaying.record, "a file of a run's folder flight/")->required();
  return {command, [options] { return replay(*options); }};
}

Command import_command(CLI::App& app) {
  const auto options = std::make_shared<ImportCommand>();
  ImportCommand& importing = *options;
  auto* command = app.add_subcommand(
      "import", "make a checkpoint of a model that another program trained, from its state dictionary");
  command->add_option("FILE", importing.file, "a state dictionary: safetensors, or .npz with an array for each tensor")
      ->required();
  command->add_option("--from", importing.from, "the program that wrote it")
      ->required()
      ->check(CLI::IsMember(import_sources()));
  command->add_option("--out", importing.out, "a run folder, or a checkpoint file (.safetensors)")->required();
  command
      ->add_option("--size", importing.size,
                   "height and width of the images; default: 64 (rosinality-glow), 32 (chrischute-realnvp)")
      ->check(CLI::Validator(at_least_one, "N"));
  command
      ->add_option("--levels", importing.levels,
                   "levels of the images, 0 for real numbers as they are; default: 32 (rosinality-glow), 256 "
                   "(chrischute-realnvp)")
      ->check(CLI::Range(0, 256));
  command
      ->add_option("--set", importing.set,
                   "NAME=VALUE: a member of the architecture that the tensors' shapes do not say; repeatable")
      ->allow_extra_args(false);
  return {command, [options] { return import_model(*options); }};
}

Command check_command(CLI::App& app) {
  const auto options = std::make_shared<CheckOptions>();
  CheckOptions& checking = *options;
  auto* command = app.add_subcommand(
      "check", "every layer's log-determinant, gradients and inverse against its Jacobian, in double precision");
  command->add_option("MODEL", checking.model, "run folder or checkpoint; or nice, realnvp, glow: random weights")
      ->required();
  command->add_option("--preset", checking.preset, "of a family; default: digits. " + all_presets());
  command->add_flag("--json", checking.json, "one line of JSON, with an array of layers");
  add_seed(command, checking.seed, "of what is drawn: examples, directions, random weights");
  return {command, [options] { return check_model(*options); }, 1};
}

Command jacobian_command(CLI::App& app) {
  const auto options = std::make_shared<JacobianOptions>();
  JacobianOptions& picture = *options;
  auto* command =
      app.add_subcommand("jacobian", "pictures of the layers' Jacobians; and what a flow does to a density");
  command
      ->add_option("MODEL", picture.model,
                   "run folder or checkpoint; nice, realnvp, glow: random weights; lesson: the "
                   "change of variables in one dimension")
      ->required();
  command->add_option("--preset", picture.preset, "of a family; default: digits. " + all_presets());
  command->add_option("--layer", picture.layer, "this layer alone, by its dotted name; default: a sheet of all");
  command->add_option("--out", picture.out,
                      "a PNG file; default: jacobians.png or jacobian-LAYER.png in the run folder, or here");
  add_seed(command, picture.seed, "of what is drawn: the example, random weights");
  return {command, [options] { return options->model == "lesson" ? draw_lesson(*options) : draw_jacobians(*options); },
          1};
}

}  // namespace

std::vector<Command> model_commands(CLI::App& app) {
  return {sample_command(app), evaluate_command(app), replay_command(app),
          import_command(app), check_command(app),    jacobian_command(app)};
}

}  // namespace bijou
