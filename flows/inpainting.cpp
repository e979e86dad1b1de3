#include "flows/inpainting.hpp"

#include <cmath>
#include <limits>

namespace bijou::inline BIJOU_SCALAR {

// Projected gradient ascent with noise: NICE section 5.2. H are the hidden places, O the observed ones, which stay.
//
//   x_H <- x_H + alpha_i (d log p(x_H, x_O) / d x_H + eps),   eps ~ N(0, I),   alpha_i = 10 / (100 + i)
//
// then x_H is put back into the data's range. In the paper data lie in [0, 1]: u = (x - low) / (high - low).
//
// Three departures. The paper starts from uniform noise; there the density of a deep model is no guide, and images of
// 784 pixels stay noise. Here the start is the caller's (guess_hidden), and i runs from 2,000 to 20,000 in however many
// steps there are. And a direction in which the density has the width sigma has gradients of 1 / sigma, and is only climbed
// steadily once alpha_i < 2 sigma^2: with pixels of 256 levels, that is not before i = 300,000. So each gradient is
// divided by the root of its own running mean square, r: it is about 1 in any direction, and a step is alpha_i of the
// range.
Tensor inpaint(const FlowModel& model, const Tensor& x, const Tensor& hidden, Rng& rng, InpaintingOptions options) {
  check(x.shape() == hidden.shape(), "inpaint", "data ", x.shape(), ", but hidden places ", hidden.shape());
  require(options.low < options.high, "inpaint", "an empty range: ", options.low, " to ", options.high);
  const double range = options.high - options.low, edge = 1e-4;  // a logit is infinite at the ends
  Tensor u = math::scale_offset(x, 1 / range, -options.low / range);
  const auto keep_observed = [&, observed = u.clone()](Tensor& filled) {
    for (int64_t k = 0; k < filled.numel(); ++k) {
      Real& v = filled.mutable_data()[k];
      v = hidden.data()[k] != 0 ? std::clamp(v, static_cast<Real>(edge), static_cast<Real>(1 - edge))
                                : observed.data()[k];
    }
  };
  u = u.clone();
  keep_observed(u);
  constexpr double kMemory = 0.9, kFirst = 2'000, kLast = 20'000;
  Tensor r2 = Tensor::zeros(x.shape());
  for (int64_t n = 0; n < options.steps; ++n) {
    const double i = kFirst + (kLast - kFirst) * static_cast<double>(n) / static_cast<double>(options.steps);
    const double alpha = 10 / (100 + i);
    const Tensor gradient = model.score(math::scale_offset(u, range, options.low));
    const double share = n == 0 ? 1 : 1 - kMemory;
    r2 = math::add(math::scale_offset(r2, 1 - share, 0), math::scale_offset(math::square(gradient), share, 0));
    const Tensor r = math::sqrt(math::scale_offset(r2, 1, 1e-20));
    const Tensor epsilon = Tensor::randn(u.shape(), rng);
    // [NICE section 5.2: inpainting]
    u = math::add(u, math::scale_offset(math::add(math::divide(gradient, r), epsilon), alpha, 0));
    keep_observed(u);
  }
  return math::scale_offset(u, range, options.low);
}

Tensor guess_hidden(const FlowModel& model, const Tensor& x, const Tensor& hidden, Rng& rng, int64_t guesses) {
  check(x.shape() == hidden.shape(), "guess_hidden", "data ", x.shape(), ", but hidden places ", hidden.shape());
  const Tensor samples = model.sample(guesses, rng);
  const int64_t n = x.shape()[0], d = x.numel() / n;
  Tensor filled = x.clone();
  for (int64_t i = 0; i < n; ++i) {
    int64_t nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (int64_t g = 0; g < guesses; ++g) {
      double distance = 0;
      for (int64_t k = 0; k < d; ++k) {
        const double apart = static_cast<double>(samples.data()[g * d + k]) - static_cast<double>(x.data()[i * d + k]);
        if (hidden.data()[i * d + k] == 0) distance += apart * apart;
      }
      if (distance < least) least = distance, nearest = g;
    }
    for (int64_t k = 0; k < d; ++k) {
      if (hidden.data()[i * d + k] != 0) filled.mutable_data()[i * d + k] = samples.data()[nearest * d + k];
    }
  }
  return filled;
}

}  // namespace bijou
