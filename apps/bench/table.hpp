// The table of `make bench`: each workload in processes of its own, on one thread and on all.
#pragma once
#include "apps/bench/workloads.hpp"

namespace bijou::inline BIJOU_SCALAR::bench {

struct Effort {
  int timings;     // of each workload, at least
  double seconds;  // and for as long as this
};

void print_machine();
int measure(const Workload& workload, const Effort& effort);  // in this process; a line of numbers for print_table
int first_step(const Workload& workload);                     // builds the model, trains a step, and that is all
int print_table(const std::vector<Workload>& chosen, const Effort& effort);

}  // namespace bijou
