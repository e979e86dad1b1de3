#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/plot/color.hpp"
#include "apps/plot/geometry.hpp"

namespace bijou::plot {

/// How a line is drawn. A dash length of 0 means a solid line.
struct LineStyle {
  Color color = palette::ink;
  double width = 2.0;
  double alpha = 1.0;
  double dash = 0.0;
  double gap = 0.0;
};

enum class Align { left, center, right };
enum class VerticalAlign { top, middle, baseline };

/// How a text is drawn. The size is the em size in pixels: capitals are 0.7 of it high.
struct TextStyle {
  double size = 20.0;
  Color color = palette::ink;
  Align align = Align::left;
  VerticalAlign vertical = VerticalAlign::baseline;
  bool bold = false;
  bool rotated = false;  ///< turned by 90 degrees counter-clockwise, read from the bottom to the top
};

/// The part of the segment from a to b that lies inside the rectangle (Liang and Barsky); nothing if there is
/// none, or if a coordinate is not finite. Coordinates may be huge.
std::optional<std::pair<Point, Point>> clip_segment(Point a, Point b, const Rect& rect);

/// A picture of 8-bit sRGB pixels with anti-aliased drawing. Pixel (0, 0) covers the square from (0, 0) to
/// (1, 1), y grows downwards. Whatever lies outside of the clip rectangle or is not finite is left out.
class Canvas {
 public:
  /// Throws std::invalid_argument for sizes below 1 or too large to be stored as a PNG.
  Canvas(int width, int height, Color background = palette::white);

  int width() const { return width_; }
  int height() const { return height_; }
  Rect bounds() const { return {0.0, 0.0, static_cast<double>(width_), static_cast<double>(height_)}; }
  /// The colour of a pixel; throws std::out_of_range outside of the picture.
  Color pixel(int x, int y) const;
  /// Row-major RGB bytes.
  std::span<const std::uint8_t> bytes() const { return rgb_; }

  /// Restricts all drawing to the whole pixels of a rectangle.
  void set_clip(const Rect& rect);
  void clear_clip();

  /// A straight line with round ends.
  void line(Point a, Point b, const LineStyle& style);
  /// Connected lines, blended as one shape (no darker spots where the pieces meet); points that are not
  /// finite break the line in two.
  void polyline(std::span<const Point> points, const LineStyle& style);
  /// A filled disc.
  void disc(Point center, double radius, Color color, double alpha = 1.0);
  /// A circle line.
  void circle(Point center, double radius, const LineStyle& style);
  /// A filled rectangle; edges between pixels are anti-aliased.
  void fill_rect(const Rect& rect, Color color, double alpha = 1.0);
  /// The outline of a rectangle.
  void stroke_rect(const Rect& rect, const LineStyle& style);
  /// Copies row-major RGB bytes, each pixel enlarged to a square of `scale` pixels.
  void blit(std::span<const std::uint8_t> rgb, int w, int h, int x, int y, int scale = 1);
  /// Sets one pixel (no blending), if it is inside of the clip rectangle.
  void set_pixel(int x, int y, Color color);
  /// One line of UTF-8 text with its anchor at the given place.
  void text(Point anchor, std::string_view utf8, const TextStyle& style);

  /// Writes the picture as PNG: first to a temporary file in the same folder, which then takes the place of
  /// `path`, so that no half-written picture is ever seen there. Throws std::runtime_error with the path and
  /// the reason if that cannot be done.
  void write_png(const std::string& path) const;
  /// The bytes of that file. Throws std::runtime_error if they cannot be made.
  std::vector<std::uint8_t> png() const;

 private:
  /// Marks the coverage of a thick segment with round ends in the mask (maximum with what is there).
  void cover_segment(Point a, Point b, double radius);
  /// Splits a visible segment into dashes; `travelled` is the length of line before a.
  void cover_dashes(Point a, Point b, double radius, double travelled, double dash, double gap);
  void cover_polyline(std::span<const Point> points, const LineStyle& style);
  /// Blends the colour through the mask and clears the mask.
  void flush_mask(Color color, double alpha);
  void blend(int x, int y, Color color, double alpha);

  int width_;
  int height_;
  std::vector<std::uint8_t> rgb_;
  std::vector<std::uint8_t> mask_;
  // The pixels drawing may touch: [x0, x1) x [y0, y1).
  int clip_x0_, clip_y0_, clip_x1_, clip_y1_;
  // The same for the pixels of the mask that are in use.
  int mask_x0_, mask_y0_, mask_x1_, mask_y1_;
};

}  // namespace bijou::plot
