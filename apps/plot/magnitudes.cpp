// Matrices as heat maps of magnitudes.

#include "apps/plot/magnitudes.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "apps/plot/axes.hpp"
#include "apps/plot/layout.hpp"

namespace bijou::plot {

namespace {

constexpr double most_decades = 8.0;

/// At most so many rows and columns, each entry the largest of its block.
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

}  // namespace

Matrix shrink(const Matrix& matrix, std::size_t side) {
  detail::check_matrix(matrix, "shrink", "the matrix");
  if (side == 0) throw std::invalid_argument("shrink: a side of 0 leaves nothing of the matrix; use 1 or more");
  return shrink_to(matrix, side, side);
}

namespace detail {

void check_matrix(const Matrix& matrix, const char* function, const std::string& which) {
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

void Magnitudes::add(const Matrix& matrix) {
  for (const double v : matrix.values) {
    if (v == 0.0) continue;
    const double exponent = std::log10(std::abs(v));
    lo_ = std::min(lo_, exponent);
    hi_ = std::max(hi_, exponent);
  }
}

MagnitudeScale Magnitudes::scale() const {
  if (hi_ < lo_) return {{-1.0, 1.0}, false};
  if (hi_ - lo_ > most_decades) return {{std::ceil(hi_ - most_decades), hi_}, true};
  if (hi_ - lo_ >= 1.0) return {{lo_, hi_}, false};
  const double center = 0.5 * (lo_ + hi_);
  return {{center - 0.5, center + 0.5}, false};
}

Color magnitude_color(double value, const MagnitudeScale& scale) {
  if (value == 0.0) return palette::white;
  return viridis((std::log10(std::abs(value)) - scale.exponents.lo) / scale.exponents.span());
}

Rect frame_in(const Matrix& matrix, const Rect& square) {
  const double longest = static_cast<double>(std::max<std::size_t>({matrix.rows, matrix.columns, 1}));
  const auto side = [&](std::size_t count, double all) {
    return count == 0 ? all : std::max(1.0, std::round(all * static_cast<double>(count) / longest));
  };
  return {std::round(square.x), std::round(square.y), side(matrix.columns, square.w), side(matrix.rows, square.h)};
}

void draw_magnitudes(Canvas& canvas, const Rect& frame, const Matrix& matrix, const MagnitudeScale& scale) {
  if (matrix.values.empty()) return draw_note(canvas, frame, "no matrix");
  const auto width = static_cast<std::size_t>(frame.w), height = static_cast<std::size_t>(frame.h);
  const Matrix small = shrink_to(matrix, height, width);
  for (std::size_t y = 0; y < height; ++y) {
    const std::size_t row = y * small.rows / height;
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t column = x * small.columns / width;
      canvas.set_pixel(static_cast<int>(frame.x) + static_cast<int>(x), static_cast<int>(frame.y) + static_cast<int>(y),
                       magnitude_color(small.values[row * small.columns + column], scale));
    }
  }
}

void stroke_outside(Canvas& canvas, const Rect& frame) {
  canvas.stroke_rect({frame.x - 1.0, frame.y - 1.0, frame.w + 2.0, frame.h + 2.0},
                     {.color = palette::frame, .width = 1.5});
}

void draw_magnitude_scale(Canvas& canvas, Rect rect, const MagnitudeScale& scale) {
  constexpr double gap = 14.0;
  const auto patch = [&](double bottom, Color color, const std::string& meaning) {
    const Rect square{rect.x, bottom - scale_width, scale_width, scale_width};
    canvas.fill_rect(square, color);
    canvas.stroke_rect(square, {.color = palette::frame, .width = 1.5});
    canvas.text({square.right() + 14.0, square.center_y()}, meaning,
                {.size = 0.9 * font_size, .color = palette::soft_ink, .vertical = VerticalAlign::middle});
  };
  patch(rect.bottom(), palette::white, "exactly 0");
  rect.h -= scale_width + gap;
  if (scale.cut) {
    patch(rect.bottom(), viridis(0.0), "below " + pretty_number(std::pow(10.0, scale.exponents.lo)));
    rect.h -= scale_width + gap;
  }
  log_color_bar(canvas, rect, scale.exponents, font_size);
}

}  // namespace detail

}  // namespace bijou::plot
