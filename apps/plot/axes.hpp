#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "apps/plot/canvas.hpp"
#include "apps/plot/color.hpp"
#include "apps/plot/geometry.hpp"

namespace bijou::plot {

/// Ticks at multiples of 1, 2 or 5 times a power of ten.
struct Ticks {
  std::vector<double> values;
  double step = 1.0;

  /// The text for a tick: as many decimals as the step needs, "k" and "M" for thousands and millions.
  std::string label(double value) const;
};

/// About `target` nice ticks inside of the range; `integer` forbids steps below 1.
Ticks nice_ticks(Range range, int target, bool integer = false);

/// A place on an axis and its text.
struct Tick {
  double at = 0.0;
  std::string label{};
};

/// About `target` ticks for a range of exponents of ten: powers of ten, every second or third of them over a long
/// range, and 2 and 5 times powers of ten over a short one. A tick lies at log10 of the number it shows.
std::vector<Tick> log_ticks(Range exponents, int target);

/// A number in at most `digits` significant digits with a true minus sign; very small and very large ones are
/// written like 2.5 × 10⁻⁷.
std::string pretty_number(double value, int digits = 4);

/// The range of the finite values from quantile `cut` to quantile 1 - cut, widened by the share `pad` on both
/// sides. Never empty: a single value gets some room, no value at all gives [0, 1].
Range data_range(std::span<const double> values, double cut = 0.0, double pad = 0.05);

/// The ranges of x and y of points, each as by data_range.
std::pair<Range, Range> data_ranges(std::span<const Point> points, double cut = 0.0, double pad = 0.05);

/// How a pair of axes looks.
struct AxesStyle {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
  double font = 20.0;  ///< size of the axis labels; titles are larger, tick labels smaller
  bool grid = true;    ///< faint lines at the ticks
  bool x_tick_labels = true;
  bool y_tick_labels = true;
  bool integer_x = false;  ///< no ticks between whole numbers
  bool log_y = false;      ///< the data's y is log10 of what the ticks shall show
  bool mirrored = false;   ///< x grows to the left
  bool equal = false;      ///< same scale in x and y: the range that is too short is widened
};

/// The space the decoration of axes needs around their frame, in pixels.
struct Margins {
  double left = 0.0;
  double top = 0.0;
  double right = 0.0;
  double bottom = 0.0;
};

/// A frame on a canvas with a data range for each direction. Draw the data first, then call decorate(), then
/// legend(). Data outside of the frame is clipped, values that are not finite are left out.
class Axes {
 public:
  /// Draws the empty frame's background and grid. The frame is the area for the data alone.
  Axes(Canvas& canvas, const Rect& frame, Range x, Range y, AxesStyle style = {});

  /// The space needed around the frame by tick labels, axis labels and the title.
  static Margins margins(const Rect& approximate_frame, Range x, Range y, const AxesStyle& style);

  const Rect& frame() const { return frame_; }
  Range x_range() const { return x_; }
  Range y_range() const { return y_; }
  /// Data units to pixels.
  Point map(Point data) const;

  /// Connected data points; xs and ys beyond the shorter of both are ignored. A single finite point becomes
  /// a dot. A label that is not empty appears in the legend.
  void line(std::span<const double> xs, std::span<const double> ys, const LineStyle& style,
            const std::string& label = {});
  void line(std::span<const Point> points, const LineStyle& style, const std::string& label = {});
  /// A line over the whole width at the height y.
  void horizontal_line(double y, const LineStyle& style, const std::string& label = {});
  /// Discs of a radius in pixels.
  void scatter(std::span<const Point> points, Color color, double radius, double alpha = 1.0,
               const std::string& label = {});
  /// Discs with a colour each (repeated if there are fewer colours than points).
  void scatter(std::span<const Point> points, std::span<const Color> colors, double radius, double alpha = 1.0);
  /// A conspicuous ring, filled with the colour, for one special point.
  void marker(Point data, Color color, const std::string& label = {});
  /// Fills the frame with a grid of values in viridis. The first row of the row-major values lies at the
  /// lower end of y; each value stands for the centre of its cell and is interpolated smoothly. Colours span
  /// the limits; values that are not finite become grey.
  void heatmap(std::span<const double> values, std::size_t nx, std::size_t ny, Range limits);

  /// Draws the frame, ticks, labels and the title.
  void decorate();
  /// Draws the legend, if there is any labelled series, into the corner with the fewest data; dashed lines count less.
  void legend();

 private:
  enum class Symbol { line, dot, ring };
  struct Entry {
    std::string label;
    LineStyle style;
    Symbol symbol;
  };
  void clip();
  static void remember(std::vector<Point>& places, Point pixel);
  void symbol(const Entry& entry, Point center);

  Canvas& canvas_;
  Rect frame_;
  Range x_;
  Range y_;
  AxesStyle style_;
  std::vector<Tick> x_ticks_;
  std::vector<Tick> y_ticks_;
  std::vector<Entry> entries_;
  // For the choice of the legend's corner:
  std::vector<Point> occupied_;  // pixels with data
  std::vector<Point> dashed_;    // and with dashed lines
};

/// A vertical colour scale of viridis with tick labels on its right side.
void color_bar(Canvas& canvas, const Rect& rect, Range limits, double font, const std::string& label = {});
/// The same for a scale of exponents of ten.
void log_color_bar(Canvas& canvas, const Rect& rect, Range exponents, double font);

}  // namespace bijou::plot
