// How well a score tells anomalies from normal examples: AUROC, AUPR, their bootstrap intervals, a threshold.
#pragma once
#include "autograd/real.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

struct Interval {
  double value, low, high;  // the figure, and 95 % of the bootstrap's
};

struct Detection {
  Interval auroc;  // that a random anomaly scores higher than a random normal example; ties count half
  Interval aupr;   // average precision, sum_k (R_k - R_k-1) P_k over the distinct scores, falling
};

// One Detection for each score; scores[s][i] of example i, larger the stranger. Each of the bootstrap's draws takes
// examples with replacement, as many normal and as many anomalous ones as there are; all scores see the same draws.
// A pure function of its arguments. ValueError: no example is anomalous, or all are; a score is not a number.
std::vector<Detection> detect(std::span<const std::vector<double>> scores, const std::vector<bool>& anomalous,
                              int draws, uint64_t seed);

// The receiver operating characteristic of one score from (0, 0) to (1, 1), thinned to at most `most` points.
struct Rates {
  double false_alarms, found;
};
std::vector<Rates> roc(const std::vector<double>& score, const std::vector<bool>& anomalous, size_t most);

// The smallest score of these, all clean, above which lies at most this share of them.
double threshold_for(std::vector<double> clean, double false_alarms);

}  // namespace bijou
