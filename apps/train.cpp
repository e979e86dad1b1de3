// bijou train: from the options to a run folder with its checkpoints, figures and pictures. What is trained is
// train_plan.cpp's, the loop trainer.cpp's, what is said at the end train_report.cpp's.
#include "apps/config.hpp"
#include "apps/fit.hpp"
#include "apps/golden.hpp"
#include "apps/interrupt.hpp"
#include "apps/memory.hpp"
#include "apps/rehearsal.hpp"
#include "apps/report.hpp"
#include "apps/step_profile.hpp"
#include "apps/train_report.hpp"
#include "apps/trainer.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/machine.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

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

// Nothing where none was asked for.
std::optional<GoldenCurve> golden_for(const TrainOptions& options, const std::string& data, const std::string& preset) {
  if (!options.golden) return std::nullopt;
  auto curve = golden_curve(options.family, data, preset);
  if (!curve) {
    fail<UsageError>("--golden: there is no golden curve of ", options.family, "'s preset ", preset, " on ", data,
                     ": it was not trained as it is; there are those of: ", golden_names());
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

// An earlier run is moved aside, or goes on.
RunFolder open_folder(const TrainOptions& options, const std::string& out, bool begins) {
  RunFolder folder = options.resume ? RunFolder::reopened(out) : RunFolder(out);
  if (begins && options.resume) {
    folder.cut_log(0);
    std::cerr << "no checkpoint in " << folder.path() << " yet: training starts from the beginning\n";
  }
  return folder;
}

void say_how_it_ended(const Trainer::Outcome& outcome, const TrainSettings& s, const RunFolder& folder,
                      const TrainOptions& options) {
  if (outcome.stopped_early) {
    std::cerr << "stopped: no better validation loss for " << s.patience << " epochs\n";
  }
  std::cerr << shares_of(outcome.spent, outcome.seconds) << "\n";
  if (outcome.interrupted)
    std::cerr << "interrupted; saved " << folder.last() << "; go on with:\n  " << command_to_resume(options) << "\n";
}

RunFigures figures_of_run(const TrainOptions& options, const TrainPlan& plan, const RunFolder& folder,
                          const Trainer::Outcome& outcome, const FlowModel& best) {
  RunFigures figures;
  figures.command = options.command;
  figures.finished = utc_now();
  figures.blas = kernels::blas_description();
  const auto log = log_columns(folder.path());  // its clock counts the processes before this one, too
  figures.seconds = log.contains("wall_s") ? log.at("wall_s").back() : outcome.seconds;
  figures.threads = kernels::threads();
  figures.epoch = outcome.best_epoch;
  enter(figures, ledger_of(best, plan.data.test, plan.data.levels), plan.data.test.size());
  figures.baselines = baselines_of(plan, options.seed);
  figures.classes = class_figures_of(plan, best);
  return figures;
}

// What is reported and drawn is the checkpoint that was best on the validation part, read back from its file.
void report(const TrainOptions& options, const TrainPlan& plan, const RunFolder& folder,
            const Trainer::Outcome& outcome, const std::optional<GoldenCurve>& golden) {
  const SavedFlow best = load_flow(folder.best());
  const RunFigures figures = figures_of_run(options, plan, folder, outcome, *best.model);
  print_figures(plan, options.family, figures.test.mean, figures.baselines);
  if (golden && !outcome.history.empty())
    print_standing(*golden, outcome.history.back(), unit_of(plan.data.levels, plan.data.dimensions()));
  if (figures.classes) print_class_figures(plan, *figures.classes);
  folder.write("figures.json", to_json(figures));
  std::cout << "\nthe checkpoint, best on the validation part (epoch " << outcome.best_epoch << "): " << folder.best()
            << "\n";
  if (options.family == "nice" && plan.data.is_image()) std::cout << "drawing: inpainting takes some seconds\n";
  std::cout << std::flush;
  for (const std::string& file :
       draw_run(folder, options.family, *best.model, plan.data, outcome.history, figures.baselines, options.seed)) {
    std::cout << "picture: " << file << "\n";
  }
  const std::string page = folder.file("report.html");
  write_report(page, {.run = folder.path(),
                      .checkpoint = folder.best(),
                      .saved = best,
                      .data = &plan.data,
                      .data_name = options.data,
                      .figures = figures});
  std::cout << "report: " << page << "\n\nnext: " << shell_quoted(options.program) << " sample "
            << shell_quoted(folder.path()) << " --count 64 --temperature 0.8" << std::endl;
}

}  // namespace

int train(const TrainOptions& options) {
  const TrainPlan plan = plan_training(options);
  const Dataset& data = plan.data;
  const TrainSettings& s = plan.preset.training;
  const std::optional<GoldenCurve> golden = golden_for(options, data.name, plan.preset_name);
  auto model = build_planned(plan, options.seed);
  refuse_useless_decay(*model, s);
  const MemoryForecast memory = forecast_memory(plan.preset.model, s.batch_size, s.memory);
  refuse_too_much(memory, s.batch_size, s.memory);
  const std::string heading = heading_of(plan, options.family, *model, memory.total());
  if (options.dry_run || options.profile) {
    std::cerr << heading;
    if (options.dry_run) print(rehearse(*model, data, s, options.seed), s);
    else print(profile_step(*model, data, s, options.seed), s);
    return 0;
  }

  const std::string out = options.out.empty() ? "runs/" + options.family + "-" + data_stem(options.data) : options.out;
  std::error_code ignored;
  const bool begins = !options.resume || !std::filesystem::exists(RunFolder::last_of(out), ignored);
  if (begins)
    fit_to_data(*model, data, options.seed);  // data that it cannot start from: before anything is moved aside
  RunFolder folder = open_folder(options, out, begins);
  std::optional<SavedFlow> saved;
  if (!begins) saved = checkpoint_to_resume(folder, plan.metadata.at("training"), plan.fingerprint);
  folder.write("config.json", plan.config);
  folder.write("model.txt", model->summary());

  std::cerr << heading;
  if (saved) model = std::move(saved->model);
  Trainer trainer(*model, plan.preset.model, data, s, plan.steps, options.seed, folder, plan.metadata);
  if (saved) {
    trainer.resume(*saved);
    std::cerr << "going on after step " << trainer.steps_done() << "\n";
    saved.reset();
  }
  if (golden) {
    const std::string other = departures(plan, options);
    std::cerr << "golden: " << golden->seeds << " seeds on " << golden->machine << ", " << golden->date
              << (other.empty() ? "" : "; this run departs from the preset: " + other) << "\n";
    const Unit unit = unit_of(data.levels, data.dimensions());
    trainer.note_with([&golden, unit](int64_t epoch, double nll) { return golden->standing(epoch, nll, unit); });
  }
  const Trainer::Outcome outcome = [&] {
    const InterruptScope catch_signals;
    return trainer.run();
  }();
  say_how_it_ended(outcome, s, folder, options);
  if (outcome.interrupted) return 130;
  report(options, plan, folder, outcome, golden);
  return 0;
}

}  // namespace bijou
