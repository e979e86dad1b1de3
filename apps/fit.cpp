#include "apps/fit.hpp"

#include "datasets/covariance.hpp"
#include "datasets/loader.hpp"
#include "datasets/pictures.hpp"
#include "datasets/table.hpp"
#include "flows/preprocess.hpp"
#include "flows/whitening.hpp"

#include <bit>
#include <algorithm>
#include <filesystem>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Gives the layers in front their moments, one after another.
void fit_moments(Flow& flow, const Dataset& data, uint64_t seed) {
  size_t wanted = 0;
  const auto wants = [](const auto& layer) {
    return dynamic_cast<Standardize*>(layer.get()) != nullptr || dynamic_cast<ZCA*>(layer.get()) != nullptr;
  };
  for (const auto& layer : flow.children()) wanted += wants(layer);
  if (wanted == 0) return;
  if (!data.train.x.defined())
    fail<UsageError>(
        "this model takes its moments from all training pictures at once, and they are not in memory; "
        "raise --data-memory, or lower --size");
  Tensor x = dequantise(data.train.x, data.levels, seed);
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
  fit_moments(model.bijection(), data, seed);
  if (model.has_classes()) {
    std::vector<double> counts(static_cast<size_t>(model.classes()), 0);
    for (const int y : data.train.labels) counts[static_cast<size_t>(y)] += 1;
    model.set_class_frequencies(counts);
  }
  const int64_t n = std::min(kInitializationExamples, data.train.size());
  model.bijection().initialize(dequantise(data.train.rows(0, n), data.levels, seed));
}

Dataset as_trained(Dataset data, const DataSpec& spec) {
  if (data.levels == 256 && spec.levels < 256 && std::has_single_bit(static_cast<unsigned>(spec.levels)))
    reduce_bits(data, std::countr_zero(static_cast<unsigned>(spec.levels)));
  return data;
}

PictureOptions pictures_for(const DataSpec& spec, const std::string& name, int64_t memory) {
  PictureOptions options;
  options.memory = memory;
  std::error_code ignored;
  if (std::ranges::count(dataset_names(), name) > 0) return options;  // a folder may have the same name
  if (spec.input.rank() != 3 || !std::filesystem::is_directory(name, ignored) || !holds_pictures(name)) return options;
  if (spec.input[0] == spec.input[1]) options.size = static_cast<int>(spec.input[0]);
  options.grey = spec.input[2] == 1;
  options.colour = spec.input[2] == 3;
  return options;
}

}  // namespace bijou
