// Jacobian matrices as heat maps of magnitudes: one layer on a page, and all layers on a sheet.

#include "apps/plot/jacobians.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "apps/plot/axes.hpp"
#include "apps/plot/font.hpp"
#include "apps/plot/layout.hpp"

namespace bijou::plot {

namespace {

using detail::font_size;
using detail::page_margin;

constexpr double most_decades = 8.0;  // smaller magnitudes share the darkest colour: they are still not white
constexpr double bar_width = 20.0;
constexpr double bar_space = 130.0;  // the colour bar, its labels and the gap before it
constexpr std::size_t most_numbered = 12;

void check(const Matrix& matrix, const char* function, const std::string& which) {
  const auto fail = [&](const std::string& what) {
    throw std::invalid_argument(std::string(function) + ": " + which + " " + what);
  };
  const std::string shape = std::to_string(matrix.rows) + " x " + std::to_string(matrix.columns);
  const std::size_t count = matrix.values.size();
  if (count != matrix.rows * matrix.columns) fail("is " + shape + " but has " + std::to_string(count) + " values");
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isfinite(matrix.values[i])) continue;
    fail("has an entry that is not finite in row " + std::to_string(i / matrix.columns) + ", column " +
         std::to_string(i % matrix.columns) + " (counted from 0)");
  }
}

/// The exponents of ten from the smallest to the largest magnitude, zeros left out.
class Magnitudes {
 public:
  void add(const Matrix& matrix) {
    for (const double v : matrix.values) {
      if (v == 0.0) continue;
      const double exponent = std::log10(std::abs(v));
      lo_ = std::min(lo_, exponent);
      hi_ = std::max(hi_, exponent);
    }
  }
  /// The scale of colours. Magnitudes that are all alike lie in its middle.
  Range scale() const {
    if (hi_ < lo_) return {-1.0, 1.0};
    Range range{std::max(lo_, hi_ - most_decades), hi_};
    if (range.span() < 1.0) {
      const double center = 0.5 * (range.lo + range.hi);
      range = {center - 0.5, center + 0.5};
    }
    return range;
  }

 private:
  double lo_ = std::numeric_limits<double>::infinity();
  double hi_ = -std::numeric_limits<double>::infinity();
};

Matrix shrink_to(const Matrix& matrix, std::size_t rows, std::size_t columns) {
  if (matrix.rows <= rows && matrix.columns <= columns) return matrix;
  Matrix small{{}, std::min(matrix.rows, rows), std::min(matrix.columns, columns)};
  small.values.assign(small.rows * small.columns, 0.0);
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    const std::size_t row = i * small.rows / matrix.rows;
    for (std::size_t j = 0; j < matrix.columns; ++j) {
      const double v = matrix.values[i * matrix.columns + j];
      double& kept = small.values[row * small.columns + j * small.columns / matrix.columns];
      if (std::abs(v) > std::abs(kept)) kept = v;
    }
  }
  return small;
}

Color color_of(double value, Range scale) {
  if (value == 0.0) return palette::white;
  return viridis((std::log10(std::abs(value)) - scale.lo) / scale.span());
}

/// The largest frame of the matrix' proportions inside of a square, on whole pixels.
Rect frame_in(const Matrix& matrix, const Rect& square) {
  const double longest = static_cast<double>(std::max<std::size_t>({matrix.rows, matrix.columns, 1}));
  const auto side = [&](std::size_t count, double all) {
    return count == 0 ? all : std::max(1.0, std::round(all * static_cast<double>(count) / longest));
  };
  return {std::round(square.x), std::round(square.y), side(matrix.columns, square.w), side(matrix.rows, square.h)};
}

/// The frame's line lies outside of it: the outermost entries may be a single pixel wide.
void stroke_outside(Canvas& canvas, const Rect& frame) {
  canvas.stroke_rect({frame.x - 1.0, frame.y - 1.0, frame.w + 2.0, frame.h + 2.0},
                     {.color = palette::frame, .width = 1.5});
}

