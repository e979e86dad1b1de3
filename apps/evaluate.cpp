// bijou evaluate: the negative log-likelihood of a part of a data set under a trained flow, and its ledger.
#include "apps/density.hpp"
#include "apps/fit.hpp"
#include "apps/run_folder.hpp"
#include "flows/checkpoint.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// One part, or all three in one.
Examples part_of(const Dataset& data, const std::string& split) {
  if (split == "train") return data.train;
  if (split == "validation") return data.validation;
  if (split == "test") return data.test;
  std::vector<Tensor> x;
  Examples all;
  for (const Examples* part : {&data.train, &data.validation, &data.test}) {
    if (part->size() > 0) x.push_back(part->rows(0, part->size()));
    all.labels.insert(all.labels.end(), part->labels.begin(), part->labels.end());
  }
  all.x = math::concat(x, 0);
  return all;
}

// A table whose rows are images of real numbers, laid out as [H, W, C].
Dataset as_images(Dataset data, const Shape& image) {
  if (data.is_image() || image.rank() != 3 || data.dimensions() != image.numel()) return data;
  for (Examples* part : {&data.train, &data.validation, &data.test}) {
    if (part->size() > 0) part->x = part->x.reshape({part->size(), image[0], image[1], image[2]});
  }
  return data;
}

// What a model was trained on may have gone, or its checkpoint may have come from elsewhere: it holds no path.
void refuse_missing(const std::string& name, const std::string& run, const char* flag) {
  std::error_code error;  // of a folder that may not be searched: reading says so
  const bool known = std::ranges::count(dataset_names(), name) > 0 || name == "cifar-10";
  if (!known && !std::filesystem::exists(name, error) && !error)
    fail<DataError>(name, ": no such file; ", run, " is of data of that name: say by ", flag, " where they are");
}

// The levels of the noise that is still to be added: 0 for data that have it already.
int levels_of(const EvaluateOptions& options, const std::string& name, const Dataset& data, const DataSpec& spec) {
  const bool has_noise = options.dequantised && data.levels == 0 && spec.levels > 0;
  if (options.dequantised && !has_noise) {
    fail<UsageError>("--dequantised is for real numbers under a model of images of whole numbers; '", name, "' has ",
                     data.levels, " levels, the model ", spec.levels);
  }
  if (data.example_shape() != spec.input || (data.levels != spec.levels && !has_noise)) {
    fail<CheckpointError>(options.run, ": the model is for examples ", spec.input, " of ", spec.levels,
                          " levels, the data '", name, "' are ", data.example_shape(), " of ", data.levels,
                          "; give others by --data, or choose --columns of a table");
  }
  return data.levels;
}

void require_in_range(const Tensor& x, int levels, const std::string& name) {
  for (const Real v : x.data()) {
    if (v >= 0 && v < static_cast<Real>(levels)) continue;
    fail<DataError>(name, ": --dequantised expects numbers of at least 0 and below ", levels, ", found ", v);
  }
}

void print_ledger(const Ledger& ledger, int64_t dimensions) {
  const auto line = [&](const std::string& name, const Estimate& e) {
    std::cout << "  " << std::left << std::setw(32) << name << std::right << std::fixed << std::setw(18)
              << std::setprecision(7) << e.mean << std::setw(14) << e.error << std::setw(16) << std::setprecision(9)
              << bits_per_dim(e.mean, dimensions) << std::setw(14) << bits_per_dim(e.error, dimensions) << "\n";
  };
  std::cout << "  " << std::left << std::setw(32) << "-log p(x)" << std::right << std::setw(18) << "nats"
            << std::setw(14) << "std. error" << std::setw(16) << "bits/dim" << std::setw(14) << "std. error"
            << "\n";
  for (const Ledger::Term& term : ledger.terms()) line(term.name, estimate(term.nats));
  line("sum", ledger.total());
  std::cout << std::flush << std::defaultfloat << std::setprecision(6);
}

nlohmann::ordered_json as_json(const Ledger& ledger, int64_t dimensions) {
  nlohmann::ordered_json terms = nlohmann::ordered_json::array();
  for (const Ledger::Term& term : ledger.terms()) {
    const auto [mean, error] = estimate(term.nats);
    terms.push_back({{"term", term.name},
                     {"nats", mean},
                     {"nats_error", error},
                     {"bits_per_dim", bits_per_dim(mean, dimensions)},
                     {"bits_per_dim_error", bits_per_dim(error, dimensions)}});
  }
  return terms;
}

}  // namespace

