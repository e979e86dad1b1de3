#include "apps/trainer.hpp"

#include "apps/interrupt.hpp"
#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/machine.hpp"
#include "flows/checkpoint.hpp"
#include "flows/memory.hpp"
#include "nn/batch_statistics.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr double kSecondsBetweenSaves = 60;  // within an epoch

}  // namespace

Trainer::Trainer(FlowModel& model, const FlowConfig& config, const Dataset& data, const TrainSettings& s, int64_t steps,
                 uint64_t seed, RunFolder& folder, std::map<std::string, std::string> metadata)
    : model_(model),
      config_(config),
      data_(data),
      settings_(s),
      steps_(steps),
      folder_(folder),
      metadata_(std::move(metadata)),
      loader_(data.train, data.levels, s.batch_size, seed),
      schedule_{.kind = s.cosine ? Schedule::Kind::cosine : Schedule::Kind::constant,
                .learning_rate = s.learning_rate,
                .warmup_steps = s.warmup_steps,
                .total_steps = steps},
      step_(model, s, seed),
      progress_((steps + loader_.batches_per_epoch() - 1) / loader_.batches_per_epoch(), steps, s.batch_size,
                unit_of(data.levels, data.dimensions())) {}

Trainer::Outcome Trainer::run() {
  const MemoryScope memory(settings_.memory);
  save(folder_.last(), 0, 0);
  epoch_.flops = kernels::flops_done();
  for (int64_t t = 1; t <= steps_; ++t) {
    const Batch batch = loader_.batch(t - 1);
    const double learning_rate = schedule_.at(t - 1);
    const int64_t epoch = batch.epoch + 1;
    try {
      step(batch, epoch, t, learning_rate);
    } catch (const NonFiniteError& e) {
      explain(epoch, t, e.what(), [&] {
        const BatchStatistics batch_moments;
        step_.log_prob(batch);
      });
    }
    if (t % loader_.batches_per_epoch() == 0 || t == steps_) {
      finish_epoch(epoch, t, learning_rate);
    } else if (interrupted() || progress_.seconds() - last_saved_ > kSecondsBetweenSaves) {
      save(folder_.last(), epoch, t);
    }
    outcome_.interrupted = interrupted();
    if (outcome_.interrupted) break;
  }
  return outcome_;
}

void Trainer::step(const Batch& batch, int64_t epoch, int64_t t, double learning_rate) {
  const auto report = step_.take(batch, learning_rate);
  ++epoch_.steps;
  epoch_.nll += report.nll;
  epoch_.clipped += report.clipped;
  epoch_.gradient_norm = report.gradient_norm;
  progress_.step(epoch, t, report.nll);
}

// The averaged weights are evaluated on the validation part, and kept when they are the best so far. The last
// checkpoint is written after that: weights that give no finite loss must not replace good ones.
void Trainer::finish_epoch(int64_t epoch, int64_t step, double learning_rate) {
  const double train = epoch_.nll / static_cast<double>(epoch_.steps), per_second = progress_.examples_per_second();
  const double seconds = static_cast<double>(epoch_.steps * settings_.batch_size) / per_second;
  const double gflops = static_cast<double>(kernels::flops_done() - epoch_.flops) / seconds * 1e-9;
  double validation = NAN;
  bool is_best = false;
  {
    const MovingAverage::Use averaged(step_.average());
    const auto evaluate = [&] { validation = average_nll(model_, data_.validation, data_.levels); };
    evaluate();
    if (!std::isfinite(validation)) explain(epoch, step, "the validation loss is not finite", evaluate);
    is_best = validation < best_;
    if (is_best) {
      best_ = validation;
      outcome_.best_epoch = epoch;
      save(folder_.best(), epoch, step);
    }
  }
  save(folder_.last(), epoch, step);
  outcome_.history.push_back({static_cast<double>(epoch), train, validation});
  folder_.log({epoch, step, learning_rate, train, validation, epoch_.gradient_norm, epoch_.clipped, per_second, gflops,
               static_cast<double>(kernels::resident_memory()) / (1 << 20), progress_.seconds()},
              data_.dimensions());
  progress_.epoch(epoch, step, train, validation, per_second, is_best);
  epoch_ = {.flops = kernels::flops_done()};
}

void Trainer::save(const std::string& path, int64_t epoch, int64_t step) {
  metadata_["epoch"] = text(epoch);
  metadata_["step"] = text(step);
  save_flow(path, model_, config_, metadata_);
  last_saved_ = progress_.seconds();
}

// Does what failed once more, and lets the first layer whose output is not finite say its name.
void Trainer::explain(int64_t epoch, int64_t step, const std::string& what, const std::function<void()>& again) {
  progress_.clear();
  std::string culprit = "every layer's output is finite, what follows them overflowed";
  try {
    const FiniteWatch watch;
    again();
  } catch (const NonFiniteError& e) {
    culprit = e.what();
  }
  fail<NonFiniteError>("training stopped at epoch ", epoch, ", step ", step, ": ", what, "; ", culprit,
                       ". The last good checkpoint is ", folder_.last(), "; try a smaller --lr");
}

}  // namespace bijou
