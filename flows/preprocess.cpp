#include "flows/preprocess.hpp"

#include "flows/data_spec.hpp"
#include "nn/scale.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

Rescale::Rescale(const Shape& input, int levels, double low, double high)
    : Flow(input, input), levels_(levels), low_(low), high_(high), a_((high - low) / levels) {
  require(levels >= 1, "Rescale", "levels must be at least 1, got ", levels);
  require(low < high, "Rescale", "the range's lower end must be below ", high, ", got ", low);
}

FlowResult Rescale::transform(const Variable& x) const {
  // [Glow eq. 2]
  return {x * a_ + low_, constant_log_det(x, static_cast<double>(input_.numel()) * std::log(a_))};
}

Tensor Rescale::invert(const Tensor& y) const { return math::scale_offset(y, 1 / a_, -low_ / a_); }

Logit::Logit(const Shape& input, double alpha) : Flow(input, input), alpha_(alpha) {
  require(alpha > 0 && alpha < 0.5, "Logit", "alpha must lie between 0 and 0.5, got ", alpha);
}

FlowResult Logit::transform(const Variable& x) const {
  const Variable p = x * (1 - 2 * alpha_) + alpha_;
  // [RealNVP section 4.1: logit]
  const Variable y = log(p) - log(1 - p);
  return {y, sum_per_sample(softplus(y) + softplus(-y) + std::log(1 - 2 * alpha_))};
}

Tensor Logit::invert(const Tensor& y) const {
  return math::scale_offset(math::sigmoid(y), 1 / (1 - 2 * alpha_), -alpha_ / (1 - 2 * alpha_));
}

Standardize::Standardize(const Shape& input)
    : Flow(input, input),
      mean_(constant("mean", Tensor::zeros(input))),
      deviation_(constant("deviation", Tensor::full(input, 1))) {}

void Standardize::set(std::span<const double> mean, std::span<const double> deviation) {
  for (double d : deviation) require(d > 0, "Standardize", "a standard deviation must be positive, got ", d);
  mean_ = Tensor::from(input_, mean);
  deviation_ = Tensor::from(input_, deviation);
}

FlowResult Standardize::transform(const Variable& x) const {
  return {(x - mean_) / nonzero_scale(deviation_, *this), constant_log_det(x, 0) - sum(log(Variable(deviation_)))};
}

Tensor Standardize::invert(const Tensor& y) const { return math::add(math::multiply(y, deviation_), mean_); }

void add_preprocessing(Sequential& flow, const DataSpec& data) {
  require(data.input.rank() == 1 || data.input.rank() == 3, "add_preprocessing",
          "a model is for images [H, W, C] or vectors [D], not for ", data.input);
  for (const int64_t d : data.input) require(d >= 1, "add_preprocessing", "a size below 1 in ", data.input);
  require(data.levels >= 0, "add_preprocessing", "levels must not be negative, got ", data.levels);
  require(data.alpha >= 0, "add_preprocessing", "the logit's alpha must not be negative, got ", data.alpha);
  require(!data.standardize || data.input.rank() == 1, "add_preprocessing", "standardize is for vectors, not for ",
          data.input);
  if (data.levels > 0) flow.then<Rescale>("rescale", data.levels, data.low);
  if (data.levels > 0 && data.alpha > 0) flow.then<Logit>("logit", data.alpha);
  if (data.standardize) flow.then<Standardize>("standardize");
}

}  // namespace bijou
