// Two baselines, in bits per dimension on the same split: what a flow must beat to have learned anything.
#pragma once
#include "autograd/tensor.hpp"

namespace bijou::inline BIJOU_SCALAR {

// One Gaussian with a full covariance, fitted to the training images in logit space,
//
//   y = logit(p),  p = alpha + (1 - 2 alpha) (x + u) / levels      dy/dx = (1 - 2 alpha) / (levels p (1 - p))
//   bits/dim = -(1 / (D ln 2)) E[log N(y; mean, covariance) + sum_j log dy_j/dx_j]
//
// which is a flow of one linear layer. u is one dequantisation of each image, of the training part for the
// fit and of the test part for the figure. The covariance's diagonal is raised by 1e-6 of its mean, so that
// it can be factored.
// train, test: [n, ...] of integers 0 .. levels-1.
double gaussian_logit_baseline(const Tensor& train, const Tensor& test, int levels, double alpha = 0.05,
                               uint64_t seed = 0);

// Independent pixels, each with its own histogram, P(x_j = v) = (count + 1) / (n + levels): discrete, without
// noise. It models no dependence between pixels at all.
double histogram_baseline(const Tensor& train, const Tensor& test, int levels);

}  // namespace bijou
