// The Jacobian matrix of one layer on a page.

#include <algorithm>
#include <cmath>

#include "apps/plot/axes.hpp"
#include "apps/plot/font.hpp"
#include "apps/plot/jacobians.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/magnitudes.hpp"

namespace bijou::plot {

namespace {

using detail::caption_size;
using detail::font_size;
using detail::lines_height;
using detail::page_margin;

constexpr std::size_t most_numbered = 12;  // rows or columns that have their numbers in the cells
constexpr double panel_side = 640.0;
constexpr double index_font = 0.8 * font_size;
constexpr double tick_length = 5.0, tick_gap = 6.0;

/// Where entry i of n begins in a side of `length` pixels.
double edge_of(std::size_t i, std::size_t n, double length) {
  return std::ceil(length * static_cast<double>(i) / static_cast<double>(n));
}

void draw_separators(Canvas& canvas, const Rect& frame, const Matrix& matrix) {
  const Color pale = mix(palette::grid, palette::frame, 0.35);
  for (std::size_t i = 1; i < matrix.rows; ++i) {
    canvas.fill_rect({frame.x, frame.y + edge_of(i, matrix.rows, frame.h), frame.w, 1.0}, pale);
  }
  for (std::size_t j = 1; j < matrix.columns; ++j) {
    canvas.fill_rect({frame.x + edge_of(j, matrix.columns, frame.w), frame.y, 1.0, frame.h}, pale);
  }
}

/// A number for a narrow cell: no blanks around the sign of multiplication.
std::string cell_number(double value, int digits) {
  std::string text = pretty_number(value, digits);
  std::erase(text, ' ');
  return text;
}

/// The numbers in the cells, in the size and precision at which the longest of them fits; none if they do not fit.
void draw_numbers(Canvas& canvas, const Rect& frame, const Matrix& matrix, const detail::MagnitudeScale& scale) {
  const double cell_w = frame.w / static_cast<double>(matrix.columns);
  const double cell_h = frame.h / static_cast<double>(matrix.rows);
  for (const int digits : {4, 3, 2, 1}) {
    double widest = 0.0;  // in units of the font size
    for (const double v : matrix.values) widest = std::max(widest, text_width(cell_number(v, digits), 1.0));
    const double size = std::min({1.1 * font_size, 0.5 * cell_h, 0.9 * cell_w / widest});
    const double smallest = digits > 2 ? 15.0 : 9.5;  // rather fewer digits than tiny ones
    if (size < smallest) continue;
    for (std::size_t k = 0; k < matrix.values.size(); ++k) {
      const double v = matrix.values[k];
      const Color cell = detail::magnitude_color(v, scale);
      const double light = 0.3 * cell.r + 0.59 * cell.g + 0.11 * cell.b;
      const Color ink = v == 0.0 ? palette::frame : light > 130.0 ? palette::ink : palette::white;
      const std::size_t row = k / matrix.columns, column = k % matrix.columns;
      const Point center{frame.x + (static_cast<double>(column) + 0.5) * cell_w,
                         frame.y + (static_cast<double>(row) + 0.5) * cell_h};
      canvas.text(center, cell_number(v, digits),
                  {.size = size, .color = ink, .align = Align::center, .vertical = VerticalAlign::middle});
    }
    return;
  }
}

/// Indices to label, counted from 1: a few multiples of a step that suits halves and channels, and the two ends.
std::vector<std::size_t> index_ticks(std::size_t n) {
  std::vector<std::size_t> ticks;
  std::size_t step = 1;
  if (n > most_numbered) {
    // A power of two, or three times one, whichever is the first to leave no more than six steps.
    for (std::size_t power = 1; 6 * step < n; power *= 2) step = (n % 3 == 0 && 18 * power >= n) ? 3 * power : power;
    ticks.push_back(1);
  }
  // A multiple too near to the last index would touch its label.
  for (std::size_t i = step; 2 * i + step < 2 * n; i += step) ticks.push_back(i);
  ticks.push_back(n);
  return ticks;
}

/// Ticks and the names of the two axes.
void draw_indices(Canvas& canvas, const Rect& frame, const Matrix& matrix) {
  const LineStyle mark{.color = palette::frame, .width = 1.5};
  const auto place = [](std::size_t i, std::size_t n, double side) {
    return (static_cast<double>(i) - 0.5) / static_cast<double>(n) * side;
  };
  for (const std::size_t j : index_ticks(matrix.columns)) {
    const double x = frame.x + place(j, matrix.columns, frame.w);
    canvas.line({x, frame.bottom() + 1.0}, {x, frame.bottom() + tick_length}, mark);
    canvas.text(
        {x, frame.bottom() + tick_length + tick_gap}, std::to_string(j),
        {.size = index_font, .color = palette::soft_ink, .align = Align::center, .vertical = VerticalAlign::top});
  }
  for (const std::size_t i : index_ticks(matrix.rows)) {
    const double y = frame.y + place(i, matrix.rows, frame.h);
    canvas.line({frame.x - tick_length, y}, {frame.x - 1.0, y}, mark);
    canvas.text(
        {frame.x - tick_length - tick_gap, y}, std::to_string(i),
        {.size = index_font, .color = palette::soft_ink, .align = Align::right, .vertical = VerticalAlign::middle});
  }
  const double widest = text_width(std::to_string(matrix.rows), index_font);
  canvas.text({frame.center_x(), frame.bottom() + tick_length + tick_gap + 1.9 * font_size}, "input j",
              {.size = 0.9 * font_size, .align = Align::center});
  canvas.text({frame.x - tick_length - tick_gap - widest - 0.6 * font_size, frame.center_y()}, "output i",
              {.size = 0.9 * font_size, .align = Align::center, .rotated = true});
}

/// A matrix with everything that belongs to it.
void draw_panel(Canvas& canvas, const Rect& square, const Matrix& matrix, const detail::MagnitudeScale& scale) {
  const Rect frame = detail::frame_in(matrix, square);
  detail::draw_magnitudes(canvas, frame, matrix, scale);
  if (!matrix.values.empty()) {
    if (std::max(matrix.rows, matrix.columns) <= most_numbered) {
      draw_separators(canvas, frame, matrix);
      draw_numbers(canvas, frame, matrix, scale);
    }
    draw_indices(canvas, frame, matrix);
  }
  detail::stroke_outside(canvas, frame);
}

/// Where everything on the page lies, and its words in lines.
struct Layout {
  static constexpr double beside = 80.0;  // the labels of the rows
  static constexpr double below = 66.0;   // the labels of the columns
  static constexpr double gap = 16.0;     // between the panels' labels

