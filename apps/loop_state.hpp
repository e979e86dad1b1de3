// Where a training stands: what `bijou train --resume` needs besides tensors. It is written into every checkpoint, so it
// holds no time, no host and no path: two runs that were interrupted at different moments end with the same bytes.
//
// There is no state of random numbers: shuffling, dequantisation and flips are functions of (seed, epoch, example).
#pragma once
#include "autograd/real.hpp"

#include <limits>
#include <string>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

struct LoopState {
  int64_t step = 0;  // steps that were taken

  struct Sums {  // since the last row of the log
    int64_t steps = 0, clipped = 0;
    double nll = 0, gradient_norm = 0;
  } sums;

  double best = std::numeric_limits<double>::infinity();  // validation, nats per example
  int64_t best_epoch = 0, best_step = 0;                  // 0: none yet

  struct Row {
    int64_t epoch;
    double train, validation;  // nats per example
  };
  std::vector<Row> history;
};

std::string to_json(const LoopState& state);
LoopState loop_state_from_json(const std::string& json, const std::string& path);  // CheckpointError naming the path

}  // namespace bijou
