#include "apps/bench/steps.hpp"

#include "apps/bench/subject.hpp"
#include "apps/config.hpp"
#include "apps/fit.hpp"
#include "apps/plot/pictures.hpp"
#include "apps/training_step.hpp"
#include "autograd/kernels/machine.hpp"
#include "flows/model.hpp"
#include "nn/safetensors.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <sstream>

namespace bijou::inline BIJOU_SCALAR::bench {
namespace {

// As many as tell one number of this build's type from the next.
std::string digits(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.*g", std::numeric_limits<Real>::max_digits10, value);
  return buffer;
}

std::map<std::string, std::string> metadata_of(const Preset& preset) {
  const DataSpec& data = data_of(preset.model);
  const TrainSettings& s = preset.training;
  return {{"family", family_of(preset.model)},
          {"task", "train"},
          {"levels", text(data.levels)},
          {"low", digits(data.low)},
          {"alpha", digits(data.alpha)},
          {"optimizer", s.rule == TrainSettings::Rule::adamax ? "adamax" : "adam"},
          {"beta1", digits(s.beta1)},
          {"beta2", digits(s.beta2)},
          {"eps", digits(s.eps)},
          {"clip_norm", digits(s.clip_norm)},
          {"weight_norm_l2", digits(s.weight_norm_l2)}};
}

double number_in(const std::string& cell, const std::string& path) {
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);
  if (cell.empty() || *end != '\0') fail<DataError>(path, ": '", cell, "' is no number");
  return value;
}

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail<StorageError>("cannot make the folder '", folder, "': ", error.message());
}

// The other side has the steps of apps/bench/peers/steps.py, and no more.
void refuse_what_others_lack(const TrainOptions& o, const TrainSettings& s, const std::string& config) {
  const char* what = s.weight_decay > 0    ? "weight_decay"
                     : o.bits              ? "bits"
                     : o.class_conditional ? "class_conditional"
                                           : nullptr;
  if (what) fail<UsageError>(config, ": ", what, " is not repeated by the other implementation; leave it out");
}

struct Losses {
  std::vector<double> step, nll;
};

// Columns "step" and "nll", in whatever order.
Losses read_losses(const std::string& path) {
  std::ifstream file(path);
  std::string line, cell;
  if (!std::getline(file, line)) fail<DataError>(path, ": missing or empty; were the steps run?");
  std::vector<std::string> names;
  for (std::istringstream cells(line); std::getline(cells, cell, ',');) names.push_back(cell);
  Losses all;
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    for (size_t i = 0; std::getline(cells, cell, ','); ++i) {
      if (i < names.size() && names[i] == "step") all.step.push_back(number_in(cell, path));
      if (i < names.size() && names[i] == "nll") all.nll.push_back(number_in(cell, path));
    }
  }
  if (all.step.empty() || all.step.size() != all.nll.size()) fail<DataError>(path, ": no rows of step and nll");
  return all;
}

// Relative to `theirs`; NaN where a loss is.
std::vector<double> apart(const Losses& ours, const Losses& theirs) {
  std::vector<double> all(ours.nll.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = std::abs(ours.nll[i] - theirs.nll[i]) / std::abs(theirs.nll[i]);
  return all;
}

// NaN where one is.
double largest_of(const std::vector<double>& all) {
  const bool broken = std::ranges::any_of(all, [](double v) { return std::isnan(v); });
  return broken ? std::nan("") : *std::ranges::max_element(all);
}

// Powers of ten; where losses are equal, minus infinity, the line has a gap.
plot::Curve curve_of(const std::string& name, const std::vector<double>& steps, const std::vector<double>& apart,
                     plot::Curve::Kind kind) {
  plot::Curve curve{name, steps, {}, kind};
  for (const double v : apart) curve.y.push_back(std::log10(v));
  return curve;
}

Losses read_as_long(const std::string& folder, const std::string& name, const Losses& ours) {
  Losses theirs = read_losses(folder + "/" + name);
  if (ours.step != theirs.step)
    fail<DataError>(folder, ": bijou.csv has ", ours.step.size(), " steps, ", name, " ", theirs.step.size(),
                    ", or others");
  return theirs;
}

}  // namespace

