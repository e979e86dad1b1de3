// Partitions: how a coupling cuts x into x1, which stays and steers, and x2, which is transformed.
//
// Four verbs. split and merge handle packed parts, so that nothing is computed at places that are masked out; embed
// makes what the network sees out of x1; select picks the network's outputs at x2's places. RealNVP writes the same
// with a binary mask b (eq. 9): b * x is embed(x1), and (1 - b) * s is select(s). For channels and parity both are
// the identity: the network sees x1 alone, packed, and answers for x2 alone.
#pragma once
#include "autograd/ops.hpp"

#include <memory>
#include <string>

namespace bijou::inline BIJOU_SCALAR {

class Partition {
 public:
  struct Parts {
    Variable x1, x2;
  };
  virtual ~Partition() = default;
  virtual Parts split(const Variable& x) const = 0;
  virtual Variable merge(const Variable& x1, const Variable& x2) const = 0;
  virtual Variable embed(const Variable& x1) const = 0;
  virtual Variable select(const Variable& h) const = 0;
  virtual int64_t network_inputs() const = 0;  // channels of embed(x1)
  virtual int64_t transformed() const = 0;     // channels of x2, as the network counts them
  virtual std::string describe() const = 0;
};

// Which part stays, by its first element.
enum class Keep { first, second };

// By channels: the first floor(C/2), and the rest. The same for the two halves of a vector (RealNVP eq. 4: d = D/2,
// and figure 3 on the right). x [N, ..., C]: x1 and x2 are images (or vectors) of fewer channels. C >= 2.
std::unique_ptr<Partition> channel_partition(int64_t channels, Keep keep);

// A checkerboard over the pixels (RealNVP figure 3 on the left): x1 holds those with row + column even
// (Keep::first), or odd. x [N, H, W, C]: x1, x2 are packed as [N, K, C]; at odd H*W their K differ by one. At least
// two pixels. Departure: figure 3 draws mask 1 where row + column is odd; the released code starts with row +
// column even as the part that stays, and so does RealNVP here.
std::unique_ptr<Partition> checkerboard_partition(int64_t height, int64_t width, int64_t channels, Keep keep);

// By the parity of the index (NICE section 5.1: "odd and even components"): x1 = x_0, x_2, x_4, ... (Keep::first),
// or the others. x [N, D]: x1 [N, ceil(D/2)], packed. D >= 2.
std::unique_ptr<Partition> odd_even_partition(int64_t dimensions, Keep keep);

}  // namespace bijou
