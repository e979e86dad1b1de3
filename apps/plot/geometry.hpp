#pragma once

/// The few plain value types shared by all drawing code.

namespace bijou::plot {

/// A position, either in pixels (y grows downwards) or in data units (y grows upwards).
struct Point {
  double x = 0.0;
  double y = 0.0;
};

/// An axis-parallel rectangle in pixels; (x, y) is its upper left corner.
struct Rect {
  double x = 0.0;
  double y = 0.0;
  double w = 0.0;
  double h = 0.0;

  double right() const { return x + w; }
  double bottom() const { return y + h; }
  double center_x() const { return x + 0.5 * w; }
  double center_y() const { return y + 0.5 * h; }
};

/// An interval of data values. A range with lo == hi means "not given, choose one from the data" wherever
/// a picture takes ranges.
struct Range {
  double lo = 0.0;
  double hi = 0.0;

  double span() const { return hi - lo; }
  bool given() const { return hi > lo; }
};

}  // namespace bijou::plot
