#include "apps/trainer.hpp"

#include "apps/interrupt.hpp"
#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/machine.hpp"
#include "flows/checkpoint.hpp"
#include "nn/batch_statistics.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr double kSecondsBetweenSaves = 60;  // within an epoch

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

std::unique_ptr<Optimizer> make_optimizer(const FlowModel& model, const TrainSettings& s) {
  const OptimizerOptions options{.beta1 = s.beta1, .beta2 = s.beta2, .eps = s.eps, .clip_norm = s.clip_norm};
  if (s.rule == TrainSettings::Rule::adamax) return std::make_unique<Adamax>(model, options);
  return std::make_unique<Adam>(model, options);
}

}  // namespace

Trainer::Trainer(FlowModel& model, const FlowConfig& config, const Dataset& data, const TrainSettings& s, int64_t steps,
                 uint64_t seed, RunFolder& folder, std::map<std::string, std::string> metadata)
    : model_(model),
      config_(config),
      data_(data),
      settings_(s),
      steps_(steps),
      seed_(seed),
      folder_(folder),
      metadata_(std::move(metadata)),
      loader_(data.train, data.levels, s.batch_size, seed),
      schedule_{.kind = s.cosine ? Schedule::Kind::cosine : Schedule::Kind::constant,
                .learning_rate = s.learning_rate,
                .warmup_steps = s.warmup_steps,
                .total_steps = steps},
      optimizer_(make_optimizer(model, s)),
      average_(model, s.average_decay),
      progress_((steps + loader_.batches_per_epoch() - 1) / loader_.batches_per_epoch(), steps, s.batch_size,
                unit_of(data.levels, data.dimensions())) {}

Trainer::Outcome Trainer::run() {
  save(folder_.last(), 0, 0);
  epoch_.flops = kernels::flops_done();
  for (int64_t t = 1; t <= steps_; ++t) {
    const Batch batch = loader_.batch(t - 1);
    const double learning_rate = schedule_.at(t - 1);
    const int64_t epoch = batch.epoch + 1;
    try {
      progress_.step(epoch, t, step(batch, learning_rate));
    } catch (const NonFiniteError& e) {
      explain(epoch, t, e.what(), [&] {
        const BatchStatistics batch_moments;
        log_prob(batch);
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

// log p(x), or of a class-conditional model log p(x | y).
Variable Trainer::log_prob(const Batch& batch) const {
  const Tensor x = settings_.horizontal_flips ? flipped(batch, seed_) : batch.x;
  return model_.has_classes() ? model_.log_prob(x, batch.labels) : model_.log_prob(x);
}

// One step: loss = -1/N sum_n log p(x_n) + l2 * (sum of squared weight-norm gains), in nats per example; then Adam.
double Trainer::step(const Batch& batch, double learning_rate) {
  Tape tape;
  const BatchStatistics batch_moments;
  Variable nll, loss;
  {
    const Tape::Recording on(tape);
    // [Glow eq. 1]
    nll = -mean(log_prob(batch));
    loss = settings_.weight_norm_l2 > 0 ? nll + weight_norm_penalty(model_) * settings_.weight_norm_l2 : nll;
  }
  if (!std::isfinite(loss.item())) fail<NonFiniteError>("the loss is ", std::isnan(loss.item()) ? NAN : loss.item());
  tape.backward(loss);
  const auto report = optimizer_->step(learning_rate);
  batch_moments.commit(settings_.batch_norm_momentum);
  average_.update();
  ++epoch_.steps;
  epoch_.nll += nll.item();
  epoch_.clipped += report.clipped;
  epoch_.gradient_norm = report.gradient_norm;
  return nll.item();
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
    const MovingAverage::Use averaged(average_);
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