/// Fills the frame with the matrix: every entry covers at least a pixel, or a block of them shares one.
void draw_matrix(Canvas& canvas, const Rect& frame, const Matrix& matrix, Range scale) {
  const auto width = static_cast<std::size_t>(frame.w), height = static_cast<std::size_t>(frame.h);
  const Matrix small = shrink_to(matrix, height, width);
  for (std::size_t y = 0; y < height; ++y) {
    const std::size_t row = y * small.rows / height;
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t column = x * small.columns / width;
      canvas.set_pixel(static_cast<int>(frame.x) + static_cast<int>(x), static_cast<int>(frame.y) + static_cast<int>(y),
                       color_of(small.values[row * small.columns + column], scale));
    }
  }
}

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

/// The numbers in the cells, in the size and precision at which the longest of them fits; none if they do not fit.
void draw_numbers(Canvas& canvas, const Rect& frame, const Matrix& matrix, Range scale) {
  const double cell_w = frame.w / static_cast<double>(matrix.columns);
  const double cell_h = frame.h / static_cast<double>(matrix.rows);
  constexpr double smallest = 9.5;
  for (const int digits : {4, 3, 2, 1}) {
    double widest = 0.0;  // in units of the font size
    for (const double v : matrix.values) widest = std::max(widest, text_width(pretty_number(v, digits), 1.0));
    const double size = std::min({font_size, 0.5 * cell_h, 0.84 * cell_w / widest});
    if (size < (digits > 2 ? 15.0 : smallest)) continue;
    for (std::size_t k = 0; k < matrix.values.size(); ++k) {
      const double v = matrix.values[k];
      const Color cell = color_of(v, scale);
      const double light = 0.3 * cell.r + 0.59 * cell.g + 0.11 * cell.b;
      const Color ink = v == 0.0 ? palette::frame : light > 130.0 ? palette::ink : palette::white;
      const Point center{
          frame.x + (static_cast<double>(k % matrix.columns) + 0.5) * cell_w,
          frame.y + (std::floor(static_cast<double>(k) / static_cast<double>(matrix.columns)) + 0.5) * cell_h};
      canvas.text(center, pretty_number(v, digits),
                  {.size = size, .color = ink, .align = Align::center, .vertical = VerticalAlign::middle});
    }
    return;
  }
}

/// Indices to label, counted from 1: the first, the last, and multiples of a round number between them.
std::vector<std::size_t> index_ticks(std::size_t n) {
  std::vector<std::size_t> ticks{1};
  if (n <= most_numbered) {
    for (std::size_t i = 2; i <= n; ++i) ticks.push_back(i);
    return ticks;
  }
  std::size_t step = 1;
  // A power of two, or three times one: the sizes of images and of halves of channels.
  for (std::size_t power = 1; n / step > 6; power *= 2) {
    step = power;
    if (n / step > 6 && n % 3 == 0) step = 3 * power;
  }
  for (std::size_t i = step; i + step / 2 < n; i += step) {
    if (i > step / 3) ticks.push_back(i);
  }
  ticks.push_back(n);
  return ticks;
}

void draw_indices(Canvas& canvas, const Rect& frame, const Matrix& matrix) {
  const TextStyle text{.size = 0.8 * font_size, .color = palette::soft_ink};
  const LineStyle mark{.color = palette::frame, .width = 1.5};
  constexpr double length = 5.0, gap = 6.0;
  TextStyle below = text, beside = text;
  below.align = Align::center;
  below.vertical = VerticalAlign::top;
  beside.align = Align::right;
  beside.vertical = VerticalAlign::middle;
  const auto place = [](std::size_t i, std::size_t n, double side) {
    return (static_cast<double>(i) - 0.5) / static_cast<double>(n) * side;
  };
  for (const std::size_t j : index_ticks(matrix.columns)) {
    const double x = frame.x + place(j, matrix.columns, frame.w);
    canvas.line({x, frame.bottom()}, {x, frame.bottom() + length}, mark);
    canvas.text({x, frame.bottom() + length + gap}, std::to_string(j), below);
  }
  for (const std::size_t i : index_ticks(matrix.rows)) {
    const double y = frame.y + place(i, matrix.rows, frame.h);
    canvas.line({frame.x - length, y}, {frame.x, y}, mark);
    canvas.text({frame.x - length - gap, y}, std::to_string(i), beside);
  }
  canvas.text({frame.center_x(), frame.bottom() + length + gap + 1.9 * font_size}, "input j",
              {.size = 0.9 * font_size, .align = Align::center});
  canvas.text({frame.x - length - gap - 2.4 * font_size, frame.center_y()}, "output i",
              {.size = 0.9 * font_size, .align = Align::center, .rotated = true});
}

