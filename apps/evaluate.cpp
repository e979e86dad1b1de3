// bijou evaluate: the negative log-likelihood of a part of a data set under a trained flow, and its ledger.
#include "apps/density.hpp"
#include "apps/run_data.hpp"
#include "apps/run_folder.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <iomanip>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

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
  const auto [name, data, levels, part] = load_run_data(saved, options);
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
    std::cout << name << ", " << options.split << " part, " << part.size() << " examples: " << text(nll)
              << " nats per example, " << text(bits) << " bits/dim; standard error " << text(error) << " nats, "
              << text(bits_error) << " bits/dim" << std::endl;
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
