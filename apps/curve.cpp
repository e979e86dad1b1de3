// bijou curve: what a run's log.csv says of its training, as a picture with lines to compare it with, and in words. It
// needs neither the data nor a checkpoint, so it also draws a run that is still being trained.
#include "apps/output.hpp"
#include "apps/run_figures.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// "NAME=VALUE"; the name may hold "=" itself.
plot::Baseline line_from(const std::string& words) {
  constexpr size_t kLongest = 60;  // what fits beside a picture
  const size_t at = words.rfind('=');
  const std::string number = at == std::string::npos ? "" : words.substr(at + 1);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (at == 0 || number.empty() || *end != '\0' || !std::isfinite(value))
    fail<UsageError>("--line '", words, "' is not NAME=VALUE with a number, as 'published=1.06'");
  if (at > kLongest) fail<UsageError>("--line '", words, "': the name is longer than ", kLongest, " letters");
  return {words.substr(0, at), value};
}

// The columns of RUN/log.csv that a curve is drawn of. A last line that is still being written is left out; a line
// before it that is not whole would hide those behind it.
struct LearningCurve {
  std::vector<double> epochs, train, validation;
};

LearningCurve learning_curve(const std::string& run, bool bits) {
  const std::string path = run + "/log.csv";
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) fail<DataError>(path, ": no such log, or an empty one; RUN is the folder of a run");
  size_t lines = 0;
  while (std::getline(file, line) && !file.eof()) ++lines;
  auto log = log_columns(run);
  const auto column = [&](const char* name) {
    if (lines == 0) fail<DataError>(path, ": no epoch is finished yet");
    if (!log.empty() && !log.contains(name)) fail<DataError>(path, ": it lacks the column ", name);
    if (log[name].size() > lines) fail<DataError>(path, ": it has the column ", name, " twice");
    if (log[name].size() < lines)
      fail<DataError>(path, ": line ", log[name].size() + 2, " is damaged: it has not as many cells as the first");
    return log[name];
  };
  return {column("epoch"), column(bits ? "bits_per_dim" : "nll_nats"),
          column(bits ? "validation_bits_per_dim" : "validation_nll_nats")};
}

// Of the validation figures; those that are not finite are none.
size_t best_of(const LearningCurve& curve, const std::string& run) {
  const auto better = [](double a, double b) { return std::isfinite(a) && (!std::isfinite(b) || a < b); };
  const auto best = std::ranges::min_element(curve.validation, better);
  if (!std::isfinite(*best)) fail<DataError>(run, "/log.csv: no validation figure is a finite number");
  return static_cast<size_t>(best - curve.validation.begin());
}

}  // namespace

int draw_learning_curve(const CurveOptions& options) {
  constexpr size_t kMostLines = 8;
  plot::CurveStyle style{.title = options.title.empty() ? options.run : options.title, .y_label = options.unit};
  for (const std::string& words : options.lines) style.baselines.push_back(line_from(words));
  if (style.baselines.size() > kMostLines)
    fail<UsageError>(style.baselines.size(), " lines; beside a picture there is room for ", kMostLines);
  const LearningCurve curve = learning_curve(options.run, options.unit == "bits/dim");
  const size_t at = best_of(curve, options.run);
  const double epoch = curve.epochs[at], best = curve.validation[at];
  const std::array<const char*, 1> endings{".png"};
  const std::string path = output_path(options, options.run, "curve.png", endings);
  using Kind = plot::Curve::Kind;
  writing([&] {
    plot::training_curve(path,
                         {{"train", curve.epochs, curve.train, Kind::training},
                          {"validation", curve.epochs, curve.validation, Kind::validation}},
                         style);
  });
  if (options.json) {
    nlohmann::ordered_json lines = nlohmann::json::array();
    for (const plot::Baseline& line : style.baselines) lines.push_back({{"name", line.label}, {"value", line.value}});
    const nlohmann::ordered_json said{{"best", {{"epoch", std::lround(epoch)}, {"value", best}}},
                                      {"unit", options.unit},
                                      {"lines", lines},
                                      {"files", {path}}};
    std::cout << said.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
    return 0;
  }
  std::printf("validation: best %.6g %s, epoch %g\n", best, options.unit.c_str(), epoch);
  for (const plot::Baseline& line : style.baselines) {
    std::printf("%s: %.6g, ", line.label.c_str(), line.value);
    if (line.value == best) {
      std::printf("at the best\n");
    } else {
      std::printf("%.4g %s the best\n", std::abs(line.value - best), line.value < best ? "below" : "above");
    }
  }
  std::printf("picture: %s\n", path.c_str());
  return 0;
}

}  // namespace bijou
