// bijou train: from the options to a run folder with its checkpoints, figures and pictures. The loop is in
// trainer.cpp.
#include "apps/config.hpp"
#include "apps/density.hpp"
#include "apps/fit.hpp"
#include "apps/golden.hpp"
#include "apps/interrupt.hpp"
#include "apps/memory.hpp"
#include "apps/pictures.hpp"
#include "apps/rehearsal.hpp"
#include "apps/step_profile.hpp"
#include "apps/trainer.hpp"
#include "autograd/kernels/machine.hpp"
#include "datasets/baselines.hpp"
#include "datasets/columns.hpp"
#include "flows/checkpoint.hpp"
#include "flows/config_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr double kBaselineAlpha = 0.05;  // of the Gaussian baseline, where the model itself takes no logit

bool is_utf8(const std::string& path) {
  try {
    return !nlohmann::json(path).dump().empty();
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::vector<NamedFigure> baselines_of(const Dataset& data, double alpha) {
  std::vector<NamedFigure> all;
  if (!data.train.x.defined() || !data.test.x.defined()) return all;  // they would want all pictures at once
  if (data.is_image()) {
    const double to_nats = 1 / bits_per_dim(1, data.dimensions());
    // A covariance wants more examples than it has rows; and beyond a thousand dimensions it takes minutes.
    if (data.dimensions() <= 1024 && data.train.size() >= 2 * data.dimensions()) {
      all.push_back({"full-covariance Gaussian in logit space",
                     to_nats * gaussian_logit_baseline(data.train.x, data.test.x, data.levels, alpha)});
    }
    all.push_back(
        {"independent per-pixel histograms", to_nats * histogram_baseline(data.train.x, data.test.x, data.levels)});
  } else if (std::isfinite(data.entropy)) {
    all.push_back({"entropy of the density (the floor)", data.entropy});
  }
  return all;
}

// NICE with its couplings removed: S and the prior alone, trained on the same data. What the couplings are worth.
NamedFigure without_couplings(NICEConfig config, const Dataset& data, const TrainSettings& s, uint64_t seed) {
  constexpr int64_t kSteps = 1000;
  config.depths.clear();
  config.scale_from_data = true;
  const auto model = build_nice(config, seed);
  fit_to_data(*model, data, seed);
  const Loader loader(data.train, data.levels, s.batch_size, seed);
  const Schedule schedule{.learning_rate = 1e-2, .total_steps = kSteps};
  Adam optimizer(*model);
  for (int64_t t = 0; t < kSteps; ++t) {
    Tape tape;
    Variable loss;
    {
      const Tape::Recording on(tape);
      loss = -mean(model->log_prob(loader.batch(t).x));
    }
    tape.backward(loss);
    optimizer.step(schedule.at(t));
  }
  return {"NICE with the couplings removed", average_nll(*model, data.test, data.levels)};
}

void print_figures(const Dataset& data, const std::string& title, double test,
                   const std::vector<NamedFigure>& baselines) {
  const Unit unit = unit_of(data.levels, data.dimensions());
  const auto line = [&](const std::string& name, double nats, const std::string& note) {
    std::cout << "  " << name << std::string(name.size() < 42 ? 42 - name.size() : 1, ' ');
    char figure[32];
    std::snprintf(figure, sizeof figure, "%7.3f ", nats * unit.per_nat);
    std::cout << figure << unit.name << note << "\n";
  };
  std::cout << "\ntest part, " << data.test.size() << " examples\n";
  line(title, test, "");
  for (const auto& b : baselines) line(b.name, b.nats, "");
}

std::string fixed(double value, int digits) {
  char figure[32];
  std::snprintf(figure, sizeof figure, "%.*f", digits, value);
  return figure;
}

void print_classes(const ClassFigures& figures, const Dataset& data) {
  const Unit unit = unit_of(data.levels, data.dimensions());
  std::cout << "  given each example's class: " << fixed(figures.nll_given_y * unit.per_nat, 3) << " " << unit.name
            << "; as a classifier, argmax over y of log p(x|y) p(y): " << fixed(100 * figures.accuracy, 1)
            << "% right\n";
}

// What differs between the run that is to go on and what is asked for now, or nothing.
std::string differences(const nlohmann::json& then, const nlohmann::json& now) {
  std::string all;
  for (const auto& change : nlohmann::json::diff(then, now)) {
    const nlohmann::json::json_pointer at(change.at("path").get<std::string>());
    const auto shown = [&](const nlohmann::json& j) { return j.contains(at) ? j.at(at).dump() : "nothing"; };
    all += text(all.empty() ? "" : "; ", at.to_string().substr(1), " was ", shown(then), ", is ", shown(now));
  }
  return all;
}

// --resume of a run that has no checkpoint yet.
void begin_anew(RunFolder& folder) {
  folder.cut_log(0);
  std::cerr << "no checkpoint in " << folder.path() << " yet: training starts from the beginning\n";
}

// The last checkpoint of a run that goes on.
SavedFlow checkpoint_to_resume(const RunFolder& folder, const std::string& config, const std::string& fingerprint) {
  SavedFlow saved = load_flow(folder.last());
  const auto then = [&] {
    try {
      require_modest_json(saved.metadata.at("training"));
      return nlohmann::json::parse(saved.metadata.at("training")).get<nlohmann::json::object_t>();
    } catch (const std::exception&) {
      fail<CheckpointError>(folder.last(), ": it does not say how it was trained; start the training anew");
    }
  }();
  nlohmann::json known = then;  // a setting that came later was at its default then
  const auto defaults = nlohmann::json::parse(settings_to_json({}));
  for (const auto& [name, value] : defaults.items()) {
    if (known.contains("training") && !known["training"].contains(name)) known["training"][name] = value;
  }
  const std::string other = differences(known, nlohmann::json::parse(config));
  if (!other.empty()) {
    fail<UsageError>("--resume: ", folder.path(), " was trained otherwise (", other,
                     "); use the same options, or another --out");
  }
  if (saved.metadata.contains("data_fingerprint") && saved.metadata.at("data_fingerprint") != fingerprint) {
    fail<UsageError>(
        "--resume: the data are not those that ", folder.path(),
        " was trained on (other values, though the name is the same): what was for the test may be trained "
        "on; bring them back, or train anew with another --out");
  }
  return saved;
}

// The command that goes on after an interruption.
std::string command_to_resume(const TrainOptions& options) {
  std::string line;
  for (const std::string& word : options.command) {
    if (word != "--resume") line += shell_word(word) + " ";
  }
  return line + "--resume";
}

// A preset that cannot take these data, as when its scales cannot halve the images: both are named, and what would
// do.
std::unique_ptr<FlowModel> build_for(const Dataset& data, const std::string& preset, const FlowConfig& config,
                                     uint64_t seed) {
  try {
    return build_flow(config, seed);
  } catch (const ValueError& e) {
    std::string remedy;
    for (int scales = scales_of(config) - 1; scales >= 1 && remedy.empty(); --scales) {
      try {
        const std::string fewer = text("scales=", scales);
        build_flow(with_member(config, fewer), seed);
        remedy = "; try --set " + fewer;
      } catch (const Error&) {}
    }
    fail<UsageError>(data.name, ": preset '", preset, "' cannot take examples ", data_of(config).input, " (", e.what(),
                     ")", remedy);
  }
}

// The preset, with what the options say of its architecture.
Preset preset_for(const TrainOptions& options, const Dataset& data) {
  Preset preset = find_preset(options.family, options.preset, data);
  if (options.class_conditional) {
    auto* glow = std::get_if<GlowConfig>(&preset.model);
    if (glow == nullptr) fail<UsageError>("--class-conditional is for glow, not for ", options.family);
    if (data.classes == 0) fail<UsageError>("--class-conditional: the data '", data.name, "' have no labels");
    glow->classes = data.classes;
  }
  if (!options.architecture.empty()) preset.model = with_members(preset.model, options.architecture);
  for (const std::string& assignment : options.set) preset.model = with_member(preset.model, assignment);
  return preset;
}

// Nothing where none was asked for.
std::optional<GoldenCurve> golden_for(const TrainOptions& options, const std::string& data, const std::string& preset) {
  if (!options.golden) return std::nullopt;
  auto curve = golden_curve(options.family, data, preset);
  if (!curve) {
    fail<UsageError>("--golden: there is no golden curve of ", options.family, "'s preset ", preset, " on ", data,
                     "; there are those of: ", golden_names());
  }
  return curve;
}

void print_standing(const GoldenCurve& golden, const LoopState::Row& last, const Unit& unit) {
  const std::string standing = golden.standing(last.epoch, last.validation, unit);
  std::cout << "validation after epoch " << last.epoch << ": " << fixed(last.validation * unit.per_nat, 3) << " "
            << unit.name << "; " << (standing.empty() ? "the golden curve ends before" : standing) << "\n";
}

// A weight decay that nothing obeys, or that turns weights round.
void refuse_useless_decay(const FlowModel& model, const TrainSettings& s) {
  if (s.weight_decay == 0) return;
  const auto all = model.parameters();
  if (std::ranges::none_of(all, [](const auto& p) { return p.role == Module::Role::weight; }))
    fail<UsageError>("--weight-decay: all weights of this model are under weight normalisation; leave it out");
  if (s.weight_decay * s.learning_rate >= 1)
    fail<UsageError>("--weight-decay: times the learning rate it must be below 1, not ",
                     s.weight_decay * s.learning_rate);
}

// What a run does otherwise than its preset, whose golden curve then tells less: "epochs 5, not 60; ...".
std::string departures(const TrainOptions& options, const Preset& ours, const Preset& plain, int64_t steps,
                       int64_t plain_steps) {
  using nlohmann::ordered_json;
  std::string all;
  const auto note = [&](const std::string& what) { all += (all.empty() ? "" : "; ") + what; };
  const auto compare = [&](const ordered_json& a, const ordered_json& b) {
    for (const auto& [name, value] : b.items()) {
      const bool differs = a.at(name) != value && name != "memory" && name != "picture_epochs";
      if (differs) note(text(name, " ", a.at(name).dump(), ", not ", value.dump()));
    }
  };
  compare(ordered_json::parse(config_to_json(ours.model)), ordered_json::parse(config_to_json(plain.model)));
  compare(ordered_json::parse(settings_to_json(ours.training)), ordered_json::parse(settings_to_json(plain.training)));
  if (steps != plain_steps) note(text(steps, " steps, not ", plain_steps));
  if (options.split_seed || options.validation_fraction || options.test_fraction) note("another split of the data");
  return all;
}

}  // namespace

int train(const TrainOptions& options) {
  // It is written into config.json and every checkpoint, both of which are Unicode.
  for (const std::string& path : {options.data, options.test_data}) {
    if (!is_utf8(path)) fail<UsageError>("--data ", path, ": the path is not UTF-8; rename it");
  }
  if (!is_utf8(options.columns) || !is_utf8(options.separator))
    fail<UsageError>("--columns or --separator is not UTF-8; choose columns by their numbers, or convert the table");
  DatasetOptions reading = dataset_options(options);
  reading.pictures = options.pictures;
  reading.noise_widths.clear();  // those of a configuration are of the data that it was for
  Dataset data = load_dataset(options.data, reading);
  refuse_unused(options, data);
  const std::string fingerprint = text(fingerprint_of(data));
  if (!data.columns.empty()) {
    const std::string repeats = check_columns(data);
    data.remark += (data.remark.empty() || repeats.empty() ? "" : "; ") + repeats;
  }
  for (const auto& flag : options.flags) {
    if (flag.name == "picture_epochs" && !data.is_image())
      fail<UsageError>(flag.flag, ": ", data.name, " holds no images; leave it out");
  }
  if (options.flip && !data.is_image()) fail<UsageError>("--flip: ", data.name, " holds no images; leave it out");
  if (options.bits) reduce_bits(data, *options.bits);
  Preset preset = preset_for(options, data);
  const std::string preset_name = options.preset.empty() ? default_preset(data) : options.preset;
  const std::string title = family_title(options.family);
  TrainSettings& s = preset.training;
  if (s.batch_size > data.train.size()) s.batch_size = std::max<int64_t>(2, data.train.size() / 4);
  if (!options.settings.empty()) set_settings(s, options.settings, "--config " + options.config);
  if (options.flip) s.horizontal_flips = true;
  set_flags(s, options.flags);
  const int64_t per_epoch = Loader(data.train, data.levels, s.batch_size, options.seed).batches_per_epoch();
  const int64_t steps = options.steps ? *options.steps : options.epochs.value_or(s.epochs) * per_epoch;

  const std::optional<GoldenCurve> golden = golden_for(options, data.name, preset_name);
  auto model = build_for(data, preset_name, preset.model, options.seed);
  refuse_useless_decay(*model, s);
  const MemoryForecast memory = forecast_memory(preset.model, s.batch_size, s.memory);
  refuse_too_much(memory, s.batch_size, s.memory);
  const std::string config = resolved_config(options, data, preset_name, preset.model, s, steps);
  const std::string heading =
      text(title, " on ", data.name, ": ", model->parameter_count(), " parameters, ", data.train.size(), " training, ",
           data.validation.size(), " validation and ", data.test.size(), " test examples\npreset ", preset_name, ": ",
           steps, " steps of ", s.batch_size, " examples, ", kernels::threads(), " threads, about ",
           memory.total() / (1 << 20), " MiB in a step\nconfiguration: ", nlohmann::ordered_json::parse(config).dump(),
           "\n", data.remark.empty() ? "" : "warning: " + data.remark + "\n");
  if (options.dry_run) {
    std::cerr << heading;
    print(rehearse(*model, data, s, options.seed), s);
    return 0;
  }
  if (options.profile) {
    std::cerr << heading;
    print(profile_step(*model, data, s, options.seed), s);
    return 0;
  }
  const std::string out = options.out.empty() ? "runs/" + options.family + "-" + data_stem(options.data) : options.out;
  TrainOptions without_path = options;
  without_path.data = data_name(options.data);
  without_path.test_data = data_name(options.test_data);
  const std::string portable = resolved_config(without_path, data, preset_name, preset.model, s, steps);
  // Data that the model cannot start from are refused before anything is moved aside or made.
  std::error_code ignored;
  const bool begins = !options.resume || !std::filesystem::exists(RunFolder::last_of(out), ignored);
  if (begins) fit_to_data(*model, data, options.seed);
  RunFolder folder = options.resume ? RunFolder::reopened(out) : RunFolder(out);
  std::optional<SavedFlow> saved;
  if (!begins) saved = checkpoint_to_resume(folder, portable, fingerprint);
  else if (options.resume) begin_anew(folder);
  folder.write("config.json", config);
  folder.write("model.txt", model->summary());

  std::cerr << heading;
  if (saved) model = std::move(saved->model);
  std::map<std::string, std::string> metadata = {{"training", portable},
                                                 {"data", without_path.data},
                                                 {"data_options", data_options_to_json(options, data)},
                                                 {"data_fingerprint", fingerprint}};
  if (!options.test_data.empty()) metadata["test_data"] = without_path.test_data;
  Trainer trainer(*model, preset.model, data, s, steps, options.seed, folder, metadata);
  if (saved) {
    trainer.resume(*saved);
    std::cerr << "going on after step " << trainer.steps_done() << "\n";
    saved.reset();
  }
  const Unit unit = unit_of(data.levels, data.dimensions());
  if (golden) {
    const Preset plain = find_preset(options.family, options.preset, data);
    const std::string other = departures(options, preset, plain, steps, plain.training.epochs * per_epoch);
    std::cerr << "golden: " << golden->seeds << " seeds on " << golden->machine << ", " << golden->date
              << (other.empty() ? "" : "; this run departs from the preset: " + other) << "\n";
    trainer.note_with([&](int64_t epoch, double nll) { return golden->standing(epoch, nll, unit); });
  }
  const Trainer::Outcome outcome = [&] {
    const InterruptScope catch_signals;
    return trainer.run();
  }();
  if (outcome.stopped_early) {
    std::cerr << "stopped: no better validation loss for " << s.patience << " epochs\n";
  }
  std::cerr << shares_of(outcome.spent, outcome.seconds) << "\n";
  if (outcome.interrupted) {
    std::cerr << "interrupted; saved " << folder.last() << "; go on with:\n  " << command_to_resume(options) << "\n";
    return 130;
  }

  // What is reported and drawn is the checkpoint that was best on the validation part, read back from its file.
  const SavedFlow best = load_flow(folder.best());
  const double test = average_nll(*best.model, data.test, data.levels);
  const double alpha = data_of(preset.model).alpha;
  auto baselines = baselines_of(data, alpha > 0 ? alpha : kBaselineAlpha);
  if (const auto* nice = std::get_if<NICEConfig>(&preset.model))
    baselines.push_back(without_couplings(*nice, data, s, options.seed));
  print_figures(data, title, test, baselines);
  if (golden && !outcome.history.empty()) print_standing(*golden, outcome.history.back(), unit);
  if (best.model->has_classes()) print_classes(class_figures(*best.model, data.test, data.levels), data);
  std::cout << "\nthe checkpoint, best on the validation part (epoch " << outcome.best_epoch << "): " << folder.best()
            << "\n";
  if (options.family == "nice" && data.is_image()) std::cout << "drawing: inpainting takes some seconds\n";
  std::cout << std::flush;
  for (const std::string& file :
       draw_run(folder, options.family, *best.model, data, outcome.history, baselines, options.seed)) {
    std::cout << "picture: " << file << "\n";
  }
  std::cout << "\nnext: " << shell_quoted(options.program) << " sample " << shell_quoted(folder.path())
            << " --count 64 --temperature 0.8" << std::endl;
  return 0;
}

}  // namespace bijou
