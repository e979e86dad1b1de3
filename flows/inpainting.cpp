#include "flows/inpainting.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// d log p(x) / d x, example by example.
Tensor score(const FlowModel& model, const Tensor& x) {
  const Variable leaf(x, true);
  Tape tape;
  Variable log_p;
  {
    const Tape::Recording on(tape);
    log_p = model.log_prob(leaf);
  }
  return tape.gradients({log_p}, {Tensor::full(log_p.shape(), 1)}, {leaf})[0];
}

}  // namespace

// Projected gradient ascent with noise: NICE section 5.2. H are the hidden places, O the observed ones, which stay.
//
//   x_H <- x_H + alpha_i (d log p(x_H, x_O) / d x_H + eps),   eps ~ N(0, I),   alpha_i = 10 / (100 + i)
//
// then x_H is put back into the data's range. In the paper data lie in [0, 1]: with u = (x - low) / (high - low) in
// place of x, d log p / d u = (high - low) d log p / d x.
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
  u = Tensor::uniform(x.shape(), rng);
  keep_observed(u);
  for (int64_t i = 0; i < options.steps; ++i) {
    const double alpha = 10.0 / (100.0 + static_cast<double>(i));
    const Tensor gradient = math::scale_offset(score(model, math::scale_offset(u, range, options.low)), range, 0);
    const Tensor epsilon = Tensor::randn(u.shape(), rng);
    // [NICE section 5.2: inpainting]
    u = math::add(u, math::scale_offset(math::add(gradient, epsilon), alpha, 0));
    keep_observed(u);
  }
  return math::scale_offset(u, range, options.low);
}

}  // namespace bijou
