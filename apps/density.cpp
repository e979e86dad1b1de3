#include "apps/density.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// So many examples of D numbers go through a model at once: memory stays bounded.
int64_t block_of(int64_t dimensions) { return std::clamp<int64_t>(int64_t{500} * 784 / dimensions, 1, 500); }

}  // namespace

void for_each_block(const Examples& examples, int levels, const std::function<void(const Tensor&, int64_t)>& see,
                    uint64_t draw) {
  constexpr uint64_t kEvaluationSeed = 0xE7A1;
  const int64_t block = block_of(examples.shape().from(1).numel());
  for (int64_t begin = 0; begin < examples.size(); begin += block) {
    const int64_t end = std::min(examples.size(), begin + block);
    see(dequantise(examples.rows(begin, end), levels, kEvaluationSeed, draw, begin), begin);
  }
}

Tensor decode_latents(const FlowModel& model, const Tensor& z) {
  std::vector<Tensor> x;
  const int64_t block = block_of(z.shape()[1]);
  for (int64_t begin = 0; begin < z.shape()[0]; begin += block) {
    x.push_back(model.bijection().inverse(z.rows(begin, std::min(z.shape()[0], begin + block))));
    if (!math::all_finite(x.back()))
      fail<NonFiniteError>("what these latents stand for is not finite; are they latents of this model?");
  }
  return math::concat(x, 0);
}

double average_nll(const FlowModel& model, const Examples& examples, int levels) {
  return ledger_of(model, examples, levels).total().mean;
}

Ledger ledger_of(const FlowModel& model, const Examples& examples, int levels, int64_t draws) {
  Ledger ledger(examples.size());
  for (int64_t draw = 0; draw < draws; ++draw) {
    const auto enter = [&](const Tensor& x, int64_t first) {
      ledger.enter(model, x, levels, first, 1.0 / static_cast<double>(draws));
    };
    for_each_block(examples, levels, enter, static_cast<uint64_t>(draw));
  }
  return ledger;
}

// All three from log p(x | y) p(y): its logsumexp over y, its entry at the label, its largest entry.
ClassFigures class_figures(const FlowModel& model, const Examples& examples, int levels, int64_t draws) {
  double nll = 0, nll_given_y = 0, right = 0;
  const auto see = [&](const Tensor& x, int64_t first) {
    const std::span labels = std::span(examples.labels).subspan(static_cast<size_t>(first), x.shape()[0]);
    const Tensor joint = model.log_joint(x).value(), given_y = model.log_prob(x, labels).value();
    const Tensor log_p = math::logsumexp(joint);
    for (size_t i = 0; i < labels.size(); ++i) {
      const auto of_i = joint.data().subspan(i * model.classes(), model.classes());
      nll -= log_p.data()[i];
      nll_given_y -= given_y.data()[i];
      right += std::ranges::max_element(of_i) - of_i.begin() == labels[i];
    }
  };
  for (int64_t draw = 0; draw < draws; ++draw) for_each_block(examples, levels, see, static_cast<uint64_t>(draw));
  const auto n = static_cast<double>(examples.size() * draws);
  return {nll / n, nll_given_y / n, right / n};
}

void for_each_sample(const FlowModel& model, const Draw& draw, const std::function<void(const Tensor&)>& take) {
  Rng rng(draw.seed, stream("sample"));
  const int64_t block = block_of(model.bijection().input_shape().numel());
  for (int64_t done = 0; done < draw.count; done += block) {
    const int64_t n = std::min(block, draw.count - done);
    if (draw.labels.empty()) take(model.sample(n, rng, draw.temperature));
    else take(model.sample(std::span(draw.labels).subspan(done, n), rng, draw.temperature));
  }
}

}  // namespace bijou