/// A matrix with everything that belongs to it; a note in its place if there is none.
void draw_panel(Canvas& canvas, const Rect& square, const Matrix& matrix, Range scale) {
  const Rect frame = frame_in(matrix, square);
  const bool few = std::max(matrix.rows, matrix.columns) <= most_numbered;
  if (matrix.values.empty()) {
    detail::draw_note(canvas, frame, "no matrix");
  } else {
    draw_matrix(canvas, frame, matrix, scale);
    if (few) draw_separators(canvas, frame, matrix);
    if (few) draw_numbers(canvas, frame, matrix, scale);
    draw_indices(canvas, frame, matrix);
  }
  stroke_outside(canvas, frame);
}

/// The scale of magnitudes, and below it what white means.
void draw_scale(Canvas& canvas, Rect rect, Range scale) {
  constexpr double gap = 16.0;
  rect.h -= bar_width + gap;
  log_color_bar(canvas, rect, scale, font_size);
  const Rect zero{rect.x, rect.bottom() + gap, bar_width, bar_width};
  canvas.stroke_rect(zero, {.color = palette::frame, .width = 1.5});
  canvas.text({zero.right() + 14.0, zero.center_y()}, "exactly 0",
              {.size = 0.9 * font_size, .color = palette::soft_ink, .vertical = VerticalAlign::middle});
}

}  // namespace

Matrix shrink(const Matrix& matrix, std::size_t side) {
  check(matrix, "shrink", "the matrix");
  if (side == 0) throw std::invalid_argument("shrink: a side of 0 leaves nothing of the matrix; use 1 or more");
  return shrink_to(matrix, side, side);
}

void jacobian_page(const std::string& path, const JacobianView& view) {
  check(view.natural, "jacobian_page", "the matrix in the layer's own order");
  check(view.ordered, "jacobian_page", "the ordered matrix");
  constexpr double side = 600.0, beside = 84.0, below = 64.0;
  const double width = 2.0 * page_margin + 2.0 * (beside + side) + 20.0 + bar_space;
  const double inner = width - 2.0 * page_margin;
  const auto title = detail::wrap_text(view.title, detail::caption_size, inner);
  const auto natural_note = detail::wrap_text(view.natural_note, font_size, side);
  const auto ordered_note = detail::wrap_text(view.ordered_note, font_size, side);
  const auto equation = detail::wrap_text(view.equation, detail::caption_size, inner);
  const auto facts = detail::wrap_all(view.facts, font_size, inner);

  const double title_y = page_margin;
  const double notes_y =
      title_y + (title.empty() ? 0.0 : detail::lines_height(title.size(), detail::caption_size) + 22);
  const std::size_t notes = std::max(natural_note.size(), ordered_note.size());
  const double notes_height = detail::lines_height(notes, font_size);
  const double panels_y = std::round(notes_y + notes_height + (notes == 0 ? 0.0 : 16.0));
  const double equation_y = panels_y + side + below + 14.0;
  double facts_y = equation_y;
  if (!equation.empty()) facts_y += detail::lines_height(equation.size(), detail::caption_size) + 18.0;
  double height = facts_y + detail::lines_height(facts.size(), font_size) + page_margin;
  if (facts.empty()) height -= 14.0;

  Canvas canvas(static_cast<int>(width), static_cast<int>(std::ceil(height)));
  Magnitudes magnitudes;
  magnitudes.add(view.natural);
  magnitudes.add(view.ordered);
  const Rect left{page_margin + beside, panels_y, side, side};
  const Rect right{left.right() + 20.0 + beside, panels_y, side, side};
  detail::draw_lines(canvas, {left.x, title_y}, title, {.size = detail::caption_size, .bold = true});
  // The last lines of the two notes stand at the same height, next to their panels.
  const auto draw_note = [&](const Rect& panel, const std::vector<std::string>& lines) {
    const double y = notes_y + notes_height - detail::lines_height(lines.size(), font_size);
    detail::draw_lines(canvas, {panel.x, y}, lines, {.size = font_size});
  };
  draw_note(left, natural_note);
  draw_note(right, ordered_note);
  draw_panel(canvas, left, view.natural, magnitudes.scale());
  draw_panel(canvas, right, view.ordered, magnitudes.scale());
  draw_scale(canvas, {right.right() + 22.0, panels_y, bar_width, side}, magnitudes.scale());
  detail::draw_lines(canvas, {left.x, equation_y}, equation, {.size = detail::caption_size});
  detail::draw_lines(canvas, {left.x, facts_y}, facts, {.size = font_size, .color = palette::soft_ink});
  canvas.write_png(path);
}

