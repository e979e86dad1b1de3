#include "apps/detection.hpp"

#include "autograd/check.hpp"
#include "autograd/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// The examples by falling score, cut where the score changes: end[g] is the end of group g.
struct Falling {
  std::vector<size_t> order, end;
};

Falling falling(const std::vector<double>& score) {
  Falling f;
  f.order.resize(score.size());
  std::iota(f.order.begin(), f.order.end(), size_t{0});
  std::ranges::stable_sort(f.order, [&](size_t a, size_t b) { return score[a] > score[b]; });
  for (size_t k = 1; k <= score.size(); ++k) {
    if (k == score.size() || score[f.order[k]] != score[f.order[k - 1]]) f.end.push_back(k);
  }
  return f;
}

// Calls see(anomalous so far, normal so far) behind each group, with so many copies of each example.
template <class See>
void walk(const Falling& f, const std::vector<bool>& anomalous, const std::vector<int>& copies, const See& see) {
  double found = 0, alarms = 0;
  size_t k = 0;
  for (const size_t end : f.end) {
    for (; k < end; ++k) (anomalous[f.order[k]] ? found : alarms) += copies[f.order[k]];
    see(found, alarms);
  }
}

struct Areas {
  double auroc, aupr;
};

Areas areas(const Falling& f, const std::vector<bool>& anomalous, const std::vector<int>& copies, double anomalies,
            double normals) {
  double under = 0, precision = 0, found = 0, alarms = 0;
  walk(f, anomalous, copies, [&](double found_now, double alarms_now) {
    under += (alarms_now - alarms) * 0.5 * (found + found_now);
    if (found_now + alarms_now > 0) precision += (found_now - found) * found_now / (found_now + alarms_now);
    found = found_now;
    alarms = alarms_now;
  });
  return {under / (anomalies * normals), precision / anomalies};
}

Interval interval(double value, std::vector<double> draws) {
  if (draws.empty()) return {value, value, value};
  std::ranges::sort(draws);
  const auto at = [&](double share) {
    return draws[static_cast<size_t>(std::lround(share * static_cast<double>(draws.size() - 1)))];
  };
  return {value, at(0.025), at(0.975)};
}

// The indices of either kind. ValueError: one kind is missing.
struct Kinds {
  std::vector<size_t> normal, anomalous;
};
Kinds kinds_of(const std::vector<bool>& anomalous) {
  Kinds kinds;
  for (size_t i = 0; i < anomalous.size(); ++i) (anomalous[i] ? kinds.anomalous : kinds.normal).push_back(i);
  require(!kinds.normal.empty() && !kinds.anomalous.empty(), "detect", "all ", anomalous.size(), " examples are ",
          kinds.normal.empty() ? "anomalous" : "normal", ": there is nothing to tell apart");
  return kinds;
}

}  // namespace

std::vector<Detection> detect(std::span<const std::vector<double>> scores, const std::vector<bool>& anomalous,
                              int draws, uint64_t seed) {
  const Kinds kinds = kinds_of(anomalous);
  const auto anomalies = static_cast<double>(kinds.anomalous.size()),
             normals = static_cast<double>(kinds.normal.size());
  std::vector<Falling> orders;
  for (const auto& score : scores) {
    check(score.size() == anomalous.size(), "detect", score.size(), " scores of ", anomalous.size(), " examples");
    require(std::ranges::none_of(score, [](double v) { return std::isnan(v); }), "detect", "a score is not a number");
    orders.push_back(falling(score));
  }
  std::vector<Areas> plain;
  for (const Falling& f : orders)
    plain.push_back(areas(f, anomalous, std::vector<int>(anomalous.size(), 1), anomalies, normals));
  std::vector<std::vector<double>> auroc(scores.size()), aupr(scores.size());
  Rng rng(seed, stream("bootstrap"));
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<int> copies(anomalous.size(), 0);
    for (const auto* kind : {&kinds.normal, &kinds.anomalous}) {
      for (size_t k = 0; k < kind->size(); ++k) ++copies[(*kind)[rng.below(kind->size())]];
    }
    for (size_t s = 0; s < scores.size(); ++s) {
      const Areas a = areas(orders[s], anomalous, copies, anomalies, normals);
      auroc[s].push_back(a.auroc);
      aupr[s].push_back(a.aupr);
    }
  }
  std::vector<Detection> all;
  for (size_t s = 0; s < scores.size(); ++s)
    all.push_back({interval(plain[s].auroc, auroc[s]), interval(plain[s].aupr, aupr[s])});
  return all;
}

std::vector<Rates> roc(const std::vector<double>& score, const std::vector<bool>& anomalous, size_t most) {
  const Kinds kinds = kinds_of(anomalous);
  std::vector<Rates> all{{0, 0}};
  walk(falling(score), anomalous, std::vector<int>(anomalous.size(), 1), [&](double found, double alarms) {
    all.push_back(
        {alarms / static_cast<double>(kinds.normal.size()), found / static_cast<double>(kinds.anomalous.size())});
  });
  if (all.size() <= most) return all;
  std::vector<Rates> thinned;
  for (size_t k = 0; k < most; ++k) thinned.push_back(all[k * (all.size() - 1) / (most - 1)]);
  return thinned;
}

double threshold_for(std::vector<double> clean, double false_alarms) {
  require(!clean.empty(), "threshold_for", "there are no clean examples");
  std::ranges::sort(clean, std::greater<>());
  return clean[static_cast<size_t>(false_alarms * static_cast<double>(clean.size()))];  // those before it are above
}

}  // namespace bijou
