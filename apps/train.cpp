// bijou train: the training loop, readable in one screenful (run_training), and what stands around it.
#include "apps/density.hpp"
#include "apps/interrupt.hpp"
#include "apps/memory.hpp"
#include "apps/pictures.hpp"
#include "apps/progress.hpp"
#include "autograd/kernels/machine.hpp"
#include "datasets/baselines.hpp"
#include "datasets/table.hpp"
#include "flows/checkpoint.hpp"
#include "nn/batch_statistics.hpp"
#include "nn/optimizer.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

struct Run {
  const Dataset& data;
  const RealNVPConfig& config;
  const TrainSettings& settings;
  int64_t steps;                           // in all
  uint64_t seed;
  FlowModel& model;
  RunFolder& folder;
  std::map<std::string, std::string> metadata;
};

struct Outcome {
  std::vector<CurvePoint> history;
  int64_t best_epoch = 0;
  bool interrupted = false;
};

// loss = -1/N sum_n log p(x_n) + l2 sum of squared weight-norm gains, in nats per example
Variable training_loss(const FlowModel& model, const Tensor& x, double l2) {
  const Variable nll = -mean(model.log_prob(x));
  return l2 > 0 ? nll + weight_norm_penalty(model) * l2 : nll;
}

// Each image mirrored left to right with probability 1/2, by a draw of its own for each epoch.
Tensor flipped(const Batch& batch, uint64_t seed) {
  const Shape s = batch.x.shape();
  Tensor out = batch.x.clone();
  auto values = out.mutable_data();
  for (int64_t n = 0; n < s[0]; ++n) {
    Rng rng(seed, stream("flip", static_cast<uint64_t>(batch.epoch), static_cast<uint64_t>(batch.index[n])));
    if (rng.uniform() < 0.5) continue;
    for (int64_t row = n * s[1]; row < (n + 1) * s[1]; ++row) {
      for (int64_t j = 0; j < s[2]; ++j) {
        const Real* from = batch.x.data().data() + (row * s[2] + s[2] - 1 - j) * s[3];
        std::copy_n(from, s[3], values.begin() + (row * s[2] + j) * s[3]);
      }
    }
  }
  return out;
}

// A step failed: go through it once more, and let the first layer whose output is not finite say its name.
[[noreturn]] void explain_failure(const Run& run, const Tensor& x, int64_t epoch, int64_t step, const std::string& what) {
  std::string culprit = "every layer's output is finite, so the gradient overflowed";
  try {
    const BatchStatistics batch_moments;
    const FiniteWatch watch;
    training_loss(run.model, x, run.settings.weight_norm_l2);
  } catch (const NonFiniteError& e) {
    culprit = e.what();
  }
  fail<NonFiniteError>("training stopped at epoch ", epoch, ", step ", step, ": ", what, "; ", culprit, ". The last good checkpoint is ",
                       run.folder.last(), "; try a smaller --lr");
}

