// The one-dimensional lesson: a map, the density that goes in, and the density that comes out.

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "apps/plot/axes.hpp"
#include "apps/plot/font.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/pictures.hpp"

namespace bijou::plot {

namespace {

using detail::font_size;
using detail::page_margin;

constexpr Color input_hue = palette::blue;
constexpr Color output_hue = palette::vermillion;
constexpr double map_width = 660.0, map_height = 560.0;
constexpr double density_depth = 250.0;  // how far the densities' frames reach away from the map's
constexpr double gap = 34.0;             // between the map's frame and theirs
constexpr std::size_t intervals = 10;    // of equal probability

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument("change_of_variables: " + what); }

void check_numbers(const std::vector<double>& values, const char* name, bool increasing, bool positive) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string place = std::string(name) + "[" + std::to_string(i) + "] = " + pretty_number(values[i]);
    if (!std::isfinite(values[i])) fail(place + " is not finite");
    if (positive && values[i] < 0.0) fail(place + ": a density has no negative values");
    if (increasing && i > 0 && values[i] <= values[i - 1]) fail(place + " does not increase; the grid must");
  }
}

void check(const ChangeOfVariables& picture) {
  const auto same = [](const std::vector<double>& a, const std::vector<double>& b, const char* names) {
    if (a.size() == b.size()) return;
    fail(std::string(names) + " differ in length: " + std::to_string(a.size()) + " and " + std::to_string(b.size()));
  };
  same(picture.x, picture.p, "x and p");
  same(picture.x, picture.y_of_x, "x and y_of_x");
  same(picture.y, picture.q, "y and q");
  check_numbers(picture.x, "x", true, false);
  check_numbers(picture.p, "p", false, true);
  check_numbers(picture.y_of_x, "y_of_x", false, false);
  check_numbers(picture.y, "y", true, false);
  check_numbers(picture.q, "q", false, true);
  check_numbers(picture.samples_y, "samples_y", false, false);
}

/// The value at x of a function known on an increasing grid.
double interpolate(const std::vector<double>& xs, const std::vector<double>& ys, double x) {
  const auto above = std::upper_bound(xs.begin(), xs.end(), x);
  if (above == xs.begin()) return ys.front();
  if (above == xs.end()) return ys.back();
  const auto i = static_cast<std::size_t>(above - xs.begin());
  const double t = (x - xs[i - 1]) / (xs[i] - xs[i - 1]);
  return ys[i - 1] + t * (ys[i] - ys[i - 1]);
}

/// The places between which x lies with equal probability, without the two ends.
std::vector<double> quantiles(const std::vector<double>& x, const std::vector<double>& p) {
  std::vector<double> below{0.0}, at{x.front()};  // below increases: pieces of no probability are left out
  double total = 0.0;
  for (std::size_t i = 1; i < x.size(); ++i) {
    const double piece = 0.5 * (p[i] + p[i - 1]) * (x[i] - x[i - 1]);
    if (!(piece > 0.0)) continue;
    total += piece;
    below.push_back(total);
    at.push_back(x[i]);
  }
  std::vector<double> result;
  if (!(total > 0.0)) return result;
  for (std::size_t k = 1; k < intervals; ++k) {
    result.push_back(interpolate(below, at, total * static_cast<double>(k) / intervals));
  }
  return result;
}

double highest(const std::vector<double>& values) {
  double top = 0.0;
  for (const double v : values) top = std::max(top, v);
  return top;
}

struct Histogram {
  std::vector<double> heights;  // densities
  Range range;
  double width = 1.0;
};

/// Bars over the range of y; samples outside of it count for the heights, as they do for the density.
Histogram histogram(const std::vector<double>& samples, Range range) {
  const double n = static_cast<double>(samples.size());
  const auto bins = static_cast<std::size_t>(std::clamp(std::sqrt(n), 8.0, 50.0));
  Histogram bars{std::vector<double>(bins, 0.0), range, range.span() / static_cast<double>(bins)};
  for (const double v : samples) {
    const double bin = std::floor((v - range.lo) / bars.width);
    if (bin >= 0.0 && bin < static_cast<double>(bins)) bars.heights[static_cast<std::size_t>(bin)] += 1.0;
  }
  for (double& h : bars.heights) h /= std::max(n, 1.0) * bars.width;
  return bars;
}

/// Where the three frames lie.
struct Layout {
  Rect map, below, beside;
};

/// The area under the input's density, every second interval of equal probability darker.
Axes draw_input(Canvas& canvas, const Rect& frame, const ChangeOfVariables& picture, Range x,
                const std::vector<double>& cuts) {
  Axes axes(canvas, frame, x, {0.0, 1.12 * highest(picture.p)}, {.x_label = "x", .grid = false});
  for (double px = frame.x; px < frame.right(); px += 1.0) {
    const double at = x.lo + (px + 0.5 - frame.x) / frame.w * x.span();
    const auto interval = std::upper_bound(cuts.begin(), cuts.end(), at) - cuts.begin();
    const double top = axes.map({at, interpolate(picture.x, picture.p, at)}).y;
    canvas.fill_rect({px, top, 1.0, frame.bottom() - top}, input_hue, interval % 2 == 0 ? 0.34 : 0.16);
  }
  axes.line(picture.x, picture.p, {.color = input_hue, .width = 2.5});
  axes.decorate();
  return axes;
}

