// Invertible 1x1 convolution: Glow section 3.2, eqs. (9)-(11), and table 1, second row. In both of its forms.
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

// y_ij = W x_ij with the matrix W [C, C] itself as the parameter. Of images [H, W, C], or of vectors [D].
class InvertibleConv : public Flow {
 public:
  InvertibleConv(const Shape& input, Rng& rng);  // W starts as a random rotation: log|det W| = 0
  std::string describe() const override { return text("InvertibleConv, W ", w_.shape()); }
  std::string equation() const override { return "y_ij = W x_ij    Glow eq. (9)"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  template <class F>
  auto not_singular(const F& f) const;  // NonFiniteError with the layer's name when W has no inverse
  Variable& w_;
};

// The same with W = P L (U + diag(s)): the log-determinant costs O(C), the inverse two triangular solves.
class InvertibleConvPLU : public Flow {
 public:
  InvertibleConvPLU(const Shape& input, Rng& rng);  // starts as the factors of a random rotation
  std::string describe() const override { return text("InvertibleConvPLU, W ", lower_.shape()); }
  std::string equation() const override { return "y_ij = P L (U + diag(s)) x_ij    Glow eqs. (10)-(11)"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  Variable l() const;         // L: unit lower triangular
  Variable u_plus_s() const;  // U + diag(s)
  Variable s() const;
  std::vector<int64_t> p() const;
  Variable &lower_, &upper_, &log_s_;  // only the entries below, and above, the diagonal are used; log|s|
  Tensor &permutation_, &sign_;        // fixed: (P v)_i = v_p(i); the signs of s
  Tensor strictly_lower_, strictly_upper_, identity_;
};

}  // namespace bijou
