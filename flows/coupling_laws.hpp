// The coupling laws y2 = g(x2; m): NICE section 3.2 names the first three, RealNVP and Glow build on the third.
// Each is elementwise in x2, so dy2/dx2 is diagonal and its log-determinant a sum. m stands for m(x1), the network's
// outputs; where a law wants two numbers for each value, the first half of the channels is h, the second t (of the
// learned prior: mu, then log sigma).
#pragma once
#include "flows/coupling.hpp"
#include "flows/scale_laws.hpp"

namespace bijou::inline BIJOU_SCALAR {

// y2 = x2 + m
class AdditiveLaw : public CouplingLaw {
 public:
  int64_t outputs() const override { return 1; }
  FlowResult forward(const Variable& x2, const Variable& m) const override;
  Tensor inverse(const Tensor& y2, const Tensor& m) const override;
  std::string equation() const override { return "y2 = x2 + m(x1)    NICE section 3.2"; }
  std::string describe() const override { return "additive"; }
};

// y2 = x2 * exp(s), s from m by a scale law
class MultiplicativeLaw : public CouplingLaw {
 public:
  explicit MultiplicativeLaw(std::unique_ptr<ScaleLaw> scale = std::make_unique<ExpScale>());
  int64_t outputs() const override { return 1; }
  FlowResult forward(const Variable& x2, const Variable& m) const override;
  Tensor inverse(const Tensor& y2, const Tensor& m) const override;
  std::string equation() const override { return "y2 = x2 exp(s(x1))    NICE section 3.2"; }
  std::string describe() const override { return "multiplicative, " + scale_.describe(); }

 private:
  ScaleLaw& scale_;
};

// y2 = x2 * exp(s) + t
class AffineLaw : public CouplingLaw {
 public:
  explicit AffineLaw(std::unique_ptr<ScaleLaw> scale = std::make_unique<TanhScale>());
  int64_t outputs() const override { return 2; }
  FlowResult forward(const Variable& x2, const Variable& m) const override;
  Tensor inverse(const Tensor& y2, const Tensor& m) const override;
  std::string equation() const override { return "y2 = x2 exp(s(x1)) + t(x1)    RealNVP eqs. (4)-(8)"; }
  std::string describe() const override { return "affine, " + scale_.describe(); }

 private:
  ScaleLaw& scale_;
};

// y2 = (x2 + t) * exp(s): the order of the released RealNVP and Glow codes
class ShiftThenScaleLaw : public CouplingLaw {
 public:
  explicit ShiftThenScaleLaw(std::unique_ptr<ScaleLaw> scale = std::make_unique<TanhScale>());
  int64_t outputs() const override { return 2; }
  FlowResult forward(const Variable& x2, const Variable& m) const override;
  Tensor inverse(const Tensor& y2, const Tensor& m) const override;
  std::string equation() const override { return "y2 = (x2 + t(x1)) exp(s(x1))    the released codes' order"; }
  std::string describe() const override { return "shift, then scale, " + scale_.describe(); }

 private:
  ScaleLaw& scale_;
};

// y2 = (x2 - mu) / sigma: the learned prior of a factored-out half, as a coupling
class ConditionalNormalLaw : public CouplingLaw {
 public:
  int64_t outputs() const override { return 2; }
  FlowResult forward(const Variable& x2, const Variable& m) const override;
  Tensor inverse(const Tensor& y2, const Tensor& m) const override;
  std::string equation() const override { return "z2 = (x2 - mu(x1)) / sigma(x1)    Glow's learned prior of a split"; }
  std::string describe() const override { return "learned prior"; }
};

}  // namespace bijou