int evaluate(const EvaluateOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  // --test-data alone; or the data of the run with the test data of the run; or --data.
  const bool others = !options.test_data.empty();
  const std::string name = others                 ? options.test_data
                           : options.data.empty() ? data_of_run(options.run, saved.metadata)
                                                  : options.data;
  if (name.empty()) fail<UsageError>("the checkpoint does not say what data it was trained on; name them with --data");
  const DataSpec& spec = data_of(saved.config);
  const auto kept = saved.metadata.find("data_options");
  const DataOptions how =
      data_options_from_json(kept == saved.metadata.end() ? "" : kept->second, options, options.run);
  DatasetOptions reading = dataset_options(how);
  reading.pictures = pictures_for(spec, name, options.data_memory);
  const auto said = [&](const char* key) { return saved.metadata.contains(key) ? saved.metadata.at(key) : ""; };
  const bool own = !others && (options.data.empty() || data_name(options.data) == said("data"));
  if (own) {
    reading.test_data = data_of_run(options.run, saved.metadata, "test_data");
    if (options.data.empty()) refuse_missing(name, options.run, "--data");
    if (!reading.test_data.empty()) refuse_missing(reading.test_data, options.run, "--test-data");
  }
  Dataset raw = others ? load_test_data(name, reading) : load_dataset(name, reading);
  if (own && saved.metadata.contains("data_fingerprint") && said("data_fingerprint") != text(fingerprint_of(raw))) {
    std::cerr
        << "warning: " << name
        << " are not the data that the run was trained on: other values, or read otherwise; what is evaluated here "
           "may have been trained on\n";
  }
  const Dataset data = as_images(as_trained(std::move(raw), spec), spec.input);
  const int levels = levels_of(options, name, data, spec);
  const Examples part = part_of(data, options.split);
  if (part.size() == 0) fail<UsageError>("--split ", options.split, ": ", name, " has no such part");
  if (options.dequantised) require_in_range(part.x, spec.levels, name);
  if (options.dequantisations > 1 && levels == 0)
    fail<UsageError>("--dequantisations has no use: ", name,
                     " are real numbers, to which no noise is added; leave it out");
  const Ledger ledger = ledger_of(*saved.model, part, levels, options.dequantisations);
  const auto [nll, error] = ledger.total();
  const double bits = bits_per_dim(nll, data.dimensions()), bits_error = bits_per_dim(error, data.dimensions());
  if (!std::isfinite(nll)) {
    fail<NonFiniteError>(options.run, ": the log-likelihood of '", name, "', ", options.split,
                         " part, is not finite under this model; "
                         "are these data like those it was trained on?");
  }
  std::optional<ClassFigures> classes;
  if (saved.model->has_classes() && !part.labels.empty())
    classes = class_figures(*saved.model, part, levels, options.dequantisations);
  if (options.json) {
    nlohmann::ordered_json j{
        {"nll_nats", nll}, {"bits_per_dim", bits}, {"examples", part.size()}, {"split", options.split}};
    if (classes) {
      j["bits_per_dim_given_class"] = bits_per_dim(classes->nll_given_y, data.dimensions());
      j["accuracy"] = classes->accuracy;
    }
    j["nll_nats_error"] = error;
    j["bits_per_dim_error"] = bits_error;
    j["dequantisations"] = options.dequantisations;
    if (options.ledger) {
      const auto [behind, behind_error] = ledger.behind_preprocessing();
      j["nll_behind_preprocessing_nats"] = behind;
      j["nll_behind_preprocessing_nats_error"] = behind_error;
      j["ledger"] = as_json(ledger, data.dimensions());
    }
    std::cout << j.dump() << std::endl;
  } else {
    const bool elsewhere = options.split == "test" && !reading.test_data.empty();
    std::cout << (elsewhere ? reading.test_data : name) << ", " << options.split << " part, " << part.size()
              << " examples: " << text(nll) << " nats per example, " << text(bits) << " bits/dim; standard error "
              << text(error) << " nats, " << text(bits_error) << " bits/dim" << std::endl;
    if (classes) {
      std::cout << "given the class: " << text(bits_per_dim(classes->nll_given_y, data.dimensions()))
                << " bits/dim; argmax over y of log p(x|y) p(y) is right for " << text(100 * classes->accuracy) << "%"
                << std::endl;
    }
    if (options.ledger) print_ledger(ledger, data.dimensions());
  }
  return 0;
}

}  // namespace bijou
