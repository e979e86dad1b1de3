#include "flows/batch_norm.hpp"

namespace bijou::inline BIJOU_SCALAR {

BatchNormFlow::BatchNormFlow(const Shape& input, double eps)
    : Flow(input, input), eps_(eps), statistics_(child<RunningMoments>("running", input[-1])) {}

// Batch normalisation: RealNVP section 3.7, eqs. (17)-(18)                     per channel c; M = H W pixels an example
//
//   y = (x - mu) / sqrt(v + eps)    dy/dx = diag( (v_c + eps)^-1/2 )    log|det dy/dx| = -M/2 sum_c log(v_c + eps)
//   x = mu + y sqrt(v + eps)
//
// What counts as constant: outside of a BatchStatistics scope mu and v are the running averages, and the matrix above
// is the exact Jacobian. In training mu and v are the moments of the batch; the paper's determinant then takes them
// as constants, although each depends a little on every example. (The gradient of the loss does flow through both,
// also through log v.)
//
// Departures: mu and v are of the whole layer's output, as in the paper's text. The released code normalises the
// transformed half only, with moments that count the untouched half as zeros: rejected. Running averages are plain
// ones, as that code's defaults have them; appendix E's mixture of batch and running moments in training (its
// bn_lag) is not used.
FlowResult BatchNormFlow::transform(const Variable& x) const {
  const auto [mu, v] = statistics_.of(x);
  const double pixels = static_cast<double>(input_.numel()) / static_cast<double>(input_[-1]);
  // [RealNVP eq. 18]
  const Variable log_det = sum(log(v + eps_)) * (-0.5 * pixels);
  // [RealNVP eq. 17]
  return {normalize(x, mu, v, eps_), constant_log_det(x, 0) + log_det};
}

Tensor BatchNormFlow::invert(const Tensor& y) const {
  const auto [mu, v] = statistics_.known();
  return (Variable(y) * sqrt(Variable(v) + eps_) + mu).value();
}

}  // namespace bijou
