// The affine coupling layer, RealNVP sections 3.2-3.4.
#pragma once
#include "flows/flow.hpp"
#include "flows/partition.hpp"
#include "nn/networks.hpp"

namespace bijou::inline BIJOU_SCALAR {

// How the log-scale s comes out of a network's raw output h: a law of its own, handed to the coupling.
class ScaleLaw : public Module {
 public:
  virtual Variable operator()(const Variable& h) const = 0;
};

// s = c tanh(h), c learned: RealNVP section 4.1, "a hyperbolic tangent multiplied by a learned scale". |s| <= |c|.
// One scalar c for each coupling, as in the released code. That code starts c at 0 for checkerboard and at 1 for
// channel couplings; here it starts at 1, and the network's last layer at 0, so that every coupling starts as the
// identity. That code also counts the c of checkerboard couplings into the L2 term, and adds a learned scalar to s
// when batch normalisation is off: rejected, the paper has neither.
class TanhScale : public ScaleLaw {
 public:
  TanhScale() : c_(parameter("c", Tensor::full({1}, 1))) {}
  Variable operator()(const Variable& h) const override { return c_ * tanh(h); }
  std::string describe() const override { return "s = c tanh(h)"; }

 private:
  Variable& c_;
};

class AffineCoupling : public Flow {
 public:
  AffineCoupling(const Shape& input, std::unique_ptr<Partition> partition, std::unique_ptr<Network> network,
                 std::unique_ptr<ScaleLaw> law = std::make_unique<TanhScale>());
  std::string describe() const override;

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  struct ScaleAndShift {
    Variable s, t;
  };
  ScaleAndShift scale_and_shift(const Variable& x1) const;
  std::unique_ptr<Partition> partition_;
  Network& network_;
  ScaleLaw& law_;
};

}  // namespace bijou
