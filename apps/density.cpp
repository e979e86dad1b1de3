#include "apps/density.hpp"

namespace bijou::inline BIJOU_SCALAR {

double average_nll(const FlowModel& model, const Examples& examples, int levels) {
  constexpr int64_t kBlock = 500;
  constexpr uint64_t kEvaluationSeed = 0xE7A1;
  double sum = 0;
  for (int64_t begin = 0; begin < examples.size(); begin += kBlock) {
    const int64_t end = std::min(examples.size(), begin + kBlock);
    const Tensor x = dequantise(examples.x.rows(begin, end), levels, kEvaluationSeed, 0, begin);
    const Tensor log_p = model.log_prob(x).value();
    for (Real v : log_p.data()) sum -= v;
  }
  return sum / static_cast<double>(examples.size());
}

}  // namespace bijou
