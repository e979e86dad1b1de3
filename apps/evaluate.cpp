// bijou evaluate: the negative log-likelihood of a part of a data set under a trained flow.
#include "apps/density.hpp"
#include "apps/fit.hpp"
#include "apps/run_folder.hpp"
#include "flows/checkpoint.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {

int evaluate(const EvaluateOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  const std::string name = !options.data.empty()          ? options.data
                           : saved.metadata.count("data") ? saved.metadata.at("data")
                                                          : "";
  if (name.empty()) fail<UsageError>("the checkpoint does not say what data it was trained on; name them with --data");
  const DataSpec& spec = data_of(saved.config);
  const auto kept = saved.metadata.find("data_options");
  const DataOptions how =
      data_options_from_json(kept == saved.metadata.end() ? "" : kept->second, options, options.run);
  DatasetOptions reading = dataset_options(how);
  reading.pictures = pictures_for(spec, name, options.data_memory);
  const Dataset data = as_trained(load_dataset(name, reading), spec);
  if (data.example_shape() != spec.input || data.levels != spec.levels) {
    fail<CheckpointError>(options.run, ": the model is for examples ", spec.input, " of ", spec.levels,
                          " levels, the data '", name, "' are ", data.example_shape(), " of ", data.levels);
  }
  const Examples& part = options.split == "train"        ? data.train
                         : options.split == "validation" ? data.validation
                                                         : data.test;
  const double nll = average_nll(*saved.model, part, data.levels), bits = bits_per_dim(nll, data.dimensions());
  if (!std::isfinite(nll)) {
    fail<NonFiniteError>(options.run, ": the log-likelihood of '", name, "', ", options.split,
                         " part, is not finite under this model; "
                         "are these data like those it was trained on?");
  }
  std::optional<ClassFigures> classes;
  if (saved.model->has_classes() && !part.labels.empty()) classes = class_figures(*saved.model, part, data.levels);
  if (options.json) {
    nlohmann::ordered_json j{
        {"nll_nats", nll}, {"bits_per_dim", bits}, {"examples", part.size()}, {"split", options.split}};
    if (classes) {
      j["bits_per_dim_given_class"] = bits_per_dim(classes->nll_given_y, data.dimensions());
      j["accuracy"] = classes->accuracy;
    }
    std::cout << j.dump() << std::endl;
  } else {
    std::cout << name << ", " << options.split << " part, " << part.size() << " examples: " << text(nll)
              << " nats per example, " << text(bits) << " bits/dim" << std::endl;
    if (classes) {
      std::cout << "given the class: " << text(bits_per_dim(classes->nll_given_y, data.dimensions()))
                << " bits/dim; argmax over y of log p(x|y) p(y) is right for " << text(100 * classes->accuracy) << "%"
                << std::endl;
    }
  }
  return 0;
}

}  // namespace bijou
