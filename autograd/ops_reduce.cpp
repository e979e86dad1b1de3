// Sums and means: the gradient of a sum is repeated over what was summed.
#include "autograd/ops.hpp"

#include <numeric>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// y = sum of x over `axes`      dx = dy, spread over the axes that disappeared
Variable sum_over(const Variable& x, std::span<const int> axes) {
  Shape ones = x.shape();
  for (int a : axes) ones = ones.with(x.shape().axis(a, "sum"), 1);
  return record("sum", math::sum(x.value(), axes),
                wrt(x, [ones, s = x.shape()](const Tensor& dy) { return math::broadcast_to(dy.reshape(ones), s); }));
}

double count(const Shape& s, std::span<const int> axes) {
  double n = 1;
  for (int a : axes) n *= static_cast<double>(s[a]);
  return n;
}

std::vector<int> axes_from(int first, int rank) {
  std::vector<int> axes(static_cast<size_t>(std::max(0, rank - first)));
  std::iota(axes.begin(), axes.end(), first);
  return axes;
}

}  // namespace

Variable sum(const Variable& x) { return sum_over(x, axes_from(0, x.shape().rank())); }
Variable sum(const Variable& x, std::initializer_list<int> axes) {
  return sum_over(x, std::span(axes.begin(), axes.size()));
}
Variable mean(const Variable& x) { return sum(x) / static_cast<double>(x.shape().numel()); }
Variable mean(const Variable& x, std::initializer_list<int> axes) {
  return sum(x, axes) / count(x.shape(), std::span(axes.begin(), axes.size()));
}
Variable sum_per_sample(const Variable& x) {
  check(x.shape().rank() >= 1, "sum_per_sample", "expects [N, ...], got ", x.shape());
  return sum_over(x, axes_from(1, x.shape().rank()));
}

// y = log sum_j e^{x_j}      dx_j = dy e^{x_j - y}
Variable logsumexp(const Variable& x) {
  const Tensor X = x.value(), Y = math::logsumexp(X);
  return record("logsumexp", Y, wrt(x, [X, Y](const Tensor& dy) {
                  Shape column = Y.shape();
                  column.append(1);
                  return math::multiply(math::exp(math::subtract(X, Y.reshape(column))), dy.reshape(column));
                }));
}

// mu = 1/M sum_m x_m      v = 1/M sum_m (x_m - mu)^2      dx_m = dmu / M + dv 2 (x_m - mu) / M
BatchMoments moments(const Variable& x) {
  const Tensor X = x.value();
  const auto [mu, v] = math::moments(X);
  const double M = static_cast<double>(X.numel()) / static_cast<double>(mu.numel());
  auto results = record_many("moments", {mu, v}, {x}, [X, mu = mu, M] {
    return [X, mu, M](const std::vector<Tensor>& dy) -> std::vector<Tensor> {
      const Tensor through_v = math::multiply(math::scale_offset(dy[1], 2 / M, 0), math::subtract(X, mu));
      return {math::add(through_v, math::scale_offset(dy[0], 1 / M, 0))};
    };
  });
  return {results[0], results[1]};
}

// y = (x - mu) r,  r = 1/sqrt(v + eps)      dx = r dy      dmu = -r sum dy      dv = -r^2/2 sum dy y
Variable normalize(const Variable& x, const Variable& mean, const Variable& variance, double eps) {
  const Tensor r = math::divide(Tensor::scalar(1), math::sqrt(math::scale_offset(variance.value(), 1, eps)));
  const Tensor Y = math::normalize(x.value(), mean.value(), r);
  return record_many("normalize", {Y}, {x, mean, variance}, [Y, r] {
    return [Y, r](const std::vector<Tensor>& dy) -> std::vector<Tensor> {
      const auto [sum_dy, sum_dy_y] = math::channel_sums(dy[0], Y);
      const Tensor half_r2 = math::scale_offset(math::square(r), -0.5, 0);
      return {math::multiply(dy[0], r), math::negate(math::multiply(r, sum_dy)), math::multiply(half_r2, sum_dy_y)};
    };
  })[0];
}

}  // namespace bijou
