// The statistics of batch normalisation, as an explicit value.
//
// A network or flow is a pure function of its input and parameters, except that in training batch normalisation
// uses the batch's own moments. That is said by a scope, not by a hidden mode:
//
//   BatchStatistics batch;                      // from here on, by the moments of each batch
//   loss = ...;                                 // the first call of a layer in the scope writes its moments down
//   batch.commit(0.1);                          // the trainer, after the step: running = 0.9 running + 0.1 batch
//
// Outside of any scope the running averages are used: each example's result is then independent of its neighbours.
// Inside, the inverse of a flow uses the moments that its forward call wrote; a second forward call computes the
// moments again (with their gradient), and leaves what was written as it is.
#pragma once
#include "nn/module.hpp"

#include <map>

namespace bijou::inline BIJOU_SCALAR {

// The running averages of one layer, [C] each: part of the checkpoint.
class RunningMoments : public Module {
 public:
  explicit RunningMoments(int64_t channels);
  BatchMoments of(const Variable& x) const;      // inside a scope: of this batch; outside: the running averages
  void write(const math::Moments& batch) const;  // in the scope, as `of` does; the first to be written stay
  math::Moments known() const;                   // without an x, for inverses: as written in the scope, or running
  void move_towards(const math::Moments& batch, double momentum) const;  // running += momentum (batch - running)
  std::string describe() const override;

 private:
  int64_t channels_;
  Tensor &mean_, &variance_;
};

class BatchStatistics {
 public:
  BatchStatistics();
  ~BatchStatistics();
  BatchStatistics(const BatchStatistics&) = delete;
  BatchStatistics& operator=(const BatchStatistics&) = delete;
  static BatchStatistics* active();

  void commit(double momentum) const;  // moves the running averages towards what was written

 private:
  friend class RunningMoments;
  std::map<const RunningMoments*, math::Moments> written_;
  BatchStatistics* before_;
};

}  // namespace bijou
