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

void draw_panel(Canvas& canvas, const LatticePanel& panel, const Rect& frame, const std::vector<Color>& colors,
                const AxesStyle& style) {
  auto [x, y] = data_ranges(panel.points, 0.002, 0.08);
  if (panel.x.given()) x = panel.x;
  if (panel.y.given()) y = panel.y;
  Axes axes(canvas, frame, x, y, style);
  for (const Polyline& line : panel.horizontal) axes.line(line, {.color = horizontal_hue, .width = 1.5});
  for (const Polyline& line : panel.vertical) axes.line(line, {.color = vertical_hue, .width = 1.5});
  // A white rim keeps the points apart from the lines behind them.
  const Color rim[] = {palette::white};
  const double radius = 1.25 * radius_for(panel.points.size()) * std::min(1.0, frame.w / LatticeLook{}.panel);
  axes.scatter(panel.points, rim, radius + 1.0, 0.75);
  axes.scatter(panel.points, colors, radius);
  if (panel.points.empty() && panel.horizontal.empty() && panel.vertical.empty()) {
    detail::draw_note(canvas, frame, "no points");
  }
  axes.decorate();
}

AxesStyle lattice_axes(const std::string& title) {
  return {.title = title, .font = font_size, .grid = false, .equal = true};
}

/// The measures of a film strip: the fewer frames stand side by side, the larger they are.
struct FilmLook {
  std::size_t columns = 1, rows = 1;
  double panel = 300.0;
  double labels = 48.0;  // tick labels to the left of each frame
  double arrow = 58.0;   // between a frame and the labels of the next
  double font = 18.0;
  double title_lines = 0.0;  // height of the frames' titles, with the space below them
  double row_gap = 56.0;     // tick labels below the row above, and some air

  explicit FilmLook(const std::vector<LatticePanel>& frames) {
    constexpr std::size_t most = 5;
    const std::size_t n = std::max<std::size_t>(frames.size(), 1);
    rows = (n + most - 1) / most;
    columns = (n + rows - 1) / rows;
    if (columns < 4) panel = 400.0;
    std::size_t lines = 0;
    for (const LatticePanel& frame : frames) lines = std::max(lines, title(frame).size());
    if (lines > 0) title_lines = detail::lines_height(lines, title_font()) + 12.0;
  }
  double title_font() const { return 1.1 * font; }
  std::vector<std::string> title(const LatticePanel& frame) const {
    return detail::fit_text(frame.title, title_font(), panel + 0.5 * labels, 2);
  }
  double step_x() const { return panel + arrow + labels; }
  double step_y() const { return title_lines + panel + row_gap; }
};

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
    draw_panel(canvas, row.from, first, colors, lattice_axes(row.from.title));
    draw_panel(canvas, row.to, second, colors, lattice_axes(row.to.title));
    draw_arrow(canvas, first.right() + 30.0, second.x - 72.0, first.center_y(), row.arrow);
  }
  draw_title(canvas, left, title);
  canvas.write_png(path);
}

void film_strip(const std::string& path, const std::vector<LatticePanel>& frames, const std::vector<Color>& colors,
                const std::string& title) {
  const FilmLook look(frames);
  const auto columns = static_cast<double>(look.columns), rows = static_cast<double>(look.rows);
  const double left = page_margin + look.labels;
  // A row that goes on in the next one ends with an arrow, too.
  const double width = left + columns * look.step_x() - (look.rows > 1 ? 0.0 : look.arrow) - look.labels + page_margin;
  const auto heading = detail::wrap_text(title, detail::caption_size, width - 2.0 * page_margin);
  double top = page_margin + look.title_lines;
  if (!heading.empty()) top += detail::lines_height(heading.size(), detail::caption_size) + 28.0;
  const double height = top + rows * look.step_y() - look.title_lines - 16.0 + page_margin;
  Canvas canvas(static_cast<int>(width), static_cast<int>(height));
  detail::draw_lines(canvas, {left, page_margin}, heading, {.size = detail::caption_size, .bold = true});
  if (frames.empty()) detail::draw_note(canvas, canvas.bounds(), "nothing to show");
  const std::vector<Color> own = colors.empty() && !frames.empty() ? color_by_angle(frames[0].points) : colors;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Rect frame{std::round(left + static_cast<double>(i % look.columns) * look.step_x()),
                     std::round(top + std::floor(static_cast<double>(i) / columns) * look.step_y()), look.panel,
                     look.panel};
    draw_panel(canvas, frames[i], frame, own, {.font = look.font, .grid = false, .equal = true});
    const auto words = look.title(frames[i]);
    const double words_y = frame.y - 12.0 - detail::lines_height(words.size(), look.title_font());
    detail::draw_lines(canvas, {frame.center_x(), words_y}, words,
                       {.size = look.title_font(), .align = Align::center, .bold = true});
    if (i + 1 == frames.size()) continue;
    draw_arrow(canvas, frame.right() + 12.0, frame.right() + look.arrow - 4.0, frame.center_y(), "");
  }
  canvas.write_png(path);
}

}  // namespace bijou::plot
