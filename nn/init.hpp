// Initial values for weights; fan_in is the number of inputs that are summed into one output.
#pragma once
#include "autograd/tensor.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR::init {

// He et al. 2015, eq. (10): N(0, 2 / fan_in) keeps the variance through a ReLU.
inline Tensor he(const Shape& shape, int64_t fan_in, Rng& rng) {
  Tensor w = Tensor::randn(shape, rng);
  for (Real& v : w.mutable_data()) v *= static_cast<Real>(std::sqrt(2.0 / static_cast<double>(fan_in)));
  return w;
}

// Glorot and Bengio 2010, eq. (16): U(-a, a) with a = sqrt(6 / (fan_in + fan_out)).
inline Tensor glorot(const Shape& shape, int64_t fan_in, int64_t fan_out, Rng& rng) {
  const double a = std::sqrt(6.0 / static_cast<double>(fan_in + fan_out));
  return Tensor::uniform(shape, rng, -a, a);
}

// A random rotation or reflection Q [n, n]: Q'Q = I (Gram-Schmidt on a normal matrix, in double).
Tensor rotation(int64_t n, Rng& rng);

// A = P L (U + diag(s)) with (P v)_i = v_p(i): L's entries below its unit diagonal, U's above the diagonal, s, and p.
struct PLU {
  Tensor lower, upper, s, permutation;
};
PLU plu(const Tensor& a);

}  // namespace bijou
