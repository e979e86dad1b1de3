#include "apps/plot/canvas.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "apps/plot/font.hpp"

namespace bijou::plot {

namespace {

constexpr int max_side = 32768;
constexpr std::size_t max_bytes = std::size_t{1} << 30;  // the PNG writer counts bytes in an int

bool finite(Point p) { return std::isfinite(p.x) && std::isfinite(p.y); }

}  // namespace

std::optional<std::pair<Point, Point>> clip_segment(Point a, Point b, const Rect& rect) {
  constexpr double huge = 1e300;  // differences of two smaller numbers cannot overflow
  if (!finite(a) || !finite(b)) return std::nullopt;
  if (std::max({std::abs(a.x), std::abs(a.y), std::abs(b.x), std::abs(b.y)}) > huge) return std::nullopt;
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  double enter = 0.0;
  double leave = 1.0;
  const auto edge = [&](double direction, double distance) {
    if (direction == 0.0) return distance >= 0.0;
    const double t = distance / direction;
    if (direction < 0.0) enter = std::max(enter, t);
    if (direction > 0.0) leave = std::min(leave, t);
    return enter <= leave;
  };
  const bool visible = edge(-dx, a.x - rect.x) && edge(dx, rect.right() - a.x) && edge(-dy, a.y - rect.y) &&
                       edge(dy, rect.bottom() - a.y);
  if (!visible) return std::nullopt;
  // The clamp removes what rounding leaves outside when the end points are very far away.
  const auto at = [&](double t) {
    return Point{std::clamp(a.x + t * dx, rect.x, rect.right()), std::clamp(a.y + t * dy, rect.y, rect.bottom())};
  };
  return std::pair{enter > 0.0 ? at(enter) : a, leave < 1.0 ? at(leave) : b};
}

Canvas::Canvas(int width, int height, Color background) : width_{width}, height_{height} {
  if (width < 1 || height < 1 || width > max_side || height > max_side ||
      std::size_t{3} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height) > max_bytes) {
    throw std::invalid_argument("cannot draw a picture of " + std::to_string(width) + " x " + std::to_string(height) +
                                " pixels");
  }
  const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  rgb_.reserve(3 * pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    rgb_.insert(rgb_.end(), {background.r, background.g, background.b});
  }
  mask_.assign(pixels, 0);
  mask_x0_ = width_;
  mask_y0_ = height_;
  mask_x1_ = mask_y1_ = 0;
  clear_clip();
}

Color Canvas::pixel(int x, int y) const {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) throw std::out_of_range("no such pixel in the picture");
  const std::size_t at = 3 * (static_cast<std::size_t>(y) * width_ + x);
  return {rgb_[at], rgb_[at + 1], rgb_[at + 2]};
}

void Canvas::set_clip(const Rect& rect) {
  const auto pixel_edge = [](double v, int limit) {
    return static_cast<int>(std::lround(std::clamp(v, 0.0, static_cast<double>(limit))));
  };
  clip_x0_ = pixel_edge(rect.x, width_);
  clip_y0_ = pixel_edge(rect.y, height_);
  clip_x1_ = pixel_edge(rect.right(), width_);
  clip_y1_ = pixel_edge(rect.bottom(), height_);
}

void Canvas::clear_clip() { set_clip(bounds()); }

void Canvas::blend(int x, int y, Color color, double alpha) {
  const std::size_t at = 3 * (static_cast<std::size_t>(y) * width_ + x);
  if (alpha == 1) {
    rgb_[at] = color.r, rgb_[at + 1] = color.g, rgb_[at + 2] = color.b;
    return;
  }
  const auto channel = [&](std::size_t offset, std::uint8_t value) {
    const double old = rgb_[at + offset];
    rgb_[at + offset] = static_cast<std::uint8_t>(std::lround(old + alpha * (value - old)));
  };
  channel(0, color.r);
  channel(1, color.g);
  channel(2, color.b);
}

void Canvas::set_pixel(int x, int y, Color color) {
  if (x >= clip_x0_ && x < clip_x1_ && y >= clip_y0_ && y < clip_y1_) blend(x, y, color, 1.0);
}

