#include "apps/fit.hpp"

#include "datasets/covariance.hpp"
#include "datasets/loader.hpp"
#include "datasets/table.hpp"
#include "flows/preprocess.hpp"
#include "flows/whitening.hpp"

#include <bit>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Gives the layers in front their moments, one after another.
void fit_moments(Flow& flow, Tensor x) {
  size_t wanted = 0;
  const auto wants = [](const auto& layer) {
    return dynamic_cast<Standardize*>(layer.get()) != nullptr || dynamic_cast<ZCA*>(layer.get()) != nullptr;
  };
  for (const auto& layer : flow.children()) wanted += wants(layer);
  for (const auto& layer : flow.children()) {
    if (wanted == 0) return;
    wanted -= wants(layer);
    if (auto* standardize = dynamic_cast<Standardize*>(layer.get())) {
      const auto moments = column_moments(x);
      standardize->set(moments.mean, moments.stddev);
    }
    if (auto* zca = dynamic_cast<ZCA*>(layer.get())) {
      const Covariance c = covariance_of(x);
      zca->set(c.mean, c.covariance);
    }
    x = dynamic_cast<Flow&>(*layer).forward(Variable(x)).y.value();
  }
}

}  // namespace

void fit_to_data(FlowModel& model, const Dataset& data, uint64_t seed) {
  fit_moments(model.bijection(), dequantise(data.train.x, data.levels, seed));
  if (model.has_classes()) {
    std::vector<double> counts(static_cast<size_t>(model.classes()), 0);
    for (const int y : data.train.labels) counts[static_cast<size_t>(y)] += 1;
    model.set_class_frequencies(counts);
  }
  const int64_t n = std::min(kInitializationExamples, data.train.size());
  model.bijection().initialize(dequantise(data.train.x.rows(0, n), data.levels, seed));
}

Dataset as_trained(Dataset data, const DataSpec& spec) {
  if (data.levels == 256 && spec.levels < 256 && std::has_single_bit(static_cast<unsigned>(spec.levels)))
    reduce_bits(data, std::countr_zero(static_cast<unsigned>(spec.levels)));
  return data;
}

}  // namespace bijou
