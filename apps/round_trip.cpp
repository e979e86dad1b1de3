#include "apps/round_trip.hpp"

#include <algorithm>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

RoundTrip round_trip(const FlowModel& model, const Examples& examples, int levels) {
  constexpr int64_t kSome = 64;
  constexpr uint64_t kSeed = 0;
  const Tensor x = dequantise(examples.rows(0, std::min(kSome, examples.size())), levels, kSeed);
  const auto [z, log_det] = model.bijection().forward(Variable(x));
  const Tensor back = model.bijection().inverse(z.value());
  RoundTrip r{0, 0};
  for (size_t i = 0; i < x.data().size(); ++i) {
    const double off = std::abs(double{back.data()[i]} - x.data()[i]);
    if (!(off <= r.worst_inverse)) r.worst_inverse = off;  // a NaN stays
  }
  for (const Real v : log_det.value().data()) r.log_det += v / static_cast<double>(x.shape()[0]);
  return r;
}

}  // namespace bijou
