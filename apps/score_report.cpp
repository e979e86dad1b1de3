#include "apps/score_report.hpp"

#include "apps/output.hpp"
#include "apps/pictures.hpp"
#include "apps/train_report.hpp"
#include "datasets/loader.hpp"
#include "flows/ledger.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <iostream>
#include <numeric>
#include <tuple>

namespace bijou::inline BIJOU_SCALAR {
namespace {

std::string shown(const Interval& i) {
  return fixed(i.value, 4) + " [" + fixed(i.low, 4) + ", " + fixed(i.high, 4) + "]";
}

nlohmann::ordered_json as_json(const Interval& i) { return {{"value", i.value}, {"low", i.low}, {"high", i.high}}; }

}  // namespace

const std::vector<double>& named(const std::vector<Score>& scores, const std::string& name) {
  return std::ranges::find(scores, name, &Score::name)->values;
}

void draw_roc(const std::string& path, const Scored& all, const std::string& title) {
  std::vector<plot::RocCurve> curves;
  for (size_t s = 0; s < all.scores.size(); ++s) {
    plot::RocCurve curve{all.scores[s].name + ", AUROC " + fixed(all.found[s].auroc.value, 3), {}};
    for (const Rates& r : roc(all.scores[s].values, all.anomalous, 2000))
      curve.points.push_back({r.false_alarms, r.found});
    curves.push_back(std::move(curve));
  }
  writing([&] { plot::roc_curves(path, curves, title); });
}

void draw_histogram(const std::string& path, const Scored& all, const std::string& name, double false_alarms) {
  std::vector<plot::Histogram> sets{{"clean", named(all.clean, all.recommended)},
                                    {all.labelled() ? "normal" : name, all.chosen_of(false)}};
  if (all.labelled()) sets.push_back({"anomalous", all.chosen_of(true)});
  const bool bits = all.recommended == "complexity";
  writing([&] {
    plot::histograms(path, sets,
                     {.title = text("the score '", all.recommended, "'"),
                      .x_label = bits ? "bits per value beyond those of deflation" : "-log p(x), nats",
                      .marks = {{text("threshold: ", fixed(100 * false_alarms, 1), "% of the clean"), all.threshold}}});
  });
}

void draw_maps(const std::string& path, const FlowModel& model, const Examples& examples, int levels,
               const std::vector<double>& score, int64_t count) {
  std::vector<int64_t> order(score.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  count = std::min<int64_t>({count, std::ssize(order), fit_on_sheet(count, examples.shape().from(1))});
  std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](int64_t a, int64_t b) {
    return score[static_cast<size_t>(a)] > score[static_cast<size_t>(b)];
  });
  order.resize(static_cast<size_t>(count));
  const Tensor whole = examples.select(order).x, x = dequantise(whole, levels, 1);
  std::vector<double> grey;
  append_grey(grey, whole, levels);
  for (int64_t i = 0; i < count; ++i) {
    const Tensor g = model.score(x.rows(i, i + 1));
    // A logit is steep at the ends of the range: a few pixels would leave nothing to be seen of the others.
    std::vector<double> size;
    for (const Real v : g.data()) size.push_back(std::abs(static_cast<double>(v)));
    std::vector<double> sorted = size;
    std::ranges::sort(sorted);
    const double bulk = sorted[sorted.size() * 97 / 100];
    for (const double v : size) grey.push_back(bulk > 0 ? std::sqrt(std::min(1.0, v / bulk)) : 0);
  }
  writing([&] {
    plot::image_grid(path, images(grey, examples.shape().from(1)),
                     {.columns = static_cast<size_t>(count),
                      .caption = "the images with the largest scores, and where log p would change most",
                      .row_labels = {"image", "|d log p / dx|"}});
  });
}

