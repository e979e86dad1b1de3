// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
//
// A draw is a pure function of (seed, stream, counter). So the same example gets the same noise whatever the
// number of threads, the batch it falls in, or how often training was interrupted and resumed.
#pragma once
#include "autograd/kernels/random.hpp"

#include <span>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

using kernels::philox;

// A sequence of draws: (seed, stream) chooses the sequence, the position is its only state.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0) : draws_{seed, stream} {}

  double uniform();                             // in [0, 1), 2^-53 apart
  double normal();                              // N(0, 1), by Box and Muller
  void normals(std::span<Real> values);         // as many of them, by all threads
  uint64_t below(uint64_t n);                   // uniform on 0 .. n-1, without modulo bias
  std::vector<int64_t> permutation(int64_t n);  // a shuffle of 0 .. n-1 (Fisher and Yates)

  uint64_t position() const { return position_; }

 private:
  kernels::Draws draws_;
  uint64_t position_ = 0;
};

// A stream number from a name and up to two integers, so that independent uses never share a stream:
//   Rng rng(seed, stream("dequantise", epoch, example));
uint64_t stream(const char* name, uint64_t a = 0, uint64_t b = 0);

}  // namespace bijou
