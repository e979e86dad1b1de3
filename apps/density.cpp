#include "apps/density.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// So many examples of D numbers go through a model at once: memory stays bounded.
int64_t block_of(int64_t dimensions) { return std::clamp<int64_t>(int64_t{500} * 784 / dimensions, 1, 500); }

}  // namespace

double average_nll(const FlowModel& model, const Examples& examples, int levels) {
  constexpr uint64_t kEvaluationSeed = 0xE7A1;
  const int64_t block = block_of(examples.x.shape().from(1).numel());
  double sum = 0;
  for (int64_t begin = 0; begin < examples.size(); begin += block) {
    const int64_t end = std::min(examples.size(), begin + block);
    const Tensor x = dequantise(examples.x.rows(begin, end), levels, kEvaluationSeed, 0, begin);
    const Tensor log_p = model.log_prob(x).value();
    for (Real v : log_p.data()) sum -= v;
  }
  return sum / static_cast<double>(examples.size());
}

void for_each_sample(const FlowModel& model, int64_t count, double temperature, uint64_t seed,
                     const std::function<void(const Tensor&)>& take) {
  Rng rng(seed, stream("sample"));
  const int64_t block = block_of(model.bijection().input_shape().numel());
  for (int64_t done = 0; done < count; done += block)
    take(model.sample(std::min(block, count - done), rng, temperature));
}

}  // namespace bijou