/// The same for y, turned: densities grow to the left, away from the map.
Axes draw_output(Canvas& canvas, const Rect& frame, const ChangeOfVariables& picture, Range y) {
  const Histogram bars = histogram(picture.samples_y, y);
  const Range height{0.0, 1.12 * std::max(highest(picture.q), highest(bars.heights))};
  Axes axes(canvas, frame, height, y, {.y_label = "y", .grid = false, .mirrored = true});
  for (std::size_t i = 0; i < bars.heights.size(); ++i) {
    const double at = y.lo + static_cast<double>(i) * bars.width;
    const Point low = axes.map({bars.heights[i], at}), high = axes.map({0.0, at + bars.width});
    canvas.fill_rect({low.x, high.y + 0.5, high.x - low.x, low.y - high.y - 1.0}, output_hue, 0.3);
  }
  axes.line(picture.q, picture.y, {.color = output_hue, .width = 2.5});
  axes.decorate();
  return axes;
}

/// The ends of the intervals: up from the input's density to the map, and across to the output's.
void draw_guides(Canvas& canvas, const ChangeOfVariables& picture, const Axes& map, const Axes& below,
                 const Axes& beside, const std::vector<double>& cuts) {
  const LineStyle up{.color = input_hue, .width = 1.2, .alpha = 0.75};
  const LineStyle across{.color = output_hue, .width = 1.2, .alpha = 0.75};
  for (const double cut : cuts) {
    const double y = interpolate(picture.x, picture.y_of_x, cut);
    const Point corner = map.map({cut, y});
    const Point from = below.map({cut, interpolate(picture.x, picture.p, cut)});
    const Point to = beside.map({interpolate(picture.y, picture.q, y), y});
    const double top = std::clamp(corner.y, map.frame().y, map.frame().bottom());
    canvas.line(from, {corner.x, top}, up);
    if (corner.y == top) canvas.line(corner, to, across);
  }
}

/// What is what, in the corner that the three frames leave free.
void draw_key(Canvas& canvas, Point corner) {
  double y = corner.y;
  const auto row = [&](const std::string& text) {
    canvas.text({corner.x + 48.0, y}, text, {.size = 0.9 * font_size, .vertical = VerticalAlign::middle});
    y += 1.75 * font_size;
  };
  const auto line = [&](Color color, double width) {
    canvas.line({corner.x, y}, {corner.x + 34.0, y}, {.color = color, .width = width});
  };
  const auto box = [&](Color color, double alpha, double x0, double x1) {
    canvas.fill_rect({corner.x + x0, y - 9.0, x1 - x0, 18.0}, color, alpha);
  };
  line(input_hue, 2.5);
  row("p(x)");
  box(input_hue, 0.34, 0.0, 17.0);
  box(input_hue, 0.16, 17.0, 34.0);
  row("a tenth of it each");
  line(output_hue, 2.5);
  row("q(y) = p(x) / |dy/dx|");
  box(output_hue, 0.3, 0.0, 34.0);
  row("samples of y");
}

}  // namespace

void change_of_variables(const std::string& path, const ChangeOfVariables& picture) {
  check(picture);
  constexpr double labels = 92.0, names = 72.0;  // tick labels and the names of the axes
  const double width = page_margin + labels + density_depth + gap + map_width + page_margin;
  const auto title = detail::wrap_text(picture.title, detail::caption_size, width - 2.0 * page_margin);
  const auto caption = detail::wrap_all(picture.caption, font_size, width - 2.0 * page_margin);
  double top = page_margin;
  if (!title.empty()) top += detail::lines_height(title.size(), detail::caption_size) + 22.0;
  Layout layout;
  layout.beside = {page_margin + labels, std::round(top), density_depth, map_height};
  layout.map = {layout.beside.right() + gap, layout.beside.y, map_width, map_height};
  layout.below = {layout.map.x, layout.map.bottom() + gap, map_width, density_depth};
  const double caption_y = layout.below.bottom() + names + 12.0;
  const double height =
      caption.empty() ? layout.below.bottom() + names : caption_y + detail::lines_height(caption.size(), font_size);

  Canvas canvas(static_cast<int>(width), static_cast<int>(std::ceil(height + page_margin)));
  detail::draw_lines(canvas, {page_margin, page_margin}, title, {.size = detail::caption_size, .bold = true});
  detail::draw_lines(canvas, {page_margin, caption_y}, caption, {.size = font_size, .color = palette::soft_ink});
  if (picture.x.size() < 2 || picture.y.size() < 2) {
    detail::draw_note(canvas, layout.map, "no data: each grid needs two points or more");
    return canvas.write_png(path);
  }
  const Range x{picture.x.front(), picture.x.back()}, y{picture.y.front(), picture.y.back()};
  const std::vector<double> cuts = quantiles(picture.x, picture.p);
  const Axes below = draw_input(canvas, layout.below, picture, x, cuts);
  const Axes beside = draw_output(canvas, layout.beside, picture, y);
  Axes map(canvas, layout.map, x, y, {.x_tick_labels = false, .y_tick_labels = false});
  draw_guides(canvas, picture, map, below, beside, cuts);
  map.line(picture.x, picture.y_of_x, {.color = palette::ink, .width = 3.0}, picture.map_label);
  map.decorate();
  map.legend();
  draw_key(canvas, {layout.beside.x, layout.below.y + 40.0});
  canvas.write_png(path);
}

}  // namespace bijou::plot
