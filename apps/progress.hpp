// The progress of training: one live line on a terminal, a plain line for each epoch elsewhere. To stderr.
#pragma once
#include "flows/model.hpp"

#include <chrono>
#include <functional>

namespace bijou::inline BIJOU_SCALAR {

// What figures are printed in: bits/dim for images (levels > 0), else nats.
struct Unit {
  std::string name;
  double per_nat;
};
Unit unit_of(int levels, int64_t dimensions);

// Where the time of a training goes, in seconds: beside these, into its steps. Checkpoints count with the log.
struct TimeSpent {
  double batches = 0, validation = 0, checkpoints = 0, pictures = 0;
};
std::string shares_of(const TimeSpent& spent, double seconds);  // "of 61 s: steps 96.1%, batches 0.4%, ..."

// Adds the time until it goes out of scope.
class Timer {
 public:
  explicit Timer(double& seconds) : seconds_(seconds) {}
  ~Timer() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class Progress {
 public:
  Progress(int64_t epochs, int64_t steps, int64_t batch_size, Unit unit);
  void start_at(int64_t step);  // a training that goes on
  ~Progress() { clear(); }      // what ends training says so on a line of its own
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(int64_t epoch, int64_t step, double nll_nats);  // after each step
  void epoch(int64_t epoch, int64_t step, double train, double validation, double examples_per_second, bool best);
  double seconds() const;              // since the start
  double examples_per_second() const;  // over the epoch so far
  void clear();                        // the live line, before other output
  // What is said of an epoch beside its figures: note(epoch, validation in nats).
  void note_with(std::function<std::string(int64_t, double)> note) { note_ = std::move(note); }

 private:
  std::string time_left(int64_t step) const;
  int64_t epochs_, steps_, batch_size_, first_step_ = 0, epoch_start_step_ = 0, last_step_ = 0;
  Unit unit_;
  double running_ = 0;
  std::function<std::string(int64_t, double)> note_;
  bool live_, shown_ = false;
  std::chrono::steady_clock::time_point start_, epoch_start_, last_shown_;
};

}  // namespace bijou
