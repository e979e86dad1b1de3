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
#include <iostream>
#include <tuple>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// "NAME=VALUE"; the name may hold "=" itself.
plot::Baseline line_from(const std::string& words) {
  const size_t at = words.rfind('=');
  const std::string number = at == std::string::npos ? "" : words.substr(at + 1);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (at == 0 || number.empty() || *end != '\0' || !std::isfinite(value))
    fail<UsageError>("--line '", words, "' is not NAME=VALUE with a number, as 'published=1.06'");
  return {words.substr(0, at), value};
}

}  // namespace

int draw_learning_curve(const CurveOptions& options) {
  const bool bits = options.unit == "bits/dim";
  plot::CurveStyle style{.title = options.title.empty() ? options.run : options.title, .y_label = options.unit};
  for (const std::string& words : options.lines) style.baselines.push_back(line_from(words));
  const std::array<const char*, 1> endings{".png"};
  const std::string path = output_path(options, options.run, "curve.png", endings);
  auto log = log_columns(options.run);
  const char* train = bits ? "bits_per_dim" : "nll_nats";
  const char* validation = bits ? "validation_bits_per_dim" : "validation_nll_nats";
  for (const char* name : {"epoch", train, validation})
    if (!log.contains(name))
      fail<DataError>(options.run, "/log.csv: missing, without a finished epoch, or without the column ", name);
  const auto& [epochs, losses] = std::tie(log["epoch"], log[validation]);
  const auto below = [](double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; };
  const size_t best = static_cast<size_t>(std::ranges::min_element(losses, below) - losses.begin());
  using Kind = plot::Curve::Kind;
  writing([&] {
    plot::training_curve(
        path, {{"train", epochs, log[train], Kind::training}, {"validation", epochs, losses, Kind::validation}}, style);
  });
  if (options.json) {
    nlohmann::ordered_json said{{"best", {{"epoch", epochs[best]}, {"value", losses[best]}}}, {"unit", options.unit}};
    for (const plot::Baseline& line : style.baselines) said["lines"][line.label] = line.value;
    said["files"] = {path};
    std::cout << said.dump() << std::endl;
  } else {
    std::printf("validation: best %.6g %s, epoch %g\n", losses[best], options.unit.c_str(), epochs[best]);
    for (const plot::Baseline& line : style.baselines) {
      const double apart = losses[best] - line.value;
      std::printf("%s: %.6g, %.4g %s\n", line.label.c_str(), line.value, std::abs(apart),
                  apart > 0 ? "below the best" : "above the best");
    }
    std::printf("picture: %s\n", path.c_str());
  }
  return 0;
}

}  // namespace bijou
