#include "apps/progress.hpp"

#include <cmath>
#include <cstdio>

#include <unistd.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

}  // namespace

Unit unit_of(int levels, int64_t dimensions) {
  if (levels == 0) return {"nats", 1};
  return {"bits/dim", bits_per_dim(1, dimensions)};
}

std::string shares_of(const TimeSpent& spent, double seconds) {
  const double rest = seconds - spent.batches - spent.validation - spent.checkpoints - spent.pictures;
  char line[160];
  std::snprintf(line, sizeof line,
                "of %.3g s: steps %.1f%%, batches %.1f%%, validation %.1f%%, checkpoints %.1f%%, pictures %.1f%%",
                seconds, 100 * rest / seconds, 100 * spent.batches / seconds, 100 * spent.validation / seconds,
                100 * spent.checkpoints / seconds, 100 * spent.pictures / seconds);
  return line;
}

Progress::Progress(int64_t epochs, int64_t steps, int64_t batch_size, Unit unit)
    : epochs_(epochs),
      steps_(steps),
      batch_size_(batch_size),
      unit_(std::move(unit)),
      live_(isatty(STDERR_FILENO)),
      start_(Clock::now()),
      epoch_start_(start_),
      last_shown_(start_) {}

void Progress::start_at(int64_t step) { first_step_ = epoch_start_step_ = last_step_ = step; }

double Progress::seconds() const { return since(start_); }

double Progress::examples_per_second() const {
  return static_cast<double>((last_step_ - epoch_start_step_) * batch_size_) / std::max(1e-9, since(epoch_start_));
}

std::string Progress::time_left(int64_t step) const {
  const int64_t s = std::lround(seconds() / static_cast<double>(std::max<int64_t>(1, step - first_step_)) *
                                static_cast<double>(steps_ - step));
  char out[32];
  if (s >= 3600) {
    std::snprintf(out, sizeof out, "%lld:%02lld:%02lld", (long long)(s / 3600), (long long)(s / 60 % 60),
                  (long long)(s % 60));
  } else {
    std::snprintf(out, sizeof out, "%lld:%02lld", (long long)(s / 60), (long long)(s % 60));
  }
  return out;
}

void Progress::step(int64_t epoch, int64_t step, double nll_nats) {
  last_step_ = step;
  running_ = running_ == 0 ? nll_nats : 0.95 * running_ + 0.05 * nll_nats;
  if (!live_ || since(last_shown_) < 0.1) return;
  last_shown_ = Clock::now();
  shown_ = true;
  std::fprintf(stderr, "\r\033[Kepoch %lld/%lld  step %lld/%lld  %.3f %s  %.0f examples/s  %s left", (long long)epoch,
               (long long)epochs_, (long long)step, (long long)steps_, running_ * unit_.per_nat, unit_.name.c_str(),
               examples_per_second(), time_left(step).c_str());
  std::fflush(stderr);
}

void Progress::epoch(int64_t epoch, int64_t step, double train, double validation, double per_second, bool best) {
  last_step_ = step;
  clear();
  std::fprintf(stderr, "epoch %3lld/%lld  step %6lld  train %7.3f  validation %7.3f %s%s  %6.0f examples/s  %s left\n",
               (long long)epoch, (long long)epochs_, (long long)step, train * unit_.per_nat, validation * unit_.per_nat,
               unit_.name.c_str(), best ? " *" : "  ", per_second, time_left(step).c_str());
  if (note_) {
    if (const std::string note = note_(epoch, validation); !note.empty()) std::fprintf(stderr, "  %s\n", note.c_str());
  }
  epoch_start_ = Clock::now();
  epoch_start_step_ = step;
}

void Progress::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

}  // namespace bijou
