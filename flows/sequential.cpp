#include "flows/sequential.hpp"

#include "flows/memory.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {

FlowResult Sequential::transform(const Variable& x) const {
  Variable h = x, log_det = constant_log_det(x, 0);
  for (const Flow* layer : layers_) {
    // [RealNVP eq. 10]
    const auto [y, layer_log_det] = layer->forward(h);
    // [Glow eq. 5]
    h = y;
    // [RealNVP eq. 11] [NICE section 3.1: layers] [Glow eq. 7]
    log_det = log_det + layer_log_det;
  }
  return {h, log_det};
}

Tensor Sequential::invert(const Tensor& y) const {
  Tensor h = y;
  // [RealNVP eq. 12]
  for (size_t k = layers_.size(); k-- > 0;) h = layers_[k]->inverse(h);
  return h;
}

FlowResult Sequential::keep_less(const Variable& x) const {
  const bool chain = std::ranges::none_of(layers_, &Flow::composite);
  return chain && MemoryScope::way() == Memory::reversible ? reversible(layers_, x) : transform(x);
}

Tensor Sequential::initialize(const Tensor& x) {
  Tensor h = x;
  for (Flow* layer : layers_) h = layer->initialize(h);
  return h;
}

std::string Sequential::describe() const { return text(layers_.size(), " layers, ", input_, " -> ", output_); }

}  // namespace bijou
