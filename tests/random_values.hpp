// Random arrays and sizes for the tests of kernels, in either scalar.
#pragma once
#include "autograd/random.hpp"

namespace bijou::inline BIJOU_SCALAR {

using Values = std::vector<Real>;

inline Values randn(int64_t n, Rng& rng) {
  Values v(static_cast<size_t>(n));
  rng.normals(v);
  return v;
}

inline int64_t between(int64_t low, int64_t high, Rng& rng) {
  return low + static_cast<int64_t>(rng.below(static_cast<uint64_t>(high - low + 1)));
}

}  // namespace bijou
