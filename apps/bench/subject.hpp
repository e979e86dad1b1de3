// A workload ready to run: its model, its batch, its optimiser.
#pragma once
#include "apps/bench/workloads.hpp"
#include "nn/optimizer.hpp"

namespace bijou::inline BIJOU_SCALAR::bench {

class Subject {
 public:
  explicit Subject(const Workload& workload);

  double step();  // one training step, or one batch of samples; milliseconds

  // What another implementation must find, too: the loss of the batch, in nats per example, and the norm of its
  // gradient. Nothing is learned.
  struct Judged {
    double loss, gradient_norm;
  };
  Judged judge();

  // The weights, the batch "x", latents "z", and the samples "g(z)" that they become; to be read back by another
  // implementation. Metadata: the family and its preprocessing.
  void write(const std::string& path) const;

  void save(const std::string& path) const;  // a checkpoint (flows/checkpoint.hpp)

  double gflop() const { return direct_gflop(workload_, *model_); }
  const Workload& workload() const { return workload_; }

 private:
  const Workload& workload_;
  Tensor x_;
  std::unique_ptr<FlowModel> model_;
  Adam optimizer_;
  Rng rng_{1};
};

int64_t peak_resident_memory();  // bytes, of this process; 0 where /proc does not say

struct Spread {
  double median, low, high;
};
Spread spread(std::vector<double> values);

}  // namespace bijou
