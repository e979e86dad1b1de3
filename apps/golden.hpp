// Golden curves: the validation figure of presets that were trained here, epoch by epoch, over several seeds. They come
// with the program (apps/golden/golden.csv, by `make golden`), and `bijou train --golden` says where a run stands.
#pragma once
#include "apps/progress.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

struct GoldenCurve {
  struct Epoch {
    int64_t epoch;
    double mean, low, high;  // nats per example, of the validation part, with the averaged weights
  };
  std::vector<Epoch> epochs;  // 1, 2, ...
  int seeds = 0;
  std::string machine, date;

  // "golden 2.351 (2.349 to 2.360)": mean and range of the seeds; and when the figure is farther outside of that range
  // than it is wide, by how much: ", 0.120 above that range" or "below that range". "" for an epoch that the curve has
  // not.
  std::string standing(int64_t epoch, double validation, const Unit& unit) const;
};

// Of a preset on the data that it is for; nothing: it was not trained here.
std::optional<GoldenCurve> golden_curve(const std::string& family, const std::string& data, const std::string& preset);
std::string golden_names();  // "nice --data digits --preset digits; ..."

}  // namespace bijou
