// Pictures of the plane: data beside samples and density, and the lattice bent by a flow.

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "apps/plot/axes.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/pictures.hpp"

namespace bijou::plot {

namespace {

using detail::font_size;
using detail::page_margin;

/// Small discs for many points, larger and more opaque ones for few.
double radius_for(std::size_t n) { return std::clamp(60.0 / std::sqrt(static_cast<double>(n) + 1.0), 1.6, 4.5); }
double alpha_for(std::size_t n) { return std::clamp(22.0 / std::sqrt(static_cast<double>(n) + 1.0), 0.3, 0.8); }

double title_space(const std::string& title) { return title.empty() ? 0.0 : 2.0 * detail::caption_size; }

void draw_title(Canvas& canvas, double x, const std::string& title) {
  canvas.text({x, page_margin}, title, {.size = detail::caption_size, .vertical = VerticalAlign::top, .bold = true});
}

/// The range of colours for a density: from 0 to the bulk of the high values, so that one sharp peak does not
/// darken everything else.
Range density_limits(const std::vector<double>& density) {
  std::vector<double> positive;
  for (const double v : density) {
    if (std::isfinite(v) && v > 0.0) positive.push_back(v);
  }
  if (positive.empty()) return {0.0, 1.0};
  const double place = 0.998 * static_cast<double>(positive.size() - 1);
  const auto at = positive.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(positive.begin(), at, positive.end());
  return {0.0, *at};
}

/// The arrow between two panels, with its text above.
void draw_arrow(Canvas& canvas, double x0, double x1, double y, const std::string& text) {
  const LineStyle pen{.color = palette::ink, .width = 3.0};
  constexpr double head = 11.0;
  const Point tip[] = {{x1 - head, y - head}, {x1, y}, {x1 - head, y + head}};
  canvas.line({x0, y}, {x1, y}, pen);
  canvas.polyline(tip, pen);
  canvas.text({0.5 * (x0 + x1), y - 18.0}, text, {.size = detail::caption_size, .align = Align::center});
}

// Two muted hues for the lattice, so that the bright colours of the points stand out.
constexpr Color vertical_hue{132, 164, 200};
constexpr Color horizontal_hue{221, 173, 137};

struct LatticeLook {
  double panel = 500.0;   // side of a panel
  double arrow = 190.0;   // between the panels, with the right panel's tick labels
  double row_gap = 84.0;  // tick labels of the row above, title of the row below
};

void draw_panel(Canvas& canvas, const LatticePanel& panel, const Rect& frame, const std::vector<Color>& colors) {
  auto [x, y] = data_ranges(panel.points, 0.002, 0.08);
  if (panel.x.given()) x = panel.x;
  if (panel.y.given()) y = panel.y;
  Axes axes(canvas, frame, x, y, {.title = panel.title, .font = font_size, .grid = false, .equal = true});
  for (const Polyline& line : panel.horizontal) axes.line(line, {.color = horizontal_hue, .width = 1.5});
  for (const Polyline& line : panel.vertical) axes.line(line, {.color = vertical_hue, .width = 1.5});
  // A white rim keeps the points apart from the lines behind them.
  const Color rim[] = {palette::white};
  const double radius = 1.25 * radius_for(panel.points.size());
  axes.scatter(panel.points, rim, radius + 1.0, 0.75);
  axes.scatter(panel.points, colors, radius);
  if (panel.points.empty() && panel.horizontal.empty() && panel.vertical.empty()) {
    detail::draw_note(canvas, frame, "no points");
  }
  axes.decorate();
}

}  // namespace

std::vector<Color> color_by_angle(const std::vector<Point>& points) {
  Point center;
  double count = 0.0;
  for (const Point& p : points) {
    if (!(std::abs(p.x) < 1e100 && std::abs(p.y) < 1e100)) continue;
    count += 1.0;
    center.x += (p.x - center.x) / count;
    center.y += (p.y - center.y) / count;
  }
  std::vector<Color> colors;
  for (const Point& p : points) {
    colors.push_back(cyclic(std::atan2(p.y - center.y, p.x - center.x) / (2.0 * std::numbers::pi)));
  }
  return colors;
}

void triptych(const std::string& path, const std::vector<Point>& data, const std::vector<Point>& samples,
              const std::vector<double>& density, std::size_t nx, std::size_t ny, const TriptychStyle& style) {
  if (density.size() != nx * ny) throw std::invalid_argument("triptych: the grid needs nx * ny values");
  constexpr double side = 460.0;
  constexpr double gap = 36.0;
  AxesStyle look;
  look.title = style.titles[0];
  const Margins space = Axes::margins({0.0, 0.0, side, side}, style.x, style.y, look);
  const double left = page_margin + space.left;
  const double top = page_margin + title_space(style.title) + space.top;
  constexpr double bar_space = 120.0;  // the colour bar and its labels
  const double width = left + 3.0 * side + 2.0 * gap + bar_space + 8.0;
  Canvas canvas(static_cast<int>(width), static_cast<int>(top + side + space.bottom + page_margin));
  const Range limits = density_limits(density);
  const std::array<const std::vector<Point>*, 2> points{&data, &samples};
  for (std::size_t i = 0; i < 3; ++i) {
    look.title = style.titles[i];
    look.y_tick_labels = i == 0;
    const Rect frame{std::round(left + static_cast<double>(i) * (side + gap)), std::round(top), side, side};
    Axes axes(canvas, frame, style.x, style.y, look);
    if (i == 2) {
      axes.heatmap(density, nx, ny, limits);
      color_bar(canvas, {frame.right() + 18.0, frame.y, 20.0, frame.h}, limits, font_size);
    } else {
      axes.scatter(*points[i], series_color(i), radius_for(points[i]->size()), alpha_for(points[i]->size()));
      if (points[i]->empty()) detail::draw_note(canvas, frame, "no points");
    }
    axes.decorate();
  }
  draw_title(canvas, left, style.title);
  canvas.write_png(path);
}

void lattice(const std::string& path, const std::vector<LatticeRow>& rows, const std::string& title) {
  const LatticeLook look;
  const double left = page_margin + 56.0;  // room for the y tick labels
  const double top = page_margin + title_space(title) + 36.0;
  const double count = static_cast<double>(std::max<std::size_t>(rows.size(), 1));
  const double width = left + 2.0 * look.panel + look.arrow + page_margin + 8.0;
  const double height = top + count * (look.panel + look.row_gap) - look.row_gap + 44.0 + page_margin;
  Canvas canvas(static_cast<int>(width), static_cast<int>(height));
  if (rows.empty()) detail::draw_note(canvas, canvas.bounds(), "nothing to show");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const LatticeRow& row = rows[i];
    const std::vector<Color> colors = row.colors.empty() ? color_by_angle(row.from.points) : row.colors;
    const Rect first{left, std::round(top + static_cast<double>(i) * (look.panel + look.row_gap)), look.panel,
                     look.panel};
    Rect second = first;
    second.x = first.right() + look.arrow;
    draw_panel(canvas, row.from, first, colors);
    draw_panel(canvas, row.to, second, colors);
    draw_arrow(canvas, first.right() + 30.0, second.x - 72.0, first.center_y(), row.arrow);
  }
  draw_title(canvas, left, title);
  canvas.write_png(path);
}

}  // namespace bijou::plot