void Canvas::cover_segment(Point a, Point b, double radius) {
  const double reach = radius + 0.5;
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double length2 = dx * dx + dy * dy;
  // Bounds are compared before the conversion to int, for which a very thick line could be too large.
  const auto first = [](int limit, double v) {
    return static_cast<int>(std::max(static_cast<double>(limit), std::floor(v)));
  };
  const auto last = [](int limit, double v) {
    return static_cast<int>(std::min(static_cast<double>(limit), std::ceil(v)));
  };
  const int y_first = first(clip_y0_, std::min(a.y, b.y) - reach);
  const int y_last = last(clip_y1_ - 1, std::max(a.y, b.y) + reach);
  for (int y = y_first; y <= y_last; ++y) {
    const double cy = y + 0.5;
    // Only the part of the segment whose height is within reach of this row can cover its pixels.
    double t0 = 0.0, t1 = 1.0;
    if (std::abs(dy) > 1e-12) {
      t0 = (cy - reach - a.y) / dy;
      t1 = (cy + reach - a.y) / dy;
      if (t0 > t1) std::swap(t0, t1);
      t0 = std::max(t0, 0.0);
      t1 = std::min(t1, 1.0);
      if (t0 > t1) continue;
    }
    const double xa = a.x + t0 * dx;
    const double xb = a.x + t1 * dx;
    const int x_first = first(clip_x0_, std::min(xa, xb) - reach);
    const int x_last = last(clip_x1_ - 1, std::max(xa, xb) + reach);
    for (int x = x_first; x <= x_last; ++x) {
      const double px = x + 0.5 - a.x;
      const double py = cy - a.y;
      const double t = length2 > 0.0 ? std::clamp((px * dx + py * dy) / length2, 0.0, 1.0) : 0.0;
      const double coverage = std::clamp(reach - std::hypot(px - t * dx, py - t * dy), 0.0, 1.0);
      if (coverage <= 0.0) continue;
      auto& cell = mask_[static_cast<std::size_t>(y) * width_ + x];
      cell = std::max(cell, static_cast<std::uint8_t>(std::lround(255.0 * coverage)));
      mask_x0_ = std::min(mask_x0_, x);
      mask_x1_ = std::max(mask_x1_, x + 1);
      mask_y0_ = std::min(mask_y0_, y);
      mask_y1_ = std::max(mask_y1_, y + 1);
    }
  }
}

void Canvas::cover_dashes(Point a, Point b, double radius, double travelled, double dash, double gap) {
  const double length = std::hypot(b.x - a.x, b.y - a.y);
  const double period = dash + gap;
  const auto at = [&](double s) { return Point{a.x + s / length * (b.x - a.x), a.y + s / length * (b.y - a.y)}; };
  for (double s = -std::fmod(travelled, period); s < length; s += period) {
    const double from = std::max(s, 0.0);
    const double to = std::min(s + dash, length);
    if (to > from) cover_segment(at(from), at(to), radius);
  }
}

void Canvas::cover_polyline(std::span<const Point> points, const LineStyle& style) {
  const double radius = 0.5 * std::max(style.width, 1.0);
  const double margin = radius + 2.0;
  const Rect visible{clip_x0_ - margin, clip_y0_ - margin, clip_x1_ - clip_x0_ + 2 * margin,
                     clip_y1_ - clip_y0_ + 2 * margin};
  const bool dashed = style.dash > 0.0 && style.gap > 0.0;
  double travelled = 0.0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const auto segment = clip_segment(points[i - 1], points[i], visible);
    if (segment && dashed) {
      const auto& [a, b] = *segment;
      const double before = std::hypot(a.x - points[i - 1].x, a.y - points[i - 1].y);
      cover_dashes(a, b, radius, travelled + before, style.dash, style.gap);
    } else if (segment) {
      cover_segment(segment->first, segment->second, radius);
    }
    const double length = std::hypot(points[i].x - points[i - 1].x, points[i].y - points[i - 1].y);
    if (std::isfinite(length)) travelled += length;
  }
}

void Canvas::flush_mask(Color color, double alpha) {
  for (int y = mask_y0_; y < mask_y1_; ++y) {
    for (int x = mask_x0_; x < mask_x1_; ++x) {
      auto& cell = mask_[static_cast<std::size_t>(y) * width_ + x];
      if (cell != 0) blend(x, y, color, alpha * cell / 255.0);
      cell = 0;
    }
  }
  mask_x0_ = width_;
  mask_y0_ = height_;
  mask_x1_ = mask_y1_ = 0;
}

void Canvas::line(Point a, Point b, const LineStyle& style) {
  const Point ends[] = {a, b};
  polyline(ends, style);
}

void Canvas::polyline(std::span<const Point> points, const LineStyle& style) {
  if (!(style.width > 0.0) || !(style.alpha > 0.0)) return;
  cover_polyline(points, style);
  // A line thinner than a pixel is drawn one pixel wide but fainter.
  flush_mask(style.color, std::min(style.alpha, 1.0) * std::min(style.width, 1.0));
}

