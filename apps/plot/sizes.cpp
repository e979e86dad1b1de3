// How sizes grow.

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

constexpr double page_width = 1120.0;
constexpr double frame_height = 600.0;

/// Both coordinates as logarithms; x to the base 2, as depths and widths are doubled.
std::vector<Point> points_of(const SizeCurve& curve) {
  if (curve.x.size() != curve.y.size()) {
    throw std::invalid_argument("size_curves: '" + curve.label + "' has " + std::to_string(curve.x.size()) +
                                " numbers x and " + std::to_string(curve.y.size()) + " numbers y");
  }
  std::vector<Point> points;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!(curve.x[i] > 0.0 && curve.y[i] > 0.0) || !std::isfinite(curve.x[i] + curve.y[i])) {
      throw std::invalid_argument("size_curves: point " + std::to_string(i) + " of '" + curve.label +
                                  "' is not positive and finite");
    }
    points.push_back({std::log2(curve.x[i]), std::log10(curve.y[i])});
  }
  return points;
}

/// Does a point of another curve stand where this one's number would?
bool crowded_above(const Axes& axes, const std::vector<std::vector<Point>>& lines, Point point) {
  constexpr double room = 48.0;  // its number, and that of the other point's below it
  for (const auto& line : lines) {
    for (const Point& other : line) {
      const double above = axes.map(point).y - axes.map(other).y;
      if (other.x == point.x && above > 0.0 && above < room) return true;
    }
  }
  return false;
}

/// The numbers of x themselves below the frame, as no even scale has ticks at 8, 16, 32.
void label_x(Canvas& canvas, const Axes& axes, const std::vector<SizeCurve>& curves, const std::string& x_label) {
  std::vector<double> all;
  for (const SizeCurve& curve : curves) all.insert(all.end(), curve.x.begin(), curve.x.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const Rect& frame = axes.frame();
  for (const double x : all) {
    const double at = axes.map({std::log2(x), 0.0}).x;
    canvas.line({at, frame.bottom()}, {at, frame.bottom() + 7.0}, {.color = palette::frame, .width = 1.5});
    canvas.text(
        {at, frame.bottom() + 14.0}, pretty_number(x),
        {.size = font_size, .color = palette::soft_ink, .align = Align::center, .vertical = VerticalAlign::top});
  }
  canvas.text({frame.x + 0.5 * frame.w, frame.bottom() + 50.0}, x_label,
              {.size = font_size, .align = Align::center, .vertical = VerticalAlign::top});
}

}  // namespace

void size_curves(const std::string& path, const std::vector<SizeCurve>& curves, const SizeStyle& style) {
  std::vector<std::vector<Point>> lines;
  std::vector<Point> all;
  double label_width = 0.0;
  for (const SizeCurve& curve : curves) {
    lines.push_back(points_of(curve));
    all.insert(all.end(), lines.back().begin(), lines.back().end());
    label_width = std::max(label_width, text_width(curve.label, font_size));
  }
  auto [x, y] = data_ranges(all, 0.0, 0.08);
  const double room = 0.05 * y.span();  // for the numbers of the topmost and lowest points
  y = {y.lo - room, y.hi + room};

  const AxesStyle look{.y_label = style.y_label, .x_tick_labels = false, .integer_x = true, .log_y = true};
  const Margins space = Axes::margins({0.0, 0.0, 900.0, frame_height}, x, y, look);
  Rect frame{std::ceil(page_margin + space.left), 0.0, 0.0, frame_height};
  frame.w = page_width - page_margin - label_width - 24.0 - frame.x;
  const auto title = detail::wrap_text(style.title, detail::caption_size, page_width - 2.0 * page_margin);
  frame.y = page_margin + (title.empty() ? 0.0 : detail::lines_height(title.size(), detail::caption_size) + 22.0);

  Canvas canvas(static_cast<int>(page_width), static_cast<int>(std::ceil(frame.bottom() + 84.0 + page_margin)));
  Axes axes(canvas, frame, x, y, look);
  for (std::size_t k = 0; k < lines.size(); ++k) {
    axes.line(lines[k], {.color = series_color(k), .width = 3.0});
    axes.scatter(lines[k], series_color(k), 6.0);
  }
  if (all.empty()) detail::draw_note(canvas, frame, "no values");
  axes.decorate();
  for (std::size_t k = 0; k < lines.size(); ++k) {
    for (std::size_t i = 0; i < lines[k].size(); ++i) {
      const Point at = axes.map(lines[k][i]);
      const bool below = crowded_above(axes, lines, lines[k][i]);
      canvas.text({at.x, below ? at.y + 12.0 : at.y - 12.0}, pretty_number(curves[k].y[i], 3),
                  {.size = 0.9 * font_size,
                   .color = series_color(k),
                   .align = Align::center,
                   .vertical = below ? VerticalAlign::top : VerticalAlign::baseline});
    }
    if (lines[k].empty()) continue;
    canvas.text({frame.right() + 14.0, axes.map(lines[k].back()).y}, curves[k].label,
                {.size = font_size, .color = series_color(k), .vertical = VerticalAlign::middle, .bold = true});
  }
  label_x(canvas, axes, curves, style.x_label);
  detail::draw_lines(canvas, {page_margin, page_margin}, title, {.size = detail::caption_size, .bold = true});
  canvas.write_png(path);
}

}  // namespace bijou::plot