std::string misleading(const Scored& all) {
  const auto& [recommended, clean_nll, found] = std::tie(all.recommended, all.clean_nll, all.found);
  const auto [clean, error] = estimate(clean_nll);
  if (!found.empty()) {
    const Interval& likelihood = found[0].auroc;
    if (likelihood.high < 0.5) {
      return text("raw likelihood misleads here: the anomalous are MORE likely than the normal (AUROC ",
                  fixed(likelihood.value, 3), "); use ", recommended == "likelihood" ? "typicality" : recommended);
    }
    return "";
  }
  const double deviation = error * std::sqrt(static_cast<double>(clean_nll.size()));  // of one example
  const double scored = estimate(named(all.scores, "likelihood")).mean;
  if (scored < clean - deviation) {
    return text("these data are more likely than the clean ones, by ", fixed((clean - scored) / deviation, 1),
                " of their deviations: raw likelihood would call them normal; look at ",
                recommended == "likelihood" ? "typicality" : recommended);
  }
  return "";
}

void print_json(const Scored& all, const Files& files) {
  const std::string warning = misleading(all);
  nlohmann::ordered_json j{{"file", files.scores},
                           {"examples", all.chosen().size()},
                           {"clean_examples", all.clean_nll.size()},
                           {"clean_nll_per_value", all.h},
                           {"recommended", all.recommended},
                           {"threshold", all.threshold},
                           {"alarms", all.share_above(false)}};
  if (all.labelled()) j["found"] = all.share_above(true);
  for (size_t s = 0; s < all.scores.size(); ++s) {
    nlohmann::ordered_json one{{"mean", estimate(all.scores[s].values).mean}};
    if (all.labelled()) {
      one["auroc"] = as_json(all.found[s].auroc);
      one["aupr"] = as_json(all.found[s].aupr);
    }
    j["scores"][all.scores[s].name] = one;
  }
  j["histogram"] = files.histogram;
  if (!files.roc.empty()) j["roc"] = files.roc;
  if (!files.maps.empty()) j["maps"] = files.maps;
  if (!warning.empty()) j["warning"] = warning;
  std::cout << j.dump() << std::endl;
}

void print(const Scored& all, const Files& files, bool image, double false_alarms) {
  const std::string warning = misleading(all);
  for (size_t s = 0; s < all.scores.size(); ++s) {
    const std::string name = all.scores[s].name + (all.scores[s].name == all.recommended ? " *" : "");
    std::cout << "  " << name << std::string(16 - name.size(), ' ');
    if (all.labelled()) {
      std::cout << "AUROC " << shown(all.found[s].auroc) << "   AUPR " << shown(all.found[s].aupr) << "\n";
    } else {
      std::cout << "mean " << text(estimate(all.scores[s].values).mean) << ", of the clean "
                << text(estimate(all.clean[s].values).mean) << "\n";
    }
  }
  std::cout << "\n* recommended for " << (image ? "images" : "data that are no images") << ", whatever the labels say";
  if (all.labelled()) std::cout << "; in brackets 95% of " << kBootstrap << " bootstrap draws";
  const bool few = false_alarms * static_cast<double>(all.clean_nll.size()) < 1;
  std::cout << "\nthreshold " << text(all.threshold) << ", for false alarms of " << fixed(100 * false_alarms, 1)
            << "% by " << all.clean_nll.size() << " clean examples"
            << (few ? " (too few for such a share: it is their largest score)" : "") << ": above it are "
            << fixed(100 * all.share_above(false), 2) << "% of the " << (all.labelled() ? "normal" : "scored");
  if (all.labelled()) std::cout << " and " << fixed(100 * all.share_above(true), 2) << "% of the anomalous";
  std::cout << "\n";
  if (!warning.empty()) std::cout << "! " << warning << "\n";
  std::cout << "scores: " << files.scores << "\n";
  for (const std::string& file : {files.histogram, files.roc, files.maps}) {
    if (!file.empty()) std::cout << "picture: " << file << "\n";
  }
  std::cout << std::flush;
}

}  // namespace bijou
