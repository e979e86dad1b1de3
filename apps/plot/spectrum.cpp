// Values in falling order: how many directions matter, and how much.

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include "apps/plot/axes.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/pictures.hpp"

namespace bijou::plot {

namespace {

using detail::font_size;
using detail::page_margin;

constexpr double page_width = 1120.0;
constexpr double frame_height = 560.0;

}  // namespace

void spectrum(const std::string& path, const std::vector<double>& values, const SpectrumStyle& style) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    throw std::invalid_argument("spectrum: value " + std::to_string(i) + " (counted from 0) is not finite");
  }
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  AxesStyle look{.x_label = style.x_label, .y_label = style.y_label, .integer_x = true};
  look.log_y = !sorted.empty() && sorted.back() > 0.0 && sorted.front() > 10.0 * sorted.back();
  std::vector<Point> points;
  for (const double v : sorted)
    points.push_back({static_cast<double>(points.size() + 1), look.log_y ? std::log10(v) : v});
  const Range y = data_ranges(points).second;
  const double count = static_cast<double>(std::max<std::size_t>(values.size(), 2));
  const double room = 0.015 * (count - 1.0);
  const Range x{1.0 - room, count + room};

  const Margins space = Axes::margins({0.0, 0.0, 900.0, frame_height}, x, y, look);
  Rect frame{std::ceil(page_margin + space.left), 0.0, 0.0, frame_height};
  frame.w = page_width - page_margin - space.right - frame.x;
  const auto title = detail::wrap_text(style.title, detail::caption_size, frame.w);
  const auto caption = detail::wrap_all(style.caption, font_size, frame.w);
  frame.y = page_margin + (title.empty() ? 0.0 : detail::lines_height(title.size(), detail::caption_size) + 22.0);
  const double caption_y = frame.bottom() + space.bottom + 26.0;
  const double height =
      caption.empty() ? frame.bottom() + space.bottom : caption_y + detail::lines_height(caption.size(), font_size);

  Canvas canvas(static_cast<int>(page_width), static_cast<int>(std::ceil(height + page_margin)));
  Axes axes(canvas, frame, x, y, look);
  axes.line(points, {.color = palette::blue, .width = 2.5});
  constexpr std::size_t few = 100;  // beyond, the dots would merge
  if (points.size() <= few) axes.scatter(points, palette::blue, 4.0);
  if (points.empty()) detail::draw_note(canvas, frame, "no values");
  axes.decorate();
  detail::draw_lines(canvas, {frame.x, page_margin}, title, {.size = detail::caption_size, .bold = true});
  detail::draw_lines(canvas, {frame.x, caption_y}, caption, {.size = font_size, .color = palette::soft_ink});
  canvas.write_png(path);
}

}  // namespace bijou::plot