Outcome run_training(Run& run) {
  const TrainSettings& s = run.settings;
  const Loader loader(run.data.train, run.data.levels, s.batch_size, run.seed);
  const int64_t per_epoch = loader.batches_per_epoch(), epochs = (run.steps + per_epoch - 1) / per_epoch;
  const Schedule schedule{.kind = s.cosine ? Schedule::Kind::cosine : Schedule::Kind::constant,
                          .learning_rate = s.learning_rate, .warmup_steps = s.warmup_steps, .total_steps = run.steps};
  const Unit unit = unit_of(run.data.levels, run.data.dimensions());
  Progress progress(epochs, run.steps, s.batch_size, unit.name, unit.per_nat);
  Adam optimizer(run.model, {.clip_norm = s.clip_norm});
  MovingAverage average(run.model, s.average_decay);

  Outcome outcome;
  double best = INFINITY, train_sum = 0, gradient_norm = 0;
  int64_t train_count = 0, clipped = 0;
  const auto save = [&](const std::string& path, int64_t epoch, int64_t step) {
    run.metadata["epoch"] = text(epoch);
    run.metadata["step"] = text(step);
    save_flow(path, run.model, run.config, run.metadata);
  };
  save(run.folder.last(), 0, 0);

  for (int64_t step = 1; step <= run.steps; ++step) {
    const Batch batch = loader.batch(step - 1);
    const int64_t epoch = batch.epoch + 1;
    const Tensor x = s.horizontal_flips ? flipped(batch, run.seed) : batch.x;

    double nll = NAN;
    try {
      Tape tape;
      const BatchStatistics batch_moments;
      const Variable loss = [&] {
        const Tape::Recording on(tape);
        return training_loss(run.model, x, s.weight_norm_l2);
      }();
      nll = loss.item();
      if (!std::isfinite(nll)) fail<NonFiniteError>("the loss is ", nll);
      tape.backward(loss);
      const Adam::Report report = optimizer.step(schedule.at(step - 1));
      gradient_norm = report.gradient_norm;
      clipped += report.clipped;
      batch_moments.commit(s.batch_norm_momentum);
    } catch (const NonFiniteError& e) {
      progress.clear();
      explain_failure(run, x, epoch, step, e.what());
    }
    average.update();
    train_sum += nll;
    ++train_count;
    progress.step(epoch, step, nll);

    outcome.interrupted = interrupted();
    if (step % per_epoch != 0 && step != run.steps && !outcome.interrupted) continue;

    // The end of an epoch: the averaged weights are evaluated, and kept when they are the best so far.
    save(run.folder.last(), epoch, step);
    const double train = train_sum / static_cast<double>(train_count), speed = progress.examples_per_second();
    double validation = NAN;
    bool is_best = false;
    {
      const MovingAverage::Use averaged(average);
      validation = average_nll(run.model, run.data.validation, run.data.levels);
      if (!std::isfinite(validation)) explain_failure(run, x, epoch, step, text("the validation loss is ", validation));
      is_best = validation < best;
      if (is_best) {
        best = validation;
        outcome.best_epoch = epoch;
        save(run.folder.best(), epoch, step);
      }
    }
    outcome.history.push_back({static_cast<double>(step) / static_cast<double>(per_epoch), train, validation});
    run.folder.log({epoch, step, schedule.at(step - 1), train, validation, gradient_norm, clipped, speed, progress.seconds()},
                   run.data.dimensions());
    progress.epoch(epoch, step, train, validation, is_best);
    train_sum = 0;
    train_count = clipped = 0;
    if (outcome.interrupted) break;
  }
  return outcome;
}

std::string resolved_config(const TrainOptions& o, const std::string& preset, const RealNVPConfig& config, const TrainSettings& s, int64_t steps) {
  nlohmann::ordered_json j;
  j["model"] = "realnvp";
  j["data"] = o.data;
  j["preset"] = preset;
  j["architecture"] = nlohmann::ordered_json::parse(config_to_json(config));
  j["training"] = {{"steps", steps}, {"batch_size", s.batch_size}, {"lr", s.learning_rate}, {"schedule", s.cosine ? "cosine" : "constant"},
                   {"warmup_steps", s.warmup_steps}, {"clip_norm", s.clip_norm}, {"weight_norm_l2", s.weight_norm_l2},
                   {"average_decay", s.average_decay}, {"batch_norm_momentum", s.batch_norm_momentum},
                   {"horizontal_flips", s.horizontal_flips}, {"seed", o.seed}};
  return j.dump(2) + "\n";
}

std::vector<NamedFigure> baselines_of(const Dataset& data) {
  std::vector<NamedFigure> all;
  if (data.is_image()) {
    const double to_nats = 1 / bits_per_dim(1, data.dimensions());
    if (data.dimensions() <= 1024) {
      all.push_back({"full-covariance Gaussian in logit space", to_nats * gaussian_logit_baseline(data.train.x, data.test.x, data.levels)});
    }
    all.push_back({"independent per-pixel histograms", to_nats * histogram_baseline(data.train.x, data.test.x, data.levels)});
  } else if (std::isfinite(data.entropy)) {
    all.push_back({"entropy of the density (the floor)", data.entropy});
  }
  return all;
}

