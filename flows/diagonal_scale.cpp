#include "flows/diagonal_scale.hpp"

#include "nn/scale.hpp"

#include <algorithm>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

DiagonalScale::DiagonalScale(const Shape& input, From from)
    : Flow(input, input), from_(from), s_(parameter("s", Tensor::zeros(input))) {}

Variable DiagonalScale::scale() const { return nonzero_scale(exp(s_), *this); }

// Diagonal scaling: NICE section 3.3
//
//   y = S x,  S = diag(exp(s))          dy/dx = S          log|det dy/dx| = sum_i s_i          x = y / exp(s)
//
// The additive couplings below keep volumes, so this layer is where NICE chooses which dimensions vary how much.
// [NICE section 3.3: scaling matrix] [NICE section 3.3: log-likelihood]
FlowResult DiagonalScale::transform(const Variable& x) const { return {x * scale(), constant_log_det(x, 0) + sum(s_)}; }

Tensor DiagonalScale::invert(const Tensor& y) const { return (y / scale()).value(); }

Tensor DiagonalScale::initialize(const Tensor& x) {
  constexpr double kVarianceFloor = 1e-7;  // of a dimension that is constant in the batch
  if (from_ == From::data) {
    const Tensor variance = math::moments(x).variance;
    Tensor s(variance.shape());
    for (size_t d = 0; d < s.data().size(); ++d) {
      const double v = variance.data()[d];
      if (v < kVarianceFloor) {
        warn("DiagonalScale ", path(), ": dimension ", d, " is constant in the data that it starts from (variance ", v,
             "); its scale starts from a variance of ", kVarianceFloor);
      }
      s.mutable_data()[d] = static_cast<Real>(-0.5 * std::log(std::max(v, kVarianceFloor)));
    }
    s_.set_value(s);
  }
  return forward(Variable(x)).y.value();
}

std::vector<double> DiagonalScale::spectrum() const {
  std::vector<double> sigma;
  // [NICE section 3.3: spectrum]
  for (const Real s : s_.value().data()) sigma.push_back(std::exp(-static_cast<double>(s)));
  std::ranges::sort(sigma, std::greater<>());
  return sigma;
}

}  // namespace bijou
