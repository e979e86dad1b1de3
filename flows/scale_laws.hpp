// How the log-scale s of a coupling comes out of a network's raw output h: each way is a small law of its own,
// handed to the coupling law.
#pragma once
#include "nn/module.hpp"

namespace bijou::inline BIJOU_SCALAR {

class ScaleLaw : public Module {
 public:
  virtual Variable operator()(const Variable& h) const = 0;  // s, of h's shape
};

// s = c tanh(h), c learned: RealNVP section 4.1, "a hyperbolic tangent multiplied by a learned scale". |s| <= |c|.
// One scalar c for each coupling, as in the released code (`channels` = 1), or one for each channel, as others have it.
// The released code starts c at 0 for checkerboard and at 1 for channel couplings; here it starts at 1, and the
// network's last layer at 0, so that every coupling starts as the identity. That code also counts the c of
// checkerboard couplings into the L2 term, and adds a learned scalar to s when batch normalisation is off: rejected,
// the paper has neither.
class TanhScale : public ScaleLaw {
 public:
  explicit TanhScale(int64_t channels = 1) : c_(parameter("c", Tensor::full({channels}, 1))) {}
  // [RealNVP section 4.1: scale of s]
  Variable operator()(const Variable& h) const override { return c_ * tanh(h); }
  std::string describe() const override { return "s = c tanh(h)"; }

 private:
  Variable& c_;
};

// s = h, so that the scale is exp(h): as the Glow paper writes it (table 1: (log s, t) = NN(x_b), s = exp(log s)), and
// NICE's and RealNVP's formulas without a bound. Nothing keeps a large h from overflowing.
class ExpScale : public ScaleLaw {
 public:
  Variable operator()(const Variable& h) const override { return h; }
  std::string describe() const override { return "s = h"; }
};

// s = log sigmoid(h + 2), so that the scale lies in (0, 1) and starts at sigmoid(2) = 0.881: the released Glow code
// (its exp(h) is commented out). Bounded, so it cannot overflow; its log-determinant is negative always, so what
// expands in such a flow are the ActNorms and the 1x1 convolutions.
class SigmoidScale : public ScaleLaw {
 public:
  Variable operator()(const Variable& h) const override {
    return -softplus(-(h + 2));
  }  // log sigmoid(a) = -softplus(-a)
  std::string describe() const override { return "s = log sigmoid(h + 2)"; }
};

}  // namespace bijou
