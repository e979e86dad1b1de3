// Pictures of how numbers are distributed: latents against their prior, histograms, and what a detector tells apart.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "apps/plot/axes.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/pictures.hpp"

namespace bijou::plot {

namespace {

using detail::page_margin;

/// A canvas with one pair of axes below a title.
struct Sheet {
  Canvas canvas;
  Rect frame;

  Sheet(double frame_w, double frame_h, Range x, Range y, const AxesStyle& look, const std::string& title)
      : canvas(1, 1) {
    const Margins space = Axes::margins({0.0, 0.0, frame_w, frame_h}, x, y, look);
    const auto lines = detail::wrap_text(title, detail::caption_size, frame_w);
    const double above = lines.empty() ? 0.0 : detail::lines_height(lines.size(), detail::caption_size) + 22.0;
    frame = {std::ceil(page_margin + space.left), std::ceil(page_margin + above + space.top), frame_w, frame_h};
    canvas = Canvas(static_cast<int>(std::ceil(frame.right() + std::max(space.right, page_margin))),
                    static_cast<int>(std::ceil(frame.bottom() + space.bottom + page_margin)));
    detail::draw_lines(canvas, {frame.x, page_margin}, lines, {.size = detail::caption_size, .bold = true});
  }
};

std::string percent(double share) { return pretty_number(100.0 * share, 3) + " %"; }

double share_inside(const std::vector<Point>& points, double radius) {
  const auto inside = [radius](const Point& p) { return p.x * p.x + p.y * p.y < radius * radius; };
  const auto n = static_cast<double>(points.size());
  return n > 0.0 ? static_cast<double>(std::count_if(points.begin(), points.end(), inside)) / n : 0.0;
}

/// Heights of equal bins over the range, as a density of all values, also of those beyond it.
std::vector<Point> outline(const std::vector<double>& values, Range x, std::size_t bins) {
  std::vector<double> count(bins, 0.0);
  double all = 0.0;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    all += 1.0;
    const double at = std::floor((v - x.lo) / x.span() * static_cast<double>(bins));
    if (at >= 0.0 && at < static_cast<double>(bins)) count[static_cast<std::size_t>(at)] += 1.0;
  }
  const double width = x.span() / static_cast<double>(bins);
  std::vector<Point> steps{{x.lo, 0.0}};
  for (std::size_t i = 0; i < bins; ++i) {
    const double height = all > 0.0 ? count[i] / (all * width) : 0.0;
    const double left = x.lo + static_cast<double>(i) * width;
    steps.push_back({left, height});
    steps.push_back({left + width, height});
  }
  steps.push_back({x.hi, 0.0});
  return steps;
}

/// Of the values without the outermost thousandth at either end, and without what is far from the middle half.
Range bulk(const std::vector<double>& values) {
  const Range most = data_range(values, 0.001, 0.0), half = data_range(values, 0.25, 0.0);
  const double far = 6.0 * half.span();
  return far > 0.0 ? Range{std::max(most.lo, half.lo - far), std::min(most.hi, half.hi + far)} : most;
}

/// The first set with values gives the scale: others widen the frame by three of its widths at most. Marks are seen.
Range common_frame(const std::vector<Histogram>& sets, const std::vector<Baseline>& marks) {
  std::vector<double> ends;
  Range widest;
  const auto take = [&](double value) { ends.push_back(std::clamp(value, widest.lo, widest.hi)); };
  for (const Histogram& set : sets) {
    if (set.values.empty()) continue;
    const Range own = bulk(set.values);
    if (ends.empty()) {
      const double reach = own.given() ? 3.0 * own.span() : std::numeric_limits<double>::infinity();
      widest = {own.lo - reach, own.hi + reach};
    }
    take(own.lo);
    take(own.hi);
  }
  for (const Baseline& mark : marks) ends.push_back(mark.value);
  return data_range(ends, 0.0, 0.04);
}

/// For the legend, where it is more than the odd one.
std::string beyond(const std::vector<double>& values, Range x) {
  const auto outside = [x](double v) { return !(v >= x.lo && v <= x.hi); };
  const double share = static_cast<double>(std::ranges::count_if(values, outside)) / static_cast<double>(values.size());
  return share > 0.005 ? " (" + percent(share) + " beyond the frame)" : "";
}

}  // namespace