void print_figures(const Dataset& data, double test, const std::vector<NamedFigure>& baselines) {
  const Unit unit = unit_of(data.levels, data.dimensions());
  const auto line = [&](const std::string& name, double nats, const std::string& note) {
    std::cout << "  " << name << std::string(name.size() < 42 ? 42 - name.size() : 1, ' ');
    char figure[32];
    std::snprintf(figure, sizeof figure, "%7.3f ", nats * unit.per_nat);
    std::cout << figure << unit.name << note << "\n";
  };
  std::cout << "\ntest part, " << data.test.size() << " examples\n";
  line("RealNVP", test, "");
  for (const auto& b : baselines) line(b.name, b.nats, "");
}

}  // namespace

int train(const TrainOptions& options) {
  const Dataset data = load_dataset(options.data, {.data_dir = options.data_dir});
  Preset preset = find_preset(options.preset, data);
  const std::string preset_name = options.preset.empty() ? default_preset(data) : options.preset;
  TrainSettings& s = preset.training;
  if (options.batch_size) s.batch_size = *options.batch_size;
  if (options.learning_rate) s.learning_rate = *options.learning_rate;
  if (!options.batch_size && s.batch_size > data.train.size()) s.batch_size = std::max<int64_t>(2, data.train.size() / 4);
  const int64_t per_epoch = Loader(data.train, data.levels, s.batch_size, options.seed).batches_per_epoch();
  const int64_t steps = options.steps ? *options.steps : options.epochs.value_or(s.epochs) * per_epoch;

  const auto model = build_realnvp(preset.model, options.seed);
  if (preset.model.standardize) {
    const auto moments = column_moments(data.train.x);
    set_standardization(*model, moments.mean, moments.stddev);
  }
  const MemoryForecast memory = forecast_memory(*model, s.batch_size);
  std::cerr << "RealNVP on " << data.name << ": " << model->parameter_count() << " parameters, " << data.train.size() << " training, "
            << data.validation.size() << " validation and " << data.test.size() << " test examples\n"
            << "preset " << preset_name << ": " << steps << " steps of " << s.batch_size << " examples, " << kernels::threads()
            << " threads, about " << memory.total() / (1 << 20) << " MiB\n";
  refuse_too_much(memory, s.batch_size);

  RunFolder folder(options.out.empty() ? "runs/realnvp-" + data_stem(options.data) : options.out);
  const std::string config = resolved_config(options, preset_name, preset.model, s, steps);
  folder.write("config.json", config);
  Run run{data, preset.model, s, steps, options.seed, *model, folder, {{"training", config}, {"data", options.data}}};
  const InterruptScope catch_signals;
  const Outcome outcome = run_training(run);
  if (outcome.interrupted) {
    std::cerr << "interrupted; saved " << folder.last() << "\n";
    return 130;
  }

  // What is reported and drawn is the checkpoint that was best on the validation part, read back from its file.
  const SavedFlow best = load_flow(folder.best());
  const double test = average_nll(*best.model, data.test, data.levels);
  const auto baselines = baselines_of(data);
  print_figures(data, test, baselines);
  std::cout << "\nthe checkpoint, best on the validation part (epoch " << outcome.best_epoch << "): " << folder.best() << "\n";
  for (const std::string& file : draw_run(folder, *best.model, data, outcome.history, baselines, options.seed)) {
    std::cout << "picture: " << file << "\n";
  }
  std::cout << "\nnext: build/bijou sample " << shell_quoted(folder.path()) << " --count 64 --temperature 0.8" << std::endl;
  return 0;
}

}  // namespace bijou
