// Batches: shuffled by a seed, dequantised by counter-based noise.
//
// A batch is a pure function of (seed, epoch, index in the epoch), so training resumes at any step without
// replaying what came before. The noise of an example is a pure function of (seed, epoch, example), so it
// depends neither on the batch size, nor on the order, nor on threads.
//
// Dequantisation: integers 0 .. L-1 become x + u, u ~ U[0, 1)^D. The average of log p(x + u) over u is then a lower
// bound of log P(x) (Theis et al. 2016); without the noise, a density can rise without limit at the integers.
#pragma once
#include "datasets/dataset.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct Batch {
  Tensor x;                    // [batch, ...], dequantised
  std::vector<int> labels;     // of the same rows; empty when the examples have none
  std::vector<int64_t> index;  // which examples these are
  int64_t epoch = 0;
};

class Loader {
 public:
  // levels as in Dataset: 0 draws no noise. UsageError: a batch size below 1, or larger than the data.
  // ValueError: values that are no integers 0 .. levels-1 (as when they were scaled or dequantised before).
  Loader(const Examples& examples, int levels, int64_t batch_size, uint64_t seed);

  // The last, incomplete batch of an epoch is dropped, so that every step has the same size (and cost, and
  // weight). Each epoch shuffles anew, so every example is seen in the long run.
  int64_t batches_per_epoch() const { return std::max<int64_t>(1, examples_.size() / batch_size_); }
  int64_t batch_size() const { return batch_size_; }

  // Step 0, 1, 2, ... of training: batch step mod batches_per_epoch() of epoch step / batches_per_epoch().
  // The order of the last epoch asked for is kept, so a Loader is for one thread at a time.
  Batch batch(int64_t step) const;

 private:
  Examples examples_;
  int levels_;
  int64_t batch_size_;
  uint64_t seed_;
  mutable int64_t ordered_epoch_ = -1;
  mutable std::vector<int64_t> order_;
};

// For evaluation: x + u for a whole tensor [n, ...], u a pure function of (seed, draw, first + row). Several
// draws tighten the bound's estimate; `first` is the number of the first row, for data that are evaluated in
// blocks. levels = 0: x itself. ValueError: values that are no integers 0 .. levels-1.
Tensor dequantise(const Tensor& x, int levels, uint64_t seed, uint64_t draw = 0, int64_t first = 0);

}  // namespace bijou
