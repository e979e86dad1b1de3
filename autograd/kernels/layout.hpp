// Moving values about without changing them.
#pragma once
#include "autograd/real.hpp"

#include <span>

namespace bijou::inline BIJOU_SCALAR::kernels {

// x seen as [outer, from, inner] -> y [outer, index.size(), inner]:  y[o, i] = x[o, index[i]], or 0 where index[i] < 0.
void take(int64_t outer, int64_t from, int64_t inner, std::span<const int64_t> index, const Real* x, Real* y);

// Copies `outer` runs of `length` values, whose starts are x_step and y_step apart.
void copy_runs(int64_t outer, int64_t length, const Real* x, int64_t x_step, Real* y, int64_t y_step);

// x [outer, a, b, inner] -> y [outer, b, a, inner]
void swap_middle(int64_t outer, int64_t a, int64_t b, int64_t inner, const Real* x, Real* y);

}  // namespace bijou
