#pragma once

#include <string_view>
#include <vector>

#include "apps/plot/geometry.hpp"

namespace bijou::plot {

/// A line of text as pen strokes, in units of the font size: the baseline is y = 0, y grows upwards, capitals
/// are 0.7 high and small letters 0.5.
struct TextStrokes {
  std::vector<std::vector<Point>> strokes;
  double width = 0.0;  ///< advance of the whole line
};

/// Lays out one line of UTF-8 text in the built-in stroke font: ASCII and the signs that pictures of mathematics
/// need (sums, partial derivatives, arrows, raised and lowered digits, Greek). Anything else becomes a box.
TextStrokes stroke_text(std::string_view utf8);

/// Width in pixels of a line of text of the given font size.
double text_width(std::string_view utf8, double size);

}  // namespace bijou::plot
