// What an optimiser does to all parameters of a model, in place: many arrays in one loop, so that a hundred small ones
// do not cost a hundred parallel regions.
#pragma once
#include "autograd/real.hpp"

#include <span>

namespace bijou::inline BIJOU_SCALAR::kernels {

struct Parameter {  // n numbers: the gradient, two moments, the weights
  int64_t n;
  const Real* g;
  Real *first, *second, *w;
  Real keep = 1;  // weights are multiplied by it before a step: below 1 they decay
};

// Adam (Kingma and Ba 2015, algorithm 1) in one pass over memory:
//   m = beta1 m + (1 - beta1) g      v = beta2 v + (1 - beta2) g^2
//   w = keep w - rate m / (sqrt(v) * root_correction + eps)
// rate = lr / (1 - beta1^t),  root_correction = 1 / sqrt(1 - beta2^t),  g is first multiplied by grad_scale (clipping).
struct AdamStep {
  Real beta1, beta2, rate, root_correction, eps, grad_scale;
};
void adam(std::span<const Parameter> parameters, const AdamStep& step);

// Adamax (the same paper, algorithm 2):
//   m = beta1 m + (1 - beta1) g      u = max(beta2 u, |g|)      w = keep w - rate m / (u + eps)
struct AdamaxStep {
  Real beta1, beta2, rate, eps, grad_scale;
};
void adamax(std::span<const Parameter> parameters, const AdamaxStep& step);

double sum_squares_of_gradients(std::span<const Parameter> parameters);

// average += rate (now - average)
struct Average {
  int64_t n;
  Real* average;
  const Real* now;
};
void move_averages(std::span<const Average> averages, Real rate);

}  // namespace bijou
