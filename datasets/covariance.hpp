// Mean and covariance of data, in double: what a Gaussian baseline and a whitening are made from.
#pragma once
#include "autograd/tensor.hpp"

#include <span>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

// Over n examples x_i of D numbers each: mean = 1/n sum x_i,  covariance = 1/n sum (x_i - mean) (x_i - mean)'.
struct Covariance {
  std::vector<double> mean, covariance;  // [D]; [D, D], symmetric
};

// Of x [n, ...], D the product of the other axes. levels as in Dataset: of integers 0 .. levels-1, each with one
// dequantisation x + u, u a pure function of (seed, row); 0 adds no noise. ValueError: no examples, or values that are
// no integers 0 .. levels-1.
Covariance covariance_of(const Tensor& x, int levels = 0, uint64_t seed = 0);

// The same by portions, for rows that are made on the way.
class CovarianceSum {
 public:
  explicit CovarianceSum(int64_t dimensions);
  void add(std::span<const double> rows);  // [any number, D]
  Covariance result() const;               // ValueError: nothing was added

 private:
  int64_t dimensions_, count_ = 0;
  std::vector<double> origin_, sum_, products_;  // of x - origin; products: the lower triangle
};

}  // namespace bijou
