#include "flows/base.hpp"

#include <cmath>
#include <numbers>

namespace bijou::inline BIJOU_SCALAR {
namespace {

const double kLog2Pi = std::log(2 * std::numbers::pi);

void require_temperature(const char* where, double temperature) {
  require(temperature >= 0, where, "the temperature must not be negative, got ", temperature);
}

}  // namespace

// [NICE section 3.4: Gaussian prior]
Variable StandardNormal::log_prob(const Variable& z) const { return sum_per_sample(square(z) + kLog2Pi) * -0.5; }

Tensor StandardNormal::sample(int64_t n, Rng& rng, double temperature) const {
  require_temperature("StandardNormal::sample", temperature);
  // [Glow eq. 3]
  return math::scale_offset(Tensor::randn({n, dimensions_}, rng), temperature, 0);
}

// [NICE section 1: factorial prior] [NICE section 3.4: logistic prior]
Variable StandardLogistic::log_prob(const Variable& z) const { return -sum_per_sample(softplus(z) + softplus(-z)); }

// z = log u - log(1 - u), u ~ U(0, 1): the inverse of the distribution function sigmoid(z).
Tensor StandardLogistic::sample(int64_t n, Rng& rng, double temperature) const {
  require_temperature("StandardLogistic::sample", temperature);
  Tensor z({n, dimensions_});
  for (Real& v : z.mutable_data()) {
    const double u = (1 - 0x1p-52) * rng.uniform() + 0x1p-53;  // neither 0 nor 1
    v = static_cast<Real>(temperature * (std::log(u) - std::log1p(-u)));
  }
  return z;
}

ClassConditionalNormal::ClassConditionalNormal(int64_t dimensions, int64_t top, int classes)
    : dimensions_(dimensions),
      top_(top),
      classes_(classes),
      mu_(parameter("mu", Tensor::zeros({classes, top}))),
      log_sigma_(parameter("log_sigma", Tensor::zeros({classes, top}))),
      log_frequency_(constant("log_frequency", Tensor::full({classes}, -std::log(classes)))) {
  require(classes >= 1, "ClassConditionalNormal", "needs at least one class, got ", classes);
  check(top <= dimensions, "ClassConditionalNormal", top, " top latents of ", dimensions, " dimensions");
}

void ClassConditionalNormal::set_class_frequencies(std::span<const double> counts) {
  require(counts.size() == static_cast<size_t>(classes_), "ClassConditionalNormal", counts.size(), " counts for ",
          classes_, " classes");
  double total = 0;
  for (const double n : counts) total += n + 1;  // one more of each, so that a class without examples stays possible
  for (size_t y = 0; y < counts.size(); ++y) {
    log_frequency_.mutable_data()[y] = static_cast<Real>(std::log((counts[y] + 1) / total));
  }
}

// log p(z | y) = log N(z_rest; 0, I) + sum_d log N(z_d; mu_yd, sigma_yd^2), d over the top latents             [N, K]
Variable ClassConditionalNormal::log_conditional(const Variable& z) const {
  const int64_t n = z.shape()[0];
  const auto parts = split(z, 1, {dimensions_ - top_, top_});
  const Variable log_rest = sum_per_sample(square(parts[0]) + kLog2Pi) * -0.5;
  const Variable e = (reshape(parts[1], {n, 1, top_}) - mu_) * exp(-log_sigma_);     // [N, K, top]
  const Variable log_top = sum(square(e) * -0.5 - log_sigma_ - 0.5 * kLog2Pi, {2});  // [N, K]
  return log_top + reshape(log_rest, {n, 1});
}

Variable ClassConditionalNormal::log_joint(const Variable& z) const { return log_conditional(z) + log_frequency_; }

Variable ClassConditionalNormal::log_prob(const Variable& z) const { return logsumexp(log_joint(z)); }

Variable ClassConditionalNormal::log_prob(const Variable& z, std::span<const int> labels) const {
  const int64_t n = z.shape()[0];
  check(static_cast<int64_t>(labels.size()) == n, "ClassConditionalNormal::log_prob", labels.size(), " labels for ", n,
        " examples");
  Tensor chosen = Tensor::zeros({n, classes_});  // 1 at each example's class
  for (int64_t i = 0; i < n; ++i) {
    require(labels[i] >= 0 && labels[i] < classes_, "ClassConditionalNormal", "class ", labels[i], " of example ", i,
            " is not one of 0 .. ", classes_ - 1);
    chosen.mutable_data()[i * classes_ + labels[i]] = 1;
  }
  return sum_per_sample(log_conditional(z) * chosen);
}

Tensor ClassConditionalNormal::sample(int64_t n, Rng& rng, double temperature) const {
  std::vector<int> labels;
  for (int64_t i = 0; i < n; ++i) {
    double u = rng.uniform();
    int y = 0;
    for (; y + 1 < classes_; ++y) {
      u -= std::exp(static_cast<double>(log_frequency_.data()[y]));
      if (u < 0) break;
    }
    labels.push_back(y);
  }
  return sample(labels, rng, temperature);
}

Tensor ClassConditionalNormal::sample(std::span<const int> labels, Rng& rng, double temperature) const {
  require_temperature("ClassConditionalNormal::sample", temperature);
  const int64_t n = static_cast<int64_t>(labels.size()), rest = dimensions_ - top_;
  Tensor z = math::scale_offset(Tensor::randn({n, dimensions_}, rng), temperature, 0);
  const auto values = z.mutable_data();
  const auto mu = mu_.value().data(), log_sigma = log_sigma_.value().data();
  for (int64_t i = 0; i < n; ++i) {
    require(labels[i] >= 0 && labels[i] < classes_, "ClassConditionalNormal::sample", "class ", labels[i],
            " is not one of 0 .. ", classes_ - 1);
    for (int64_t d = 0; d < top_; ++d) {
      const int64_t at = labels[i] * top_ + d;
      Real& v = values[i * dimensions_ + rest + d];
      v = mu[at] + std::exp(log_sigma[at]) * v;
    }
  }
  return z;
}

std::string ClassConditionalNormal::describe() const {
  return text("ClassConditionalNormal in ", dimensions_, " dimensions, ", classes_, " classes in the last ", top_);
}

}  // namespace bijou