void latent_scatter(const std::string& path, const std::vector<Point>& points, const std::vector<Point>& prior,
                    const std::string& title) {
  constexpr double side = 720.0;
  double squares = 0.0;
  for (const Point& p : prior) squares += 0.5 * (p.x * p.x + p.y * p.y);
  const double sigma = prior.empty() ? 1.0 : std::sqrt(squares / static_cast<double>(prior.size()));
  double reach = 3.4 * sigma;
  for (const Point& p : points) {
    if (std::isfinite(p.x) && std::isfinite(p.y)) reach = std::max({reach, std::abs(p.x), std::abs(p.y)});
  }
  reach = std::min(1.03 * reach, 8.0 * sigma);
  const Range range{-reach, reach};
  const AxesStyle look{.x_label = "z\u2081", .y_label = "z\u2082", .equal = true};
  Sheet sheet(side, side, range, range, look, title);
  Axes axes(sheet.canvas, sheet.frame, range, range, look);
  const double n = static_cast<double>(points.size());
  axes.scatter(points, palette::blue, std::clamp(60.0 / std::sqrt(n + 1.0), 1.6, 4.5),
               std::clamp(22.0 / std::sqrt(n + 1.0), 0.3, 0.8));
  const std::array<Color, 3> colors{palette::vermillion, palette::orange, palette::purple};
  for (int k = 1; k <= 3; ++k) {
    const double radius = k * sigma;
    std::vector<Point> circle;
    for (int i = 0; i <= 240; ++i) {
      const double angle = 2.0 * std::numbers::pi * i / 240.0;
      circle.push_back({radius * std::cos(angle), radius * std::sin(angle)});
    }
    axes.line(circle, {.color = colors[static_cast<std::size_t>(k - 1)], .width = 2.5},
              std::to_string(k) + "\u03c3: " + percent(share_inside(points, radius)) + " inside, of the prior " +
                  percent(share_inside(prior, radius)));
  }
  if (points.empty()) detail::draw_note(sheet.canvas, sheet.frame, "no points");
  axes.decorate();
  axes.legend();
  sheet.canvas.write_png(path);
}

void histograms(const std::string& path, const std::vector<Histogram>& sets, const HistogramStyle& style) {
  const Range x = common_frame(sets, style.marks);
  std::size_t fewest = 0;
  for (const Histogram& set : sets) {
    if (!set.values.empty()) fewest = fewest == 0 ? set.values.size() : std::min(fewest, set.values.size());
  }
  const std::size_t bins =
      std::clamp<std::size_t>(static_cast<std::size_t>(2.0 * std::cbrt(static_cast<double>(fewest))), 12, 90);
  std::vector<std::vector<Point>> outlines;
  double top = 0.0;
  for (const Histogram& set : sets) {
    outlines.push_back(outline(set.values, x, bins));
    for (const Point& p : outlines.back()) top = std::max(top, p.y);
  }
  const Range y{0.0, top > 0.0 ? 1.08 * top : 1.0};
  const AxesStyle look{.x_label = style.x_label, .y_label = "density"};
  Sheet sheet(980.0, 520.0, x, y, look, style.title);
  Axes axes(sheet.canvas, sheet.frame, x, y, look);
  for (std::size_t k = 0; k < sets.size(); ++k)
    axes.line(outlines[k], {.color = series_color(k), .width = 2.5}, sets[k].label + beyond(sets[k].values, x));
  for (std::size_t k = 0; k < style.marks.size(); ++k) {
    const double at = style.marks[k].value;
    const Point line[] = {{at, y.lo}, {at, y.hi}};
    axes.line(line, {.color = palette::soft_ink, .width = 2.0, .dash = 10.0, .gap = 8.0}, style.marks[k].label);
  }
  if (fewest == 0) detail::draw_note(sheet.canvas, sheet.frame, "no values");
  axes.decorate();
  axes.legend();
  sheet.canvas.write_png(path);
}

void roc_curves(const std::string& path, const std::vector<RocCurve>& curves, const std::string& title) {
  const Range unit{0.0, 1.0};
  const AxesStyle look{.x_label = "false alarms: share of the normal", .y_label = "found: share of the anomalous"};
  Sheet sheet(720.0, 720.0, unit, unit, look, title);
  Axes axes(sheet.canvas, sheet.frame, unit, unit, look);
  const Point diagonal[] = {{0.0, 0.0}, {1.0, 1.0}};
  axes.line(diagonal, {.color = palette::soft_ink, .width = 2.0, .dash = 10.0, .gap = 8.0}, "guessing");
  for (std::size_t k = 0; k < curves.size(); ++k)
    axes.line(curves[k].points, {.color = series_color(k), .width = 3.0}, curves[k].label);
  axes.decorate();
  axes.legend();
  sheet.canvas.write_png(path);
}

}  // namespace bijou::plot
