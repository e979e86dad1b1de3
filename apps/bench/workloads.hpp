// What is measured: the workloads, as one table.
#pragma once
#include "flows/zoo.hpp"

namespace bijou::inline BIJOU_SCALAR::bench {

enum class Task {
  train,      // a training step: forward, backward, Adam; the same batch each time
  sample,     // a batch of samples, its latents drawn anew each time
  first_step  // from the start of the process to the end of its first training step
};

struct Workload {
  std::string name, what;
  Task task;
  int64_t batch;
  double goal;  // the best time of the others / ours
  FlowConfig config;
};

const std::vector<Workload>& workloads();

// Those whose names begin so ("W7": both of them; "": all). UsageError, listing the names, when there are none.
std::vector<Workload> workloads_named(const std::string& beginning);
const Workload& workload(const std::string& name);  // by its whole name

const char* task_name(Task task);

// GFLOP of a workload when every convolution is done directly, counted from the shapes of the layers: 2 for each
// multiply-add of the convolutions and products of a forward pass, three times that for a training step.
double direct_gflop(const Workload& workload, const FlowModel& model);

}  // namespace bijou
