// What `bijou score` has found, and how it is shown: on the screen, as JSON, in pictures.
#pragma once
#include "apps/detection.hpp"
#include "apps/scores.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {

inline constexpr int kBootstrap = 1000;

// One of them by its name.
const std::vector<double>& named(const std::vector<Score>& scores, const std::string& name);

// All that is known when the examples have been scored.
struct Scored {
  std::string recommended;
  double h = 0, threshold = 0;       // clean examples: -log p / D on average; what the false alarms lie above
  std::vector<double> clean_nll;     // nats
  std::vector<Score> clean, scores;  // of the clean examples; of those that are scored, all groups in one
  std::vector<bool> anomalous;       // of the same; empty: not known
  std::vector<Detection> found;      // of each score; empty without labels

  bool labelled() const { return !anomalous.empty(); }
  const std::vector<double>& chosen() const { return named(scores, recommended); }
  // The recommended score of those that are anomalous, or that are not.
  std::vector<double> chosen_of(bool strange) const {
    std::vector<double> some;
    for (size_t i = 0; i < chosen().size(); ++i) {
      if ((labelled() && anomalous[i]) == strange) some.push_back(chosen()[i]);
    }
    return some;
  }
  double share_above(bool strange) const {
    const std::vector<double> some = chosen_of(strange);
    if (some.empty()) return 0;
    return static_cast<double>(std::ranges::count_if(some, [&](double v) { return v > threshold; })) /
           static_cast<double>(some.size());
  }
};

// The files that are written; "" for those that are not.
struct Files {
  std::string scores, histogram, roc, maps;
};

void draw_roc(const std::string& path, const Scored& all, const std::string& title);
void draw_histogram(const std::string& path, const Scored& all, const std::string& name, double false_alarms);
// The `count` images with the largest scores, and where their density would change most.
void draw_maps(const std::string& path, const FlowModel& model, const Examples& examples, int levels,
               const std::vector<double>& score, int64_t count);

// Where the raw likelihood is not what one thinks, by labels, or else by how likely these data are; or "".
std::string misleading(const Scored& all);

void print(const Scored& all, const Files& files, bool image, double false_alarms);
void print_json(const Scored& all, const Files& files);

}  // namespace bijou
