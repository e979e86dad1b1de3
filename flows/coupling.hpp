// The coupling layer in its general form: NICE section 3.2. What it does to x2 is a law of its own
// (flows/coupling_laws.hpp): additive, multiplicative, affine.
#pragma once
#include "flows/flow.hpp"
#include "flows/partition.hpp"
#include "nn/networks.hpp"

namespace bijou::inline BIJOU_SCALAR {

// A coupling law g: y2 = g(x2; m), invertible in x2 for every m, elementwise in x2. m is what the network made of x1.
class CouplingLaw : public Module {
 public:
  virtual int64_t outputs() const = 0;  // numbers in m for each value of x2: 1 or 2
  // y2 as x2, and log|det dy2/dx2| [N]. m has outputs() times as many channels as x2.
  virtual FlowResult forward(const Variable& x2, const Variable& m) const = 0;
  virtual Tensor inverse(const Tensor& y2, const Tensor& m) const = 0;
  virtual std::string equation() const = 0;
};

class Coupling : public Flow {
 public:
  // The network maps partition->network_inputs() channels to law->outputs() * partition->transformed().
  Coupling(const Shape& input, std::unique_ptr<Partition> partition, std::unique_ptr<Network> network,
           std::unique_ptr<CouplingLaw> law);
  Tensor initialize(const Tensor& x) override;  // of the network's own data-dependent layers, if it has any
  std::string describe() const override;
  std::string equation() const override { return law_.equation(); }
  std::optional<PulledBack> pull_back(const Tensor& y, const Tensor& dy, const Tensor& dlog_det,
                                      const Trust& trust) const override;

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  Variable m(const Variable& x1) const;
  std::unique_ptr<Partition> partition_;
  Network& network_;
  CouplingLaw& law_;
};

}  // namespace bijou
