// x -> y -> x and y -> x -> y, in this build's scalar.
#include "apps/inspect/subject.hpp"
#include "flows/config_json.hpp"

#include <cmath>
#include <limits>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using bijou_inspect::RoundTrip;
using bijou_inspect::RoundTrips;

RoundTrip compare(const Tensor& before, const Tensor& after) {
  RoundTrip trip;
  for (size_t i = 0; i < before.data().size(); ++i) {
    const double error = std::abs(static_cast<double>(after.data()[i]) - static_cast<double>(before.data()[i]));
    trip.error = std::isnan(error) ? INFINITY : std::max(trip.error, error);
    trip.largest = std::max(trip.largest, std::abs(static_cast<double>(before.data()[i])));
  }
  const Real largest = static_cast<Real>(trip.largest);
  const Real unit = std::nextafter(largest, std::numeric_limits<Real>::infinity()) - largest;
  trip.units = trip.error / static_cast<double>(unit);
  return trip;
}

RoundTrips both_ways(const Flow& flow, const std::vector<double>& input) {
  Shape batch{static_cast<int64_t>(input.size()) / flow.input_shape().numel()};
  for (const int64_t d : flow.input_shape()) batch.append(d);
  const Tensor x = Tensor::from(batch, input), y = flow.forward(x).y.value(), back = flow.inverse(y);
  return {compare(x, back), compare(y, flow.forward(back).y.value())};
}

}  // namespace
}  // namespace bijou

namespace bijou_inspect {

std::vector<RoundTrips> BIJOU_DOOR(round_trips)(const PlainModel& model,
                                                const std::vector<std::vector<double>>& inputs) {
  using namespace bijou;
  return at_the_door([&] {
    const auto made = from_plain(model);
    const Flow& whole = made->bijection();
    std::vector<RoundTrips> all;
    for (const Layer& layer : layers_of(
             whole, draw_examples(*made, data_of(config_from_json(model.family, model.config, "the model to inspect")),
                                  1, 0))) {
      all.push_back(both_ways(*layer.flow, inputs[all.size()]));
    }
    all.push_back(both_ways(whole, inputs.back()));
    return all;
  });
}

}  // namespace bijou_inspect