void jacobian_sheet(const std::string& path, const std::vector<JacobianView>& layers, const std::string& title) {
  for (const JacobianView& layer : layers)
    check(layer.ordered, "jacobian_sheet", "the ordered matrix of " + layer.title);
  const std::size_t n = layers.size();
  const std::size_t columns = n <= 4 ? std::max<std::size_t>(n, 1) : n <= 12 ? 4 : n <= 30 ? 6 : n <= 60 ? 8 : 10;
  const double side = columns <= 4 ? 300.0 : columns == 6 ? 230.0 : columns == 8 ? 200.0 : 180.0;
  constexpr double gap = 26.0, below = 12.0, row_gap = 30.0;
  const double small = columns <= 4 ? 17.0 : 15.0;
  const double across = static_cast<double>(columns);
  const double inner = across * (side + gap) - gap + 24.0 + bar_space;
  const auto heading = detail::wrap_text(title, detail::caption_size, inner);
  const double top =
      page_margin + (heading.empty() ? 0.0 : detail::lines_height(heading.size(), detail::caption_size) + 24.0);

  // Each row is as high as the longest words below its maps.
  struct Words {
    std::vector<std::string> title, equation;
  };
  std::vector<Words> words;
  std::vector<double> row_y;
  double y = top;
  for (std::size_t i = 0; i < n; i += columns) {
    std::size_t lines = 0;
    for (std::size_t k = i; k < std::min(n, i + columns); ++k) {
      words.push_back(
          {detail::fit_text(layers[k].title, small, side, 2), detail::fit_text(layers[k].equation, small, side, 3)});
      lines = std::max(lines, words.back().title.size() + words.back().equation.size());
    }
    row_y.push_back(std::round(y));
    y = row_y.back() + side + below + detail::lines_height(lines, small) + row_gap;
  }
  if (n == 0) y += 200.0;
  Canvas canvas(static_cast<int>(inner + 2.0 * page_margin), static_cast<int>(std::ceil(y - row_gap + page_margin)));
  detail::draw_lines(canvas, {page_margin, page_margin}, heading, {.size = detail::caption_size, .bold = true});
  if (n == 0) detail::draw_note(canvas, {0.0, top, canvas.bounds().w, 160.0}, "no layers");
  Magnitudes magnitudes;
  for (const JacobianView& layer : layers) magnitudes.add(layer.ordered);
  for (std::size_t i = 0; i < n; ++i) {
    const Rect square{page_margin + static_cast<double>(i % columns) * (side + gap), row_y[i / columns], side, side};
    const Rect frame = frame_in(layers[i].ordered, square);
    if (layers[i].ordered.values.empty()) {
      detail::draw_note(canvas, frame, "no matrix");
    } else {
      draw_matrix(canvas, frame, layers[i].ordered, magnitudes.scale());
    }
    stroke_outside(canvas, frame);
    const Point under{square.x, square.bottom() + below};
    detail::draw_lines(canvas, under, words[i].title, {.size = small});
    const double skip = static_cast<double>(words[i].title.size()) * detail::line_height * small;
    detail::draw_lines(canvas, {under.x, under.y + skip}, words[i].equation,
                       {.size = small, .color = palette::soft_ink});
  }
  if (n > 0) {
    const Rect bar{page_margin + across * (side + gap) - gap + 24.0, top, bar_width, std::max(side, 180.0)};
    draw_scale(canvas, bar, magnitudes.scale());
  }
  canvas.write_png(path);
}

}  // namespace bijou::plot
