// What the machine can do at best: the figures that a benchmark's are to be held against.
#pragma once
#include "autograd/real.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bijou::inline BIJOU_SCALAR::bench {

double fma_gflops();       // fused multiply-adds from registers, on all threads
double sgemm_gflops();     // a product of 1024 x 1024 matrices by kernels::matmul, on all threads
double blas_gflops();      // the same product as one call of the BLAS, on one thread
double triad_gigabytes();  // a = b + s c over arrays far larger than the caches, on all threads, a second

// The machine and these figures, on one thread and on all, as (name, value).
std::vector<std::pair<std::string, std::string>> describe_machine();

}  // namespace bijou
