#include "flows/permutation.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

Tensor as_tensor(const std::vector<int64_t>& order) {
  return Tensor::from({static_cast<int64_t>(order.size())}, std::vector<double>(order.begin(), order.end()));
}

}  // namespace

std::vector<int64_t> as_permutation(const Tensor& order, const Module& owner) {
  std::vector<int64_t> result;
  std::vector<bool> seen(order.data().size());
  for (const Real v : order.data()) {
    const bool index = v >= 0 && v < static_cast<Real>(seen.size()) && v == static_cast<Real>(static_cast<int64_t>(v));
    if (!index || seen[static_cast<size_t>(v)]) {
      fail<CheckpointError>(owner.path(), " (", owner.describe(), "): its permutation holds ", v,
                            index ? " twice" : text(", which is no index below ", seen.size()),
                            "; the checkpoint is damaged, use another one");
    }
    seen[static_cast<size_t>(v)] = true;
    result.push_back(static_cast<int64_t>(v));
  }
  return result;
}

std::vector<int64_t> inverse_permutation(const std::vector<int64_t>& order) {
  std::vector<int64_t> inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i) inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return inverse;
}

Permutation::Permutation(const Shape& input, std::vector<int64_t> order)
    : Flow(input, input), order_(constant("order", as_tensor(order))) {
  check(order_.shape() == Shape{input[-1]}, "Permutation", "an order of ", order_.shape(), " for channels of ", input);
}

std::vector<int64_t> Permutation::reversed(int64_t channels) {
  std::vector<int64_t> order;
  for (int64_t c = channels; c-- > 0;) order.push_back(c);
  return order;
}

std::vector<int64_t> Permutation::shuffled(int64_t channels, Rng& rng) { return rng.permutation(channels); }

FlowResult Permutation::transform(const Variable& x) const {
  return {permute_channels(x, as_permutation(order_, *this)), constant_log_det(x, 0)};
}

Tensor Permutation::invert(const Tensor& y) const {
  return permute_channels(y, inverse_permutation(as_permutation(order_, *this))).value();
}

}  // namespace bijou
