// bijou evaluate: the negative log-likelihood of a part of a data set under a trained flow.
#include "apps/density.hpp"
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
  const Dataset data = load_dataset(name, {.data_dir = options.data_dir});
  if (data.example_shape() != saved.config.input || data.levels != saved.config.levels) {
    fail<CheckpointError>(options.run, ": the model is for examples ", saved.config.input, " of ", saved.config.levels,
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
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"nll_nats", nll},
                                        {"bits_per_dim", bits},
                                        {"examples", part.size()},
                                        {"split", options.split}}
                     .dump()
              << std::endl;
  } else {
    std::cout << name << ", " << options.split << " part, " << part.size() << " examples: " << text(nll)
              << " nats per example, " << text(bits) << " bits/dim" << std::endl;
  }
  return 0;
}

}  // namespace bijou
