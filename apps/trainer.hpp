// The training loop (Trainer::run, one screenful), and what happens at the end of an epoch.
#pragma once
#include "apps/density.hpp"
#include "apps/flight_record.hpp"
#include "apps/loop_state.hpp"
#include "apps/options.hpp"
#include "apps/pictures.hpp"
#include "apps/progress.hpp"
#include "apps/run_folder.hpp"
#include "apps/training_step.hpp"
#include "flows/checkpoint.hpp"

#include <map>
#include <optional>

namespace bijou::inline BIJOU_SCALAR {

class Trainer {
 public:
  // metadata: what every checkpoint says of itself, beside epoch and step.
  Trainer(FlowModel& model, const FlowConfig& config, const Dataset& data, const TrainSettings& settings, int64_t steps,
          uint64_t seed, RunFolder& folder, std::map<std::string, std::string> metadata);

  // Goes on where the checkpoint ends, whose weights the model has already: the optimiser's moments, the moving
  // average, and where the loop stood. CheckpointError: it holds no such state, or that of another model.
  void resume(const SavedFlow& saved);

  struct Outcome {
    std::vector<LoopState::Row> history;
    int64_t best_epoch = 0;
    bool interrupted = false;    // by Ctrl-C or SIGTERM: the step was finished, the state saved
    bool stopped_early = false;  // no better epoch for as many as `patience` says
    TimeSpent spent{};
    double seconds = 0;
  };
  void note_with(std::function<std::string(int64_t, double)> note) { progress_.note_with(std::move(note)); }
  int64_t steps_done() const { return loop_.step; }
  Outcome run();  // NonFiniteError: the loss or a gradient; the last good checkpoint stays in place

 private:
  Batch next_batch();
  void step(const Batch& batch, int64_t epoch, int64_t t, double learning_rate);
  void finish_epoch(int64_t epoch, double learning_rate);
  bool patience_is_over() const;
  void draw_sheet(int64_t epoch);
  bool save_is_due() const;
  void save();
  void keep_best();
  std::map<std::string, Tensor*> state_tensors();
  [[noreturn]] void stop(const Batch& batch, int64_t epoch, int64_t t, double learning_rate, const std::string& what);
  [[noreturn]] void stop_at_validation(int64_t epoch, const std::function<void()>& evaluate);

  FlowModel& model_;
  const FlowConfig& config_;
  const Dataset& data_;
  const TrainSettings& settings_;
  int64_t steps_;
  uint64_t seed_;
  RunFolder& folder_;
  std::map<std::string, std::string> metadata_;

  Loader loader_;
  Schedule schedule_;
  TrainingStep step_;
  Progress progress_;
  LoopState loop_;
  std::deque<StepFigures> last_;
  TimeSpent spent_;
  std::optional<TensorFile> better_;          // than those on the disk, and not written yet
  int64_t saved_step_ = -1;                   // that `last` is of
  double last_saved_ = 0, save_seconds_ = 0;  // when, and how long it took
  double seconds_before_ = 0;                 // of the processes before this one
  int64_t flops_before_ = 0;                  // counted when this epoch began, or this process
  int64_t steps_before_ = 0;                  // of this epoch, in the process before this one
};

}  // namespace bijou
