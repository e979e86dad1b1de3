// Charts of a page: lines are SVG that is stretched with the window, letters are the page's own, so that they can be
// read on a telephone.
#pragma once
#include "apps/html.hpp"

#include <optional>

namespace bijou::inline BIJOU_SCALAR::html {

// A colour is a class of the stylesheet: "a" (the model, validation), "b" (training), "c" (quiet).
struct Series {
  std::string name, colour;
  std::vector<double> x, y;
};

struct Level {
  std::string name;
  double value;
};

struct CurveStyle {
  std::string x_label, y_label;
  std::vector<Level> levels = {};   // dashed lines across; those far from the curves are left out
  std::optional<size_t> best = {};  // a point of the first series that is marked
  int digits = 3;
  bool robust = true;  // a wild beginning may leave the frame
};
std::string curves(const std::vector<Series>& series, const CurveStyle& style);

// Densities by common bins; the outermost thousandth at either end is beyond the frame.
struct Sample {
  std::string name, colour;
  std::vector<double> values;
};
enum class Size { large, small };
std::string histogram(const std::vector<Sample>& samples, const std::string& x_label, Size size = Size::large);

// A bar for each value, from zero.
struct Bar {
  std::string name, note;  // the note stands behind the value
  double value;
  bool chosen = false;  // drawn in colour
};
std::string bars(const std::vector<Bar>& all, int digits, const std::string& unit);

}  // namespace bijou::inline BIJOU_SCALAR::html
