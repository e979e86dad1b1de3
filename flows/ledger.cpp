#include "flows/ledger.hpp"

#include "flows/actnorm.hpp"
#include "flows/batch_norm.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/diagonal_scale.hpp"
#include "flows/invertible_conv.hpp"
#include "flows/learned_prior.hpp"
#include "flows/multiscale.hpp"
#include "flows/permutation.hpp"
#include "flows/preprocess.hpp"
#include "flows/squeeze.hpp"
#include "flows/whitening.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bijou::inline BIJOU_SCALAR {
namespace {

template <class... Kinds>
bool is(const Module& module) {
  return ((dynamic_cast<const Kinds*>(&module) != nullptr) || ...);
}

// Glow's prior of a split is a coupling by its law.
bool is_prior(const Flow& flow) {
  const auto is_law = [](const auto& child) { return is<ConditionalNormalLaw>(*child); };
  return is<LearnedPrior>(flow) || std::ranges::any_of(flow.children(), is_law);
}

// How many latents leave at each scale, in their order.
std::vector<int64_t> latents_by_scale(const Flow& flow) {
  for (const auto& layer : flow.children()) {
    if (!is<MultiScale>(*layer)) continue;
    std::vector<int64_t> sizes;
    for (const auto& scale : layer->children()) {
      const Shape out = dynamic_cast<const Flow&>(*scale).output_shape();
      const bool last = scale == layer->children().back();
      sizes.push_back(last ? out.numel() : out.numel() - MultiScale::kept(out).numel());
    }
    return sizes;
  }
  return {flow.output_shape().numel()};
}

std::string prior_of(size_t scale, size_t scales) { return scales == 1 ? "prior" : text("prior, scale ", scale + 1); }

// The scale that a layer stands in, by its path.
size_t scale_of(const Flow& flow) {
  const std::string path = flow.path(), word = "scales.";
  const size_t at = path.find(word);
  return at == std::string::npos ? 0 : std::stoul(path.substr(at + word.size()));
}

// A layer's entry; "": layers that only move values about, whose log-determinant is 0.
std::string entry_of(const Flow& flow, size_t scales) {
  if (is<Squeeze, Unsqueeze, Flatten, Permutation>(flow)) return "";
  if (is_prior(flow)) return prior_of(scale_of(flow), scales);
  if (is<Coupling>(flow)) return "couplings";
  if (is<ActNormFlow>(flow)) return "actnorm";
  if (is<InvertibleConv, InvertibleConvPLU>(flow)) return "1x1 convolutions";
  if (is<BatchNormFlow>(flow)) return "batch norm";
  if (is<DiagonalScale>(flow)) return "scaling layer";
  if (is<ZCA, TriangularWhitening>(flow)) return "whitening";
  if (is<Logit>(flow)) return "preprocessing: logit";
  if (is<Rescale>(flow)) return "preprocessing: scaling";
  if (is<Standardize>(flow)) return "preprocessing: standardisation";
  return flow.name();
}

std::vector<double> doubles(const Tensor& x) { return {x.data().begin(), x.data().end()}; }

// Priors, then layers, preprocessing, and quantisation.
int rank_of(const std::string& name) {
  if (name.starts_with("prior")) return 0;
  if (name.starts_with("quantisation")) return 3;
  return name.starts_with("preprocessing") ? 2 : 1;
}

}  // namespace

Estimate estimate(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double v : values) sum += v;
  const double mean = sum / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, n > 1 ? std::sqrt(squares / (n - 1) / n) : std::numeric_limits<double>::quiet_NaN()};
}

void Ledger::add(const std::string& name, const std::vector<double>& log_p, int64_t first, double weight) {
  auto term = std::ranges::find(terms_, name, &Term::name);
  if (term == terms_.end()) {
    const auto later = [&](const Term& t) { return rank_of(t.name) > rank_of(name); };
    term = terms_.insert(std::ranges::find_if(terms_, later), {name, std::vector<double>(examples_, 0.0)});
  }
  for (size_t i = 0; i < log_p.size(); ++i) term->nats[static_cast<size_t>(first) + i] -= weight * log_p[i];
}

// The base density's latents of every scale but the last are standard normal; the last gets what they leave.
void Ledger::enter(const FlowModel& model, const Tensor& x, int levels, int64_t first, double weight) {
  const std::vector<int64_t> latents = latents_by_scale(model.bijection());
  const auto see = [&](const Flow& flow, const Tensor& log_det) {
    const std::string entry = entry_of(flow, latents.size());
    std::vector<double> of_each = doubles(log_det);
    if (levels > 0 && is<Rescale>(flow)) {  // D log((1 - low) / levels) = D log(1 - low) - D log levels
      const double cost = static_cast<double>(flow.input_shape().numel()) * std::log(levels);
      for (double& v : of_each) v += cost;
      add("quantisation", std::vector<double>(of_each.size(), -cost), first, weight);
    }
    if (!entry.empty()) add(entry, of_each, first, weight);
  };
  const Variable z = [&] {
    const LogDetWatch watch(see);
    return model.bijection().forward(x).y;
  }();
  std::vector<double> rest = doubles(model.base().log_prob(z).value());
  int64_t begin = 0;
  for (size_t scale = 0; scale + 1 < latents.size(); ++scale) {
    const Tensor part = math::slice(z.value(), 1, begin, begin + latents[scale]);
    const std::vector<double> log_p = doubles(StandardNormal(latents[scale]).log_prob(part).value());
    add(prior_of(scale, latents.size()), log_p, first, weight);
    for (size_t i = 0; i < rest.size(); ++i) rest[i] -= log_p[i];
    begin += latents[scale];
  }
  add(prior_of(latents.size() - 1, latents.size()), rest, first, weight);
}

Estimate Ledger::sum_of(const std::function<bool(const Term&)>& counts) const {
  std::vector<double> nll(examples_, 0.0);
  for (const Term& term : terms_) {
    if (!counts(term)) continue;
    for (size_t i = 0; i < examples_; ++i) nll[i] += term.nats[i];
  }
  return estimate(nll);
}

Estimate Ledger::total() const {
  return sum_of([](const Term&) { return true; });
}

Estimate Ledger::behind_preprocessing() const {
  return sum_of([](const Term& term) { return rank_of(term.name) < 2; });
}

}  // namespace bijou