void Canvas::disc(Point center, double radius, Color color, double alpha) {
  const Rect reach{-radius - 1.0, -radius - 1.0, width_ + 2.0 * radius + 2.0, height_ + 2.0 * radius + 2.0};
  if (!(radius > 0.0) || !clip_segment(center, center, reach)) return;
  // Discs smaller than a pixel fade like thin lines.
  const double drawn = std::max(radius, 0.5);
  cover_segment(center, center, drawn);
  flush_mask(color, std::clamp(alpha, 0.0, 1.0) * (radius * radius) / (drawn * drawn));
}

void Canvas::circle(Point center, double radius, const LineStyle& style) {
  const int pieces = std::clamp(static_cast<int>(4.0 * std::sqrt(std::abs(radius))) * 4, 16, 720);
  std::vector<Point> points;
  for (int i = 0; i <= pieces; ++i) {
    const double angle = 2.0 * std::numbers::pi * i / pieces;
    points.push_back({center.x + radius * std::cos(angle), center.y + radius * std::sin(angle)});
  }
  polyline(points, style);
}

void Canvas::fill_rect(const Rect& rect, Color color, double alpha) {
  if (!std::isfinite(rect.x + rect.y + rect.w + rect.h)) return;
  const double x0 = std::max(rect.x, static_cast<double>(clip_x0_));
  const double x1 = std::min(rect.right(), static_cast<double>(clip_x1_));
  const double y0 = std::max(rect.y, static_cast<double>(clip_y0_));
  const double y1 = std::min(rect.bottom(), static_cast<double>(clip_y1_));
  if (x0 >= x1 || y0 >= y1) return;
  const auto overlap = [](int pixel, double lo, double hi) {
    return std::max(0.0, std::min(hi, pixel + 1.0) - std::max(lo, static_cast<double>(pixel)));
  };
  for (int y = static_cast<int>(y0); y < y1; ++y) {
    for (int x = static_cast<int>(x0); x < x1; ++x) {
      const double coverage = overlap(x, x0, x1) * overlap(y, y0, y1);
      if (coverage > 0.0) blend(x, y, color, std::clamp(alpha, 0.0, 1.0) * coverage);
    }
  }
}

void Canvas::stroke_rect(const Rect& rect, const LineStyle& style) {
  const Point corners[] = {{rect.x, rect.y},
                           {rect.right(), rect.y},
                           {rect.right(), rect.bottom()},
                           {rect.x, rect.bottom()},
                           {rect.x, rect.y}};
  polyline(corners, style);
}

void Canvas::blit(std::span<const std::uint8_t> rgb, int w, int h, int x, int y, int scale) {
  if (w < 0 || h < 0 || scale < 1 || rgb.size() != std::size_t{3} * w * h) {
    throw std::invalid_argument("blit: the number of bytes does not fit the size of the image");
  }
  for (int row = 0; row < h * scale; ++row) {
    for (int column = 0; column < w * scale; ++column) {
      const std::size_t at = 3 * (static_cast<std::size_t>(row / scale) * w + column / scale);
      set_pixel(x + column, y + row, {rgb[at], rgb[at + 1], rgb[at + 2]});
    }
  }
}

void Canvas::text(Point anchor, std::string_view utf8, const TextStyle& style) {
  if (!finite(anchor) || !(style.size > 0.0)) return;
  const TextStrokes layout = stroke_text(utf8);
  const double left = style.align == Align::left    ? 0.0
                      : style.align == Align::right ? -layout.width
                                                    : -0.5 * layout.width;
  const double rise = style.vertical == VerticalAlign::baseline ? 0.0
                      : style.vertical == VerticalAlign::top    ? -0.7
                                                                : -0.35;
  const double weight = style.size * (style.bold ? 0.125 : 0.088);
  // The base line is put on a whole pixel: letters of the same line then look alike, and are crisper.
  const auto place = [&](Point p) {
    const double along = (left + p.x) * style.size;
    const double up = p.y * style.size;
    const double shift = rise * style.size;
    if (style.rotated) return Point{std::round(anchor.x - shift) - up, anchor.y - along};
    return Point{anchor.x + along, std::round(anchor.y - shift) - up};
  };
  for (const auto& stroke : layout.strokes) {
    std::vector<Point> points;
    points.reserve(stroke.size());
    for (const Point& p : stroke) points.push_back(place(p));
    cover_polyline(points, {.color = style.color, .width = weight});
  }
  flush_mask(style.color, std::min(weight, 1.0));
}

}  // namespace bijou::plot
