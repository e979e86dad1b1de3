#include "flows/squeeze.hpp"

#include "flows/permutation.hpp"

#include <array>

namespace bijou::inline BIJOU_SCALAR {
namespace {

Shape squeezed(const Shape& s) {
  require(s.rank() == 3 && s[0] % 2 == 0 && s[1] % 2 == 0, "Squeeze", "height and width of ", s, " must be even");
  return {s[0] / 2, s[1] / 2, 4 * s[2]};
}

Shape unsqueezed(const Shape& s) {
  require(s.rank() == 3 && s[2] % 4 == 0, "Unsqueeze", "the channels of ", s, " must be a multiple of 4");
  return {s[0] * 2, s[1] * 2, s[2] / 4};
}

std::vector<int64_t> places(int64_t channels, SqueezeOrder order) {
  std::vector<int64_t> from;
  for (int64_t to = 0; to < 4 * channels; ++to) {
    constexpr std::array<int64_t, 4> kDiagonal = {0, 3, 1, 2};
    const int64_t pixel = order == SqueezeOrder::channels ? to % 4
                          : order == SqueezeOrder::pixels ? to / channels
                                                          : kDiagonal[static_cast<size_t>(to / channels)];
    const int64_t c = order == SqueezeOrder::channels ? to / 4 : to % channels;
    from.push_back(pixel * channels + c);
  }
  return from;
}

Variable permuted(const Variable& y, const std::vector<int64_t>& order) {
  return std::ranges::is_sorted(order) ? y : permute_channels(y, order);
}

}  // namespace

Squeeze::Squeeze(const Shape& input, SqueezeOrder order)
    : Flow(input, squeezed(input)), order_(places(input[-1], order)) {}

FlowResult Squeeze::transform(const Variable& x) const {
  // [RealNVP section 3.6: squeezing]
  return {permuted(squeeze2d(x, 2), order_), constant_log_det(x, 0)};
}

Tensor Squeeze::invert(const Tensor& y) const {
  return math::unsqueeze2d(permuted(y, inverse_permutation(order_)).value(), 2);
}

Unsqueeze::Unsqueeze(const Shape& input, SqueezeOrder order)
    : Flow(input, unsqueezed(input)),
      squeeze_(unsqueezed(input), order),
      order_(inverse_permutation(places(output_[-1], order))) {}

FlowResult Unsqueeze::transform(const Variable& y) const {
  return {unsqueeze2d(permuted(y, order_), 2), constant_log_det(y, 0)};
}

Tensor Unsqueeze::invert(const Tensor& x) const { return squeeze_.forward(x).y.value(); }

Tensor Flatten::invert(const Tensor& y) const { return y.reshape({y.shape()[0], input_[0], input_[1], input_[2]}); }

}  // namespace bijou
