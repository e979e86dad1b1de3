#include "apps/trainer.hpp"

#include "apps/interrupt.hpp"
#include "apps/round_trip.hpp"
#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/machine.hpp"
#include "flows/checkpoint.hpp"
#include "flows/memory.hpp"
#include "nn/batch_statistics.hpp"
#include "nn/safetensors.hpp"

#include <cmath>
#include <filesystem>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr double kSecondsBetweenSaves = 60;  // at most
constexpr double kSaveShare = 0.02;          // of the time, when epochs are short

// The step that a checkpoint says it is of; -1 without one that can be read.
int64_t step_of(const std::string& path) {
  try {
    return std::stoll(read_safetensors(path).metadata.at("step"));
  } catch (const std::exception&) {
    return -1;
  }
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
      schedule_{.kind = s.schedule,
                .learning_rate = s.learning_rate,
                .warmup_steps = s.warmup_steps,
                .total_steps = steps,
                .every = s.decay_epochs * loader_.batches_per_epoch(),
                .factor = s.decay_factor},
      step_(model, s, seed),
      progress_((steps + loader_.batches_per_epoch() - 1) / loader_.batches_per_epoch(), steps, s.batch_size,
                unit_of(data.levels, data.dimensions())) {}

std::map<std::string, Tensor*> Trainer::state_tensors() {
  std::map<std::string, Tensor*> all;
  for (const auto& [name, tensor] : step_.optimizer().state().tensors) all["optimizer." + name] = tensor;
  for (const auto& [name, tensor] : step_.average().state().tensors) all["average." + name] = tensor;
  return all;
}

void Trainer::resume(const SavedFlow& saved) {
  const std::string path = folder_.last();
  const auto text_of = [&](const char* key) { return saved.metadata.count(key) ? saved.metadata.at(key) : ""; };
  loop_ = loop_state_from_json(text_of("loop"), path);
  for (const auto& [name, tensor] : state_tensors()) {
    const auto found = saved.training.find(name);
    if (found == saved.training.end() || found->second.shape() != tensor->shape()) {
      fail<CheckpointError>(path, ": training.", name, " ", tensor->shape(),
                            " is missing or of another shape; this training cannot go on, start it anew");
    }
    *tensor = found->second.clone();
  }
  *step_.optimizer().state().steps = *step_.average().state().steps = loop_.step;
  steps_before_ = loop_.sums.steps;
  progress_.start_at(loop_.step);
  seconds_before_ = folder_.cut_log(loop_.step);
  saved_step_ = loop_.step;
  if (step_of(folder_.best()) > loop_.step) std::filesystem::remove(folder_.best());  // it will come again
}

Trainer::Outcome Trainer::run() {
  const MemoryScope memory(settings_.memory);
  if (loop_.step == 0) save();
  flops_before_ = kernels::flops_done();
  bool interrupt = false;
  while (loop_.step < steps_ && !interrupt && !patience_is_over()) {
    const Batch batch = next_batch();
    const double learning_rate = schedule_.at(loop_.step);
    const int64_t epoch = batch.epoch + 1, t = loop_.step + 1;
    try {
      step(batch, epoch, t, learning_rate);
    } catch (const NonFiniteError& e) {
      stop(batch, epoch, t, learning_rate, e.what());
    }
    interrupt = interrupted();
    const bool epoch_ends = t % loader_.batches_per_epoch() == 0 || t == steps_;
    if (epoch_ends) finish_epoch(epoch, learning_rate);
    if (epoch_ends ? save_is_due() : progress_.seconds() - last_saved_ > kSecondsBetweenSaves) save();
  }
  if (saved_step_ < loop_.step) save();
  return {loop_.history, loop_.best_epoch, interrupt, loop_.step < steps_ && !interrupt, spent_, progress_.seconds()};
}

Batch Trainer::next_batch() {
  const Timer timer(spent_.batches);
  return loader_.batch(loop_.step);
}

bool Trainer::patience_is_over() const {
  return settings_.patience > 0 && !loop_.history.empty() &&
         loop_.history.back().epoch - loop_.best_epoch >= settings_.patience;
}

// The same latents each time: one sees the same pictures grow.
void Trainer::draw_sheet(int64_t epoch) {
  const Timer timer(spent_.pictures);
  const MovingAverage::Use averaged(step_.average());
  const int64_t epochs = (steps_ + loader_.batches_per_epoch() - 1) / loader_.batches_per_epoch();
  const int64_t every = settings_.picture_epochs > 0 ? settings_.picture_epochs : (epochs + 7) / 8;
  if (!data_.is_image() || epoch % every != 0) return;
  std::string number = text(epoch);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  const int64_t count = fit_on_sheet(64, data_.example_shape());
  draw_samples(folder_.file("samples/epoch-" + number + ".png"), model_, data_.levels, {.count = count, .seed = seed_});
}

void Trainer::step(const Batch& batch, int64_t epoch, int64_t t, double learning_rate) {
  const auto report = step_.take(batch, learning_rate);
  loop_.step = t;
  ++loop_.sums.steps;
  loop_.sums.nll += report.nll;
  loop_.sums.clipped += report.clipped;
  loop_.sums.gradient_norm = report.gradient_norm;
  last_.push_back({t, report.nll, report.gradient_norm, learning_rate, report.clipped});
  if (last_.size() > FlightRecord::kLastSteps) last_.pop_front();
  progress_.step(epoch, t, report.nll);
}

// The averaged weights are evaluated on the validation part, and kept when they are the best so far. Checkpoints are
// written after that: weights that give no finite loss must not replace good ones. The order matters to a process that
// dies in between: a resume goes on from the last state, and cuts back a row of the log or a `best` that are later.
void Trainer::finish_epoch(int64_t epoch, double learning_rate) {
  const auto& sums = loop_.sums;
  const double train = sums.nll / static_cast<double>(sums.steps), per_second = progress_.examples_per_second();
  const double seconds = static_cast<double>((sums.steps - steps_before_) * settings_.batch_size) / per_second;
  const double gflops = static_cast<double>(kernels::flops_done() - flops_before_) / seconds * 1e-9;
  double validation = NAN;
  RoundTrip trip{};
  {
    const Timer timer(spent_.validation);
    const MovingAverage::Use averaged(step_.average());
    const auto evaluate = [&] { validation = average_nll(model_, data_.validation, data_.levels); };
    evaluate();
    if (!std::isfinite(validation)) stop_at_validation(epoch, evaluate);
    trip = round_trip(model_, data_.validation, data_.levels);
  }
  draw_sheet(epoch);
  folder_.log({epoch, loop_.step, loop_.step * settings_.batch_size, learning_rate, train, validation,
               sums.gradient_norm, sums.clipped, trip.worst_inverse, trip.log_det, 0, per_second, gflops,
               static_cast<double>(kernels::resident_memory()) / (1 << 20), seconds_before_ + progress_.seconds()},
              data_.dimensions());
  const bool is_best = validation < loop_.best;
  if (is_best) {
    loop_.best = validation;
    loop_.best_epoch = epoch;
    loop_.best_step = loop_.step;
  }
  loop_.history.push_back({epoch, train, validation});
  loop_.sums = {};
  if (is_best) keep_best();
  progress_.epoch(epoch, loop_.step, train, validation, per_second, is_best);
  flops_before_ = kernels::flops_done();
  steps_before_ = 0;
}

// At the end of an epoch. Epochs can be shorter than the disk takes to keep a file for good.
bool Trainer::save_is_due() const {
  const double since = progress_.seconds() - last_saved_;
  return since * kSaveShare >= save_seconds_ || since > kSecondsBetweenSaves || loop_.step == steps_;
}

// Everything that a resume needs; and before it the best weights, if they are not on the disk yet.
void Trainer::save() {
  const Timer timer(spent_.checkpoints);
  const double start = progress_.seconds();
  if (better_) write_safetensors(folder_.best(), *better_);
  better_.reset();
  std::map<std::string, Tensor> state;
  for (const auto& [name, tensor] : state_tensors()) state[name] = *tensor;
  auto metadata = metadata_;
  metadata["epoch"] = text((loop_.step + loader_.batches_per_epoch() - 1) / loader_.batches_per_epoch());
  metadata["step"] = text(loop_.step);
  metadata["loop"] = to_json(loop_);
  save_flow(folder_.last(), model_, config_, metadata, state);
  saved_step_ = loop_.step;
  last_saved_ = progress_.seconds();
  save_seconds_ = last_saved_ - start;
}

// The averaged weights alone: what is sampled from and evaluated. A copy of them, when it is too early to write.
void Trainer::keep_best() {
  const Timer timer(spent_.checkpoints);
  const MovingAverage::Use averaged(step_.average());
  auto metadata = metadata_;
  metadata["epoch"] = text(loop_.best_epoch);
  metadata["step"] = text(loop_.best_step);
  better_ = file_of(model_, config_, metadata);
  if (save_is_due()) {
    write_safetensors(folder_.best(), *better_);
    better_.reset();
  } else {
    for (auto& [name, tensor] : better_->tensors) tensor = tensor.clone();
  }
}

// The weights are still those before the step.
void Trainer::stop(const Batch& batch, int64_t epoch, int64_t t, double learning_rate, const std::string& what) {
  progress_.clear();
  if (better_) write_safetensors(folder_.best(), *better_);
  const std::string causes = diagnose(model_, batch, [&] { return step_.loss(batch).total; });
  const std::string path = folder_.file(text("flight/step-", t, ".safetensors"));
  std::string record = text("; the step is in ", path, ", `bijou replay` shows it");
  FlightRecord flight{batch, epoch, t, learning_rate, settings_.weight_norm_l2, what, last_};
  flight.batch.x = step_.input_of(batch);
  try {
    std::filesystem::create_directories(folder_.file("flight"));
    write_flight_record(path, flight, model_, config_, metadata_);
  } catch (const std::exception& e) {
    record = text("; its record cannot be written: ", e.what());
  }
  fail<NonFiniteError>("training stopped at epoch ", epoch, ", step ", t, ": ",
                       causes.starts_with(what) ? "" : what + "; ", causes, record, ". The last good checkpoint is ",
                       folder_.last(), "; try a smaller --lr");
}

// Evaluates once more, and lets the first layer whose output is not finite say its name.
void Trainer::stop_at_validation(int64_t epoch, const std::function<void()>& evaluate) {
  progress_.clear();
  if (better_) write_safetensors(folder_.best(), *better_);
  std::string culprit = "every layer's output is finite, what follows them overflowed";
  try {
    const FiniteWatch watch;
    evaluate();
  } catch (const NonFiniteError& e) {
    culprit = e.what();
  }
  fail<NonFiniteError>("training stopped at epoch ", epoch, ", step ", loop_.step,
                       ": the validation loss is not finite; ", culprit, ". The last good checkpoint is ",
                       folder_.last(), "; try a smaller --lr");
}

}  // namespace bijou
