#include "flows/whitening.hpp"

#include "nn/scale.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

Tensor diagonal(int64_t n) {
  Tensor m = Tensor::zeros({n, n});
  for (int64_t i = 0; i < n; ++i) m.mutable_data()[i * n + i] = 1;
  return m;
}

}  // namespace

ZCA::ZCA(const Shape& input)
    : Flow(input, input),
      mean_(constant("mean", Tensor::zeros(input))),
      basis_(constant("basis", diagonal(input.numel()))),
      variance_(constant("variance", Tensor::full(input, 1))) {}

void ZCA::set(std::span<const double> mean, std::span<const double> covariance, double floor) {
  const auto d = static_cast<size_t>(input_.numel());
  require(mean.size() == d && covariance.size() == d * d, "ZCA::set", "a mean of ", mean.size(),
          " and a covariance of ", covariance.size(), " numbers for ", d, " dimensions");
  const auto [values, vectors] = math::eigen_symmetric(Tensor::from({input_.numel(), input_.numel()}, covariance));
  const double largest = values.data().back(), least = floor * largest;
  require(largest > 0, "ZCA::set", "the data are constant: their largest variance is ", largest);
  Tensor variance = values.clone();
  int64_t raised = 0;
  for (Real& v : variance.mutable_data()) {
    raised += v < least;
    v = std::max(v, static_cast<Real>(least));
  }
  if (raised > 0) {
    warn("ZCA whitening: ", raised, " of ", d, " directions hardly vary in the training data; their variance is taken ",
         "as ", least);
  }
  mean_ = Tensor::from(input_, mean);
  basis_ = vectors;
  variance_ = variance;
}

// ZCA whitening: NICE section 5.1; the covariance C = E diag(lambda) E', E orthogonal, its columns the eigenvectors
//
//   y = C^-1/2 (x - m) = E diag(lambda)^-1/2 E' (x - m)     dy/dx = C^-1/2     log|det dy/dx| = -1/2 sum_i log lambda_i
//
//   x = m + E diag(lambda)^1/2 E' y
FlowResult ZCA::transform(const Variable& x) const {
  const Variable along = matmul(x - mean_, basis_) / nonzero_scale(sqrt(Variable(variance_)), *this);
  // [NICE section 5.1: ZCA whitening]
  return {matmul(along, math::transpose(basis_)), constant_log_det(x, 0) - sum(log(Variable(variance_))) * 0.5};
}

Tensor ZCA::invert(const Tensor& y) const {
  const Variable along = matmul(y, basis_) * sqrt(Variable(variance_));
  return (matmul(along, math::transpose(basis_)) + mean_).value();
}

TriangularWhitening::TriangularWhitening(const Shape& input)
    : Flow(input, input),
      below_(parameter("below", Tensor::zeros({input.numel(), input.numel()}))),
      log_diagonal_(parameter("log_diagonal", Tensor::zeros(input))),
      b_(parameter("b", Tensor::zeros(input))),
      strictly_lower_(Tensor::zeros({input.numel(), input.numel()})) {
  const int64_t d = input.numel();
  for (int64_t i = 0; i < d; ++i) std::fill_n(strictly_lower_.mutable_data().begin() + i * d, i, Real{1});
}

Variable TriangularWhitening::l() const {
  return below_ * strictly_lower_ + nonzero_scale(exp(log_diagonal_), *this) * diagonal(input_.numel());
}

// Learned whitening: NICE section 5.1, z = L x + b with L lower triangular, its diagonal positive
//
//   y = L x + b          dy/dx = L          log|det dy/dx| = sum_i log L_ii          x = L^-1 (y - b)
FlowResult TriangularWhitening::transform(const Variable& x) const {
  // [NICE section 3.1: triangular matrix] [NICE section 5.1: approximate whitening]
  return {matmul(x, transpose(l())) + b_, constant_log_det(x, 0) + sum(log_diagonal_)};
}

Tensor TriangularWhitening::invert(const Tensor& y) const {
  const Tensor columns = math::transpose(math::subtract(y, b_.value()));
  return math::transpose(math::solve_triangular(l().value(), columns, math::Triangle::lower));
}

}  // namespace bijou
