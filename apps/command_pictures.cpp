// The options of the commands that use a trained flow: its latents, the images between and beside images, anomalies.
#include "apps/command_line.hpp"

#include <CLI/CLI.hpp>

namespace bijou::inline BIJOU_SCALAR {
namespace {

void add_image_options(CLI::App* command, ImageOptions& options) {
  add_run_data_options(command, options);
  command->add_flag("--resize", options.resize,
                    "picture files of another size: shrink or enlarge them, cut what is too long");
}

void add_steps(CLI::App* command, int64_t& steps, const char* what) {
  command->add_option("--steps", steps, what)->check(CLI::Validator(at_least_one, "N"))->capture_default_str();
}

Command encode_command(CLI::App& app) {
  const auto options = std::make_shared<EncodeOptions>();
  auto* command =
      app.add_subcommand("encode", "data to latents, how well they come back, and what the latents say about classes");
  add_run(command, options->run);
  add_run_data_options(command, *options);
  add_output_options(command, *options, "a .npy or CSV file, a row for each example; default: in the run folder");
  return {command, [options] { return encode(*options); }};
}

Command decode_command(CLI::App& app) {
  const auto options = std::make_shared<DecodeOptions>();
  auto* command = app.add_subcommand("decode", "latents back to data");
  add_run(command, options->run);
  command->add_option("LATENTS", options->latents, "a .npy file [n, D], as encode writes it")->required();
  add_output_options(command, *options, "a .npy or CSV file; default: in the run folder");
  return {command, [options] { return decode(*options); }};
}

Command interpolate_command(CLI::App& app) {
  const auto options = std::make_shared<InterpolateOptions>();
  auto* command = app.add_subcommand("interpolate", "images between images, along their latents");
  add_run(command, options->run);
  auto* from =
      command->add_option("--from", options->from, "images at the left ends: numbers in the part, or picture files");
  auto* to = command->add_option("--to", options->to, "images at the right ends, as many");
  command->add_option("--four", options->four, "instead: the manifold between four images, RealNVP's eq. (19)")
      ->expected(4)
      ->excludes(from)
      ->excludes(to);
  add_steps(command, options->steps, "images in a row");
  command->add_flag("--straight", options->straight, "along a straight line; default: a great circle");
  add_image_options(command, *options);
  add_output_options(command, *options, "a PNG; default: in the run folder");
  return {command, [options] { return interpolate(*options); }};
}

Command edit_command(CLI::App& app) {
  const auto options = std::make_shared<EditOptions>();
  auto* command = app.add_subcommand("edit", "more or less of an attribute: a direction in the latents, as in Glow");
  add_run(command, options->run);
  command->add_option("IMAGE", options->images, "numbers in the part, or picture files; a row each");
  command
      ->add_option("--positives,--attribute", options->positives,
                   "images that have the attribute: a folder of pictures, or class=K of the run's data")
      ->required();
  command->add_option("--negatives", options->negatives, "images that lack it, named likewise")->required();
  command->add_option("--strength", options->strength, "the row goes from -A to A times the mean difference")
      ->check(CLI::Validator(positive, "A"))
      ->capture_default_str();
  add_steps(command, options->steps, "images in a row");
  add_image_options(command, *options);
  add_output_options(command, *options, "a PNG; default: in the run folder");
  return {command, [options] { return edit(*options); }};
}

Command inpaint_command(CLI::App& app) {
  const auto options = std::make_shared<InpaintOptions>();
  auto* command = app.add_subcommand("inpaint", "fill in what is hidden of images, by climbing the density");
  add_run(command, options->run);
  command->add_option("IMAGE", options->images, "numbers in the part, or picture files");
  command
      ->add_option(
          "--mask", options->mask,
          "what is hidden: x,y,width,height in pixels; left, right, upper, lower; or a picture that is white there")
      ->required();
  add_steps(command, options->steps, "of the ascent");
  add_seed(command, options->seed, "of the start and of the noise");
  add_image_options(command, *options);
  add_output_options(command, *options, "a PNG; default: in the run folder");
  return {command, [options] { return inpaint_images(*options); }};
}

Command score_command(CLI::App& app) {
  const auto options = std::make_shared<ScoreOptions>();
  auto* command = app.add_subcommand("score", "find anomalies: several scores, AUROC, a threshold");
  add_run(command, options->run);
  add_run_data_options(command, *options);
  command->add_option("--anomalies", options->anomalies,
                      "other data, all of them anomalous: their test part, or all where they have none");
  command
      ->add_option("--normal", options->normal, "the label of what is normal; default: 0, where all labels are 0 or 1")
      ->check(CLI::Validator(class_number, "Y"));
  command->add_option("--against", options->against, "a second run, for the ratio of likelihoods");
  command->add_option("--clean", options->clean,
                      "data without anomalies, for the threshold; default: the run's own validation part");
  command->add_flag("--gradient", options->gradient, "the norm of d log p / dx, too: some three times the work");
  command->add_option("--false-alarms", options->false_alarms, "share of clean examples above the threshold")
      ->check(CLI::Validator(part_of_one, "X"))
      ->capture_default_str();
  command->add_option("--maps", options->maps, "of the N strangest images: where log p would change most")
      ->check(CLI::Validator(at_least_one, "N"));
  add_seed(command, options->seed, "of the bootstrap");
  add_output_options(command, *options, "a CSV file, pictures beside it; default: in the run folder");
  return {command, [options] { return score(*options); }};
}

Command plot_command(CLI::App& app) {
  const auto options = std::make_shared<PlotOptions>();
  auto* command =
      app.add_subcommand("plot", "draw a run's pictures anew: curve, likelihoods, latents, samples, the plane");
  add_run(command, options->run);
  add_run_data_options(command, *options);
  add_seed(command, options->seed, "of what is sampled");
  add_output_options(command, *options, "a folder; default: plots in the run folder");
  return {command, [options] { return plot_run(*options); }};
}

Command curve_command(CLI::App& app) {
  const auto options = std::make_shared<CurveOptions>();
  auto* command = app.add_subcommand("curve", "draw a run's log.csv, finished or not; lower is better");
  command->add_option("RUN", options->run, "run folder")->required();
  command
      ->add_option("--line", options->lines,
                   "NAME=VALUE: a dashed line to compare with, in the unit; again for another")
      ->expected(1)
      ->take_all();
  command->add_option("--title", options->title, "above the picture; default: RUN");
  command->add_option("--unit", options->unit, "of the picture: nats, where the data are no images")
      ->check(CLI::IsMember({"bits/dim", "nats"}))
      ->capture_default_str();
  add_output_options(command, *options, "a PNG file; default: curve.png in the run folder");
  return {command, [options] { return draw_learning_curve(*options); }};
}

Command report_command(CLI::App& app) {
  const auto options = std::make_shared<ReportOptions>();
  auto* command = app.add_subcommand(
      "report", "a run on one page: figures, curves, pictures, ledger, configuration; a single HTML file");
  command->add_option("RUN", options->run, "run folder")->required();
  command->add_option("--data", options->data, "data set or path; default: what it was trained on");
  add_data_options(command, *options);
  add_data_memory(command, options->data_memory);
  add_output_options(command, *options, "an HTML file; default: report.html in the run folder");
  return {command, [options] { return report(*options); }};
}

}  // namespace

std::vector<Command> picture_commands(CLI::App& app) {
  return {encode_command(app), decode_command(app), interpolate_command(app), edit_command(app),  inpaint_command(app),
          score_command(app),  plot_command(app),   curve_command(app),       report_command(app)};
}

}  // namespace bijou