int record_steps(const std::string& config, const std::string& data_dir, int steps, const std::string& folder) {
  TrainOptions o;
  read_config(config, o);
  o.data_dir = data_dir;
  const Dataset data = load_dataset(o.data, dataset_options(o));
  Preset preset = find_preset(o.family, o.preset, data);
  if (!o.architecture.empty()) preset.model = with_members(preset.model, o.architecture);
  TrainSettings& s = preset.training;
  if (!o.settings.empty()) set_settings(s, o.settings, config);
  refuse_what_others_lack(o, s, config);
  auto model = build_flow(preset.model, o.seed);
  fit_to_data(*model, data, o.seed);
  const Loader loader(data.train, data.levels, s.batch_size, o.seed);
  const Schedule schedule{.kind = s.schedule,
                          .learning_rate = s.learning_rate,
                          .warmup_steps = s.warmup_steps,
                          .total_steps = o.steps.value_or(o.epochs.value_or(s.epochs) * loader.batches_per_epoch()),
                          .every = s.decay_epochs * loader.batches_per_epoch(),
                          .factor = s.decay_factor};
  TrainingStep step(*model, s, o.seed);

  make_folder(folder);
  TensorFile file;
  file.metadata = metadata_of(preset);
  for (const auto& p : model->parameters()) file.tensors.emplace_back(p.name, p.variable->value().clone());
  for (const auto& b : model->buffers()) file.tensors.emplace_back(b.name, b.tensor->clone());
  const Shape example = data.example_shape();
  Shape all{steps, s.batch_size};
  for (int i = 0; i < static_cast<int>(example.rank()); ++i) all.append(example[i]);
  Tensor x(all), rates(Shape{steps});
  for (int t = 0; t < steps; ++t) {
    const Tensor seen = step.input_of(loader.batch(t));
    std::ranges::copy(seen.data(), x.mutable_data().begin() + t * seen.numel());
    rates.mutable_data()[static_cast<size_t>(t)] = static_cast<Real>(schedule.at(t));
  }
  file.tensors.emplace_back("x", x);
  file.tensors.emplace_back("learning_rates", rates);
  write_safetensors(folder + "/steps.safetensors", file);

  std::ofstream csv(folder + "/bijou.csv");
  csv << "step,nll,gradient_norm\n";
  std::vector<double> ms;
  for (int t = 0; t < steps; ++t) {
    const auto start = std::chrono::steady_clock::now();
    const auto report = step.take(loader.batch(t), schedule.at(t));
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    csv << t + 1 << "," << digits(report.nll) << "," << digits(report.gradient_norm) << std::endl;
    std::fprintf(stderr, "bijou: step %d of %d: %.2f nats\n", t + 1, steps, report.nll);
  }
  if (!csv.flush()) fail<StorageError>("cannot write '", folder, "/bijou.csv'");
  std::printf("parameters %lld seed %llu threads %d ms %.1f\n", static_cast<long long>(model->parameter_count()),
              static_cast<unsigned long long>(o.seed), kernels::threads(), spread(ms).median);
  return 0;
}

int compare_steps(const std::string& folder, const std::string& out, const std::string& title, double tolerance) {
  const Losses ours = read_losses(folder + "/bijou.csv"), theirs = read_as_long(folder, "pytorch.csv", ours);
  const bool with_control = std::filesystem::exists(folder + "/pytorch-reversed.csv");
  const Losses control = with_control ? read_as_long(folder, "pytorch-reversed.csv", ours) : Losses{};
  const std::vector<double> between = apart(ours, theirs), within_pytorch = apart(control, theirs);
  make_folder(out);
  std::ofstream csv(out + "/steps.csv");
  csv << "step,bijou_nll,pytorch_nll,relative_difference" << (with_control ? ",pytorch_reversed_nll" : "") << "\n";
  for (size_t i = 0; i < between.size(); ++i) {
    csv << ours.step[i] << "," << digits(ours.nll[i]) << "," << digits(theirs.nll[i]) << "," << digits(between[i]);
    if (with_control) csv << "," << digits(control.nll[i]);
    csv << "\n";
  }
  if (!csv.flush()) fail<StorageError>("cannot write '", out, "/steps.csv'");
  using Kind = plot::Curve::Kind;
  plot::training_curve(
      out + "/curve.png",
      {{"PyTorch", theirs.step, theirs.nll, Kind::reference}, {"Bijou", ours.step, ours.nll, Kind::training}},
      {.title = title, .x_label = "step", .y_label = "nats per image", .mark_best = false});
  std::vector<plot::Curve> differences{curve_of("Bijou and PyTorch", ours.step, between, Kind::training)};
  if (with_control) {  // all three distances: two of them share each of the programs
    differences.push_back(curve_of("PyTorch and itself, batches reversed", ours.step, within_pytorch, Kind::training));
    differences.push_back(
        curve_of("Bijou and PyTorch, batches reversed", ours.step, apart(ours, control), Kind::training));
  }
  plot::training_curve(out + "/apart.png", differences,
                       {.title = title,
                        .x_label = "step",
                        .y_label = "relative difference of the losses (a gap: equal)",
                        .baselines = {{"the goal: at most", std::log10(tolerance)}},
                        .mark_best = false,
                        .log_y = true});
  const double largest = largest_of(between);
  const auto beyond = std::ranges::find_if(between, [&](double v) { return !(v <= tolerance); });
  std::printf("largest %.3g mean %.3g within %td last %.6f %.6f", largest,
              std::accumulate(between.begin(), between.end(), 0.0) / static_cast<double>(between.size()),
              beyond - between.begin(), ours.nll.back(), theirs.nll.back());
  if (with_control) std::printf(" control %.3g", largest_of(within_pytorch));
  std::printf("\n");
  return largest <= tolerance ? 0 : 1;
}

}  // namespace bijou
