// What a run of the program was asked to do; the training settings that belong to a preset.
#pragma once
#include "datasets/dataset.hpp"
#include "flows/memory.hpp"
#include "flows/zoo.hpp"
#include "nn/optimizer.hpp"

#include <optional>

namespace bijou::inline BIJOU_SCALAR {

// Settings of training. Sources: NICE section 5.1, RealNVP section 4.1, and Glow's released code for the papers'
// presets; ours for the small ones.
struct TrainSettings {
  enum class Rule { adam, adamax } rule = Rule::adam;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  int64_t epochs = 30;
  int64_t batch_size = 64;
  double learning_rate = 1e-3;
  Schedule::Kind schedule = Schedule::Kind::cosine;
  int64_t warmup_steps = 0;
  int64_t decay_epochs = 30;     // of the schedule "step": after so many epochs the rate is multiplied
  double decay_factor = 0.1;     // by this
  double clip_norm = 100;        // of all gradients together
  double weight_norm_l2 = 5e-5;  // times the sum of squared weight-norm gains
  double weight_decay = 0;       // in a step weights lose this share, times the learning rate
  double average_decay = 0.99;   // of the moving average of weights; 0: none
  double batch_norm_momentum = 0.1;
  bool horizontal_flips = false;   // mirror each training image with probability 1/2
  int64_t patience = 0;            // stop after so many epochs without a better validation loss; 0: never
  int64_t picture_epochs = 0;      // a sheet of samples after so many epochs; 0: about eight sheets in a training
  Memory memory = Memory::stored;  // what is kept for the backward sweep
};

struct Preset {
  FlowConfig model;
  TrainSettings training;
};

// A family's preset by name; "" chooses by the data: "digits", "mnist" (other images), "toy", "table". The data's shape
// and levels are filled in.
Preset find_preset(const std::string& family, const std::string& name, const Dataset& data);
std::string default_preset(const Dataset& data);

// Which data, and how they are read.
struct DataOptions {
  std::string data, data_dir;              // a name or a path; where names are looked for
  std::string columns, separator, header;  // of tables, as DatasetOptions has them; header: yes, no, auto or empty
  bool dequantise = false;
  std::vector<double> noise_widths;  // no flag: of the table that a model was trained on
  // How examples are cut into parts, as DatasetOptions has it; and other data that are the test part.
  std::optional<uint64_t> split_seed;
  std::optional<double> validation_fraction, test_fraction;
  std::optional<int> only_class;  // training and validation are of this class alone
  std::string test_data;
};
DatasetOptions dataset_options(const DataOptions& options);
void refuse_unused(const DataOptions& options, const Dataset& data);  // UsageError: one that had no say

// What a checkpoint keeps of them, so that the model sees the same data again: JSON of all members that are set, but
// for data, data_dir and test_data. `data` has the widths of the noise.
std::string data_options_to_json(const DataOptions& options, const Dataset& data);
// Those of a checkpoint ("" where it has none), and over them what is given now. CheckpointError, beginning with
// `where`.
DataOptions data_options_from_json(const std::string& json, const DataOptions& given, const std::string& where);

struct TrainOptions : DataOptions {
  std::string program = "bijou";     // as it was called, for the command that is printed at the end
  std::vector<std::string> command;  // all words of it
  std::string family = "realnvp", preset, out;
  std::vector<std::string> set;    // NAME=VALUE: members of the preset's architecture to be replaced
  PictureOptions pictures;         // how a folder of pictures is read
  bool flip = false;               // images: mirrored with probability 1/2, whatever the preset says
  std::optional<int> bits;         // of images of 256 levels: keep so many
  bool class_conditional = false;  // Glow: a top prior for each class
  bool dry_run = false;            // only say what a run would take
  bool profile = false;            // only say where the time of its steps would go
  bool golden = false;             // compare with how the preset went before
  bool resume = false;             // go on from the run folder's last checkpoint
  std::optional<int64_t> epochs, steps;
  std::string config;        // a file whose values stand in for options that are not given (apps/config.hpp)
  std::string architecture;  // JSON from it: members of the preset's architecture
  std::string settings;      // JSON from it: members of TrainSettings by their names in config.json
  struct Flag {
    std::string flag, name, value;
  };
  std::vector<Flag> flags;  // of the same, from the command line
  uint64_t seed = 0;
};

// The data that a trained run is shown.
struct RunDataOptions : DataOptions {
  std::string run, split = "test";
  int64_t data_memory = 0;   // bytes that pictures may take; 0: half of the machine's
  bool dequantised = false;  // the data are real numbers in [0, levels), with their noise
};

// Where a command writes.
struct OutputOptions {
  std::string out;     // "": a name of the command's, in the run folder
  bool force = false;  // what is there may be replaced
  bool json = false;   // the figures and the files' names as one line of JSON
};

struct SampleOptions : OutputOptions {
  std::string run;
  int64_t count = 0;         // 0: 100, of a sweep 10 in a row
  std::optional<int> label;  // of this class only
  double temperature = 1;
  bool sweep = false;  // a row for each of several temperatures from 0 to 1
  uint64_t seed = 0;
};

struct EvaluateOptions : RunDataOptions {
  int64_t dequantisations = 1;  // draws of the noise that the figure is averaged over
  bool ledger = false;          // the terms of the figure, too
  bool json = false;
};

struct EncodeOptions : RunDataOptions, OutputOptions {};

struct DecodeOptions : OutputOptions {
  std::string run, latents;
};

// Images of a run's data, by their numbers in the part, or picture files.
struct ImageOptions : RunDataOptions {
  bool resize = false;  // picture files: to the model's size
};

struct InterpolateOptions : ImageOptions, OutputOptions {
  std::vector<std::string> from, to;  // a row for each pair
  std::vector<std::string> four;      // or the manifold between four
  int64_t steps = 9;                  // images in a row
  bool straight = false;              // a straight line between the latents, not an arc
};

struct EditOptions : ImageOptions, OutputOptions {
  std::string positives, negatives;
  std::vector<std::string> images;
  double strength = 1;  // a: from -a to a
  int64_t steps = 9;
};

struct InpaintOptions : ImageOptions, OutputOptions {
  std::vector<std::string> images;
  std::string mask;  // x,y,width,height; left, right, upper, lower; or a picture
  int64_t steps = 500;
  uint64_t seed = 0;
};

struct ScoreOptions : RunDataOptions, OutputOptions {
  std::string anomalies;       // other data, all of them anomalous
  std::optional<int> normal;   // the label of what is normal; all others are anomalous
  std::string against;         // a second run, for the likelihood ratio
  std::string clean;           // data without anomalies; "": the run's own validation part
  bool gradient = false;       // the gradient's norm, too: three times the work
  double false_alarms = 0.01;  // of the threshold
  int64_t maps = 0;            // of so many images, a map of |d log p / dx|
  uint64_t seed = 0;           // of the bootstrap
};

struct PlotOptions : RunDataOptions, OutputOptions {
  uint64_t seed = 0;
};

// The curve of a run's log.csv, in one of the log's units, with dashed lines to compare it with.
struct CurveOptions : OutputOptions {
  std::string run, title;
  std::string unit = "bits/dim";   // or "nats"
  std::vector<std::string> lines;  // NAME=VALUE
};

struct ReportOptions : RunDataOptions, OutputOptions {};

// What `bijou data list` and `bijou data info` were asked.
struct DataCommandOptions : DataOptions {
  std::string out;
  PictureOptions pictures;
};

struct ImportCommand {
  std::string file, from, out;
  std::optional<int64_t> size;
  std::optional<int> levels;
  std::vector<std::string> set;  // NAME=VALUE: members of the architecture
};

struct CheckOptions {
  std::string model, preset;  // a run folder, a checkpoint, or a family with a preset
  bool json = false;
  uint64_t seed = 0;
};

struct JacobianOptions {
  std::string model, preset, layer, out;  // model: as above
  uint64_t seed = 0;
};

struct ReplayOptions {
  std::string record;
};

// The sub-commands. Each returns the program's exit code; errors are exceptions (autograd/check.hpp, main.cpp).
int train(const TrainOptions& options);
int sample(const SampleOptions& options);
int evaluate(const EvaluateOptions& options);
int encode(const EncodeOptions& options);
int decode(const DecodeOptions& options);
int interpolate(const InterpolateOptions& options);
int edit(const EditOptions& options);
int inpaint_images(const InpaintOptions& options);
int score(const ScoreOptions& options);
int plot_run(const PlotOptions& options);
int draw_learning_curve(const CurveOptions& options);
int report(const ReportOptions& options);
int replay(const ReplayOptions& options);  // NonFiniteError: the step fails again
int import_model(const ImportCommand& options);
int list_data(const DataCommandOptions& options);
int describe_data(const DataCommandOptions& options);
int check_model(const CheckOptions& options);  // 1 when a layer fails
int draw_jacobians(const JacobianOptions& options);
int draw_lesson(const JacobianOptions& options);  // of which `out` and `seed` are used

}  // namespace bijou