  std::vector<std::string> title, natural_note, ordered_note, equation, facts;
  Rect left, right;
  double notes_bottom = 0.0, equation_y = 0.0, facts_y = 0.0;
  double width = 0.0, height = 0.0;

  explicit Layout(const JacobianView& view) {
    left = {page_margin + beside, 0.0, panel_side, panel_side};
    right = left;
    right.x = left.right() + gap + beside;
    width = right.right() + 22.0 + detail::scale_space + page_margin;
    const double inner = width - page_margin - left.x;
    title = detail::wrap_text(view.title, caption_size, inner);
    natural_note = detail::wrap_text(view.natural_note, font_size, panel_side);
    ordered_note = detail::wrap_text(view.ordered_note, font_size, panel_side);
    equation = detail::wrap_text(view.equation, caption_size, inner);
    facts = detail::wrap_all(view.facts, font_size, inner);

    double y = page_margin;
    if (!title.empty()) y += lines_height(title.size(), caption_size) + 22.0;
    const std::size_t notes = std::max(natural_note.size(), ordered_note.size());
    notes_bottom = y + lines_height(notes, font_size);
    left.y = right.y = std::round(notes_bottom + (notes == 0 ? 0.0 : 16.0));
    y = left.bottom() + below;
    equation_y = y + 16.0;
    if (!equation.empty()) y = equation_y + lines_height(equation.size(), caption_size);
    facts_y = y + (equation.empty() ? 16.0 : 22.0);
    if (!facts.empty()) y = facts_y + lines_height(facts.size(), font_size);
    height = y + page_margin;
  }
};

}  // namespace

void jacobian_page(const std::string& path, const JacobianView& view) {
  detail::check_matrix(view.natural, "jacobian_page", "the matrix in the layer's own order");
  detail::check_matrix(view.ordered, "jacobian_page", "the ordered matrix");
  const Layout layout(view);
  detail::Magnitudes magnitudes;
  magnitudes.add(view.natural);
  magnitudes.add(view.ordered);
  const detail::MagnitudeScale scale = magnitudes.scale();
  const Rect &left = layout.left, &right = layout.right;

  Canvas canvas(static_cast<int>(layout.width), static_cast<int>(std::ceil(layout.height)));
  detail::draw_lines(canvas, {left.x, page_margin}, layout.title, {.size = caption_size, .bold = true});
  // The last lines of the two notes stand at the same height, next to their panels.
  const auto draw_note = [&](const Rect& panel, const std::vector<std::string>& lines) {
    detail::draw_lines(canvas, {panel.x, layout.notes_bottom - lines_height(lines.size(), font_size)}, lines,
                       {.size = font_size});
  };
  draw_note(left, layout.natural_note);
  draw_note(right, layout.ordered_note);
  draw_panel(canvas, left, view.natural, scale);
  draw_panel(canvas, right, view.ordered, scale);
  detail::draw_magnitude_scale(canvas, {right.right() + 22.0, right.y, detail::scale_width, panel_side}, scale);
  detail::draw_lines(canvas, {left.x, layout.equation_y}, layout.equation, {.size = caption_size});
  detail::draw_lines(canvas, {left.x, layout.facts_y}, layout.facts, {.size = font_size, .color = palette::soft_ink});
  canvas.write_png(path);
}

}  // namespace bijou::plot
