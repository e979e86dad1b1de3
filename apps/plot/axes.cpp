#include "apps/plot/axes.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "apps/plot/font.hpp"

namespace bijou::plot {

namespace {

constexpr double tick_length = 6.0;
constexpr double tick_gap = 8.0;  // between a tick mark and its label
constexpr double title_factor = 1.15;

double tick_font(const AxesStyle& style) { return 0.9 * style.font; }

int target_ticks(double pixels, double each) { return std::clamp(static_cast<int>(pixels / each), 2, 9); }

std::vector<Tick> labelled(const Ticks& ticks) {
  std::vector<Tick> result;
  for (const double v : ticks.values) result.push_back({v, ticks.label(v)});
  return result;
}

std::vector<Tick> x_ticks_for(const Rect& frame, Range x, const AxesStyle& style) {
  return labelled(nice_ticks(x, target_ticks(frame.w, 5.0 * style.font), style.integer_x));
}

std::vector<Tick> y_ticks_for(const Rect& frame, Range y, const AxesStyle& style) {
  // Labels of y need less room, but with equal scales the ticks should be equal too.
  const int target = target_ticks(frame.h, (style.equal ? 5.0 : 4.0) * style.font);
  return style.log_y ? log_ticks(y, target) : labelled(nice_ticks(y, target));
}

double widest_label(const std::vector<Tick>& ticks, double font) {
  double width = 0.0;
  for (const Tick& tick : ticks) width = std::max(width, text_width(tick.label, font));
  return width;
}

/// A range that can be mapped to pixels, whatever was given.
Range usable(Range range) {
  if (std::isfinite(range.span()) && range.given()) return range;
  const double values[] = {range.lo, range.hi};
  return data_range(values);
}

/// Widens the range around its centre.
void widen(Range& range, double factor) {
  const double center = 0.5 * (range.lo + range.hi);
  const double half = 0.5 * factor * range.span();
  range = {center - half, center + half};
}

}  // namespace

Axes::Axes(Canvas& canvas, const Rect& frame, Range x, Range y, AxesStyle style)
    : canvas_{canvas}, frame_{frame}, x_{usable(x)}, y_{usable(y)}, style_{std::move(style)} {
  if (style_.equal) {
    const double ratio = (x_.span() / frame_.w) / (y_.span() / frame_.h);
    if (ratio > 1.0) widen(y_, ratio);
    if (ratio < 1.0) widen(x_, 1.0 / ratio);
  }
  x_ticks_ = x_ticks_for(frame_, x_, style_);
  y_ticks_ = y_ticks_for(frame_, y_, style_);
  canvas_.fill_rect(frame_, palette::white);
  if (!style_.grid) return;
  const LineStyle faint{.color = palette::grid, .width = 1.5};
  for (const Tick& tick : x_ticks_) {
    const double px = map({tick.at, y_.lo}).x;
    canvas_.line({px, frame_.y}, {px, frame_.bottom()}, faint);
  }
  for (const Tick& tick : y_ticks_) {
    const double py = map({x_.lo, tick.at}).y;
    canvas_.line({frame_.x, py}, {frame_.right(), py}, faint);
  }
}

Margins Axes::margins(const Rect& approximate_frame, Range x, Range y, const AxesStyle& style) {
  const double font = tick_font(style);
  const std::vector<Tick> x_ticks = x_ticks_for(approximate_frame, usable(x), style);
  const std::vector<Tick> y_ticks = y_ticks_for(approximate_frame, usable(y), style);
  Margins space{4.0, 4.0, 4.0, 4.0};
  if (style.y_tick_labels) {
    space.left = tick_length + tick_gap + widest_label(y_ticks, font);
    space.top = 0.5 * font;
  }
  if (style.x_tick_labels) {
    space.bottom = tick_length + tick_gap + 0.95 * font;
    // The label of a tick at the very end of the axis sticks out.
    space.right = std::max(space.right, 0.5 * widest_label(x_ticks, font));
  }
  if (!style.y_label.empty()) space.left += 1.5 * style.font;
  if (!style.x_label.empty()) space.bottom += 1.6 * style.font;
  if (!style.title.empty()) space.top = 0.75 * title_factor * style.font + 0.9 * style.font;
  return space;
}

Point Axes::map(Point data) const {
  const double along = (data.x - x_.lo) / x_.span() * frame_.w;
  return {style_.mirrored ? frame_.right() - along : frame_.x + along,
          frame_.bottom() - (data.y - y_.lo) / y_.span() * frame_.h};
}

void Axes::clip() { canvas_.set_clip(frame_); }

void Axes::remember(std::vector<Point>& places, Point pixel) {
  constexpr std::size_t enough = 200000;
  if (places.size() < enough && std::isfinite(pixel.x) && std::isfinite(pixel.y)) places.push_back(pixel);
}

void Axes::line(std::span<const double> xs, std::span<const double> ys, const LineStyle& style,
                const std::string& label) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < std::min(xs.size(), ys.size()); ++i) points.push_back({xs[i], ys[i]});
  line(points, style, label);
}

void Axes::line(std::span<const Point> points, const LineStyle& style, const std::string& label) {
  std::vector<Point> pixels;
  for (const Point& p : points) pixels.push_back(map(p));
  const auto finite = [&](std::size_t i) {
    return i < pixels.size() && std::isfinite(pixels[i].x) && std::isfinite(pixels[i].y);
  };
  std::vector<Point>& places = style.dash > 0 ? dashed_ : occupied_;
  clip();
  canvas_.polyline(pixels, style);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    // A point without neighbours would have no line to be seen by.
    if (finite(i) && !finite(i + 1) && !(i > 0 && finite(i - 1))) {
      canvas_.disc(pixels[i], 2.0 * style.width, style.color, style.alpha);
      remember(places, pixels[i]);
    }
    if (i == 0) continue;
    const auto visible = clip_segment(pixels[i - 1], pixels[i], frame_);
    if (!visible) continue;
    const auto& [a, b] = *visible;
    const int pieces = 1 + static_cast<int>(std::hypot(b.x - a.x, b.y - a.y) / 8.0);
    for (int k = 0; k < pieces; ++k) {
      const double t = static_cast<double>(k) / pieces;
      remember(places, {a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
    }
  }
  canvas_.clear_clip();
  if (!label.empty()) entries_.push_back({label, style, Symbol::line});
}

void Axes::horizontal_line(double y, const LineStyle& style, const std::string& label) {
  const Point ends[] = {{x_.lo, y}, {x_.hi, y}};
  line(ends, style, label);
}

void Axes::scatter(std::span<const Point> points, Color color, double radius, double alpha, const std::string& label) {
  const Color colors[] = {color};
  scatter(points, colors, radius, alpha);
  if (!label.empty()) entries_.push_back({label, {.color = color, .width = radius}, Symbol::dot});
}

void Axes::scatter(std::span<const Point> points, std::span<const Color> colors, double radius, double alpha) {
  if (colors.empty()) return;
  clip();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point pixel = map(points[i]);
    canvas_.disc(pixel, radius, colors[i % colors.size()], alpha);
    remember(occupied_, pixel);
  }
  canvas_.clear_clip();
}

void Axes::marker(Point data, Color color, const std::string& label) {
  const Entry entry{label, {.color = color, .width = 3.0}, Symbol::ring};
  const Point pixel = map(data);
  if (std::isfinite(pixel.x) && std::isfinite(pixel.y)) {
    // Not clipped: the best point is often the last one, right at the edge of the frame.
    symbol(entry, pixel);
    remember(occupied_, pixel);
  }
  if (!label.empty()) entries_.push_back(entry);
}

void Axes::heatmap(std::span<const double> values, std::size_t nx, std::size_t ny, Range limits) {
  if (values.size() != nx * ny) throw std::invalid_argument("heatmap: the grid needs nx * ny values");
  const Range scale = usable(limits);
  const auto value = [&](double column, double row) {
    const double cx = std::clamp(column - 0.5, 0.0, static_cast<double>(nx) - 1.0);
    const double cy = std::clamp(row - 0.5, 0.0, static_cast<double>(ny) - 1.0);
    const auto i = static_cast<std::size_t>(cx), j = static_cast<std::size_t>(cy);
    const std::size_t i1 = std::min(i + 1, nx - 1), j1 = std::min(j + 1, ny - 1);
    const double u = cx - static_cast<double>(i), v = cy - static_cast<double>(j);
    const double smooth = (1 - v) * ((1 - u) * values[j * nx + i] + u * values[j * nx + i1]) +
                          v * ((1 - u) * values[j1 * nx + i] + u * values[j1 * nx + i1]);
    // Beside a value that is not finite, the nearest value counts: only its own cell shall become grey.
    return std::isfinite(smooth) ? smooth : values[(v < 0.5 ? j : j1) * nx + (u < 0.5 ? i : i1)];
  };
  const int x0 = static_cast<int>(std::lround(frame_.x)), x1 = static_cast<int>(std::lround(frame_.right()));
  const int y0 = static_cast<int>(std::lround(frame_.y)), y1 = static_cast<int>(std::lround(frame_.bottom()));
  const double per_x = static_cast<double>(nx) / (x1 - x0), per_y = static_cast<double>(ny) / (y1 - y0);
  // Several samples per pixel where the grid is finer than the picture.
  const int samples = std::clamp(static_cast<int>(std::ceil(std::max(per_x, per_y))), 1, 8);
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) {
      double sum = nx * ny == 0 ? std::nan("") : 0.0;
      for (int k = 0; nx * ny > 0 && k < samples * samples; ++k) {
        const double dx = (k % samples + 0.5) / samples;
        const double dy = (std::floor(static_cast<double>(k) / samples) + 0.5) / samples;
        sum += value((x - x0 + dx) * per_x, (y1 - y - dy) * per_y);
      }
      const double share = (sum / (samples * samples) - scale.lo) / scale.span();
      canvas_.set_pixel(x, y, viridis(std::isfinite(share) ? share : std::nan("")));
    }
  }
}

void Axes::decorate() {
  const double font = tick_font(style_);
  const LineStyle edge{.color = palette::frame, .width = 1.5};
  canvas_.stroke_rect(frame_, edge);
  for (const auto& [at, label] : x_ticks_) {
    const double px = map({at, y_.lo}).x;
    canvas_.line({px, frame_.bottom()}, {px, frame_.bottom() + tick_length}, edge);
    if (!style_.x_tick_labels) continue;
    canvas_.text({px, frame_.bottom() + tick_length + tick_gap}, label,
                 {.size = font, .color = palette::soft_ink, .align = Align::center, .vertical = VerticalAlign::top});
  }
  for (const auto& [at, label] : y_ticks_) {
    const double py = map({x_.lo, at}).y;
    canvas_.line({frame_.x - tick_length, py}, {frame_.x, py}, edge);
    if (!style_.y_tick_labels) continue;
    canvas_.text({frame_.x - tick_length - tick_gap, py}, label,
                 {.size = font, .color = palette::soft_ink, .align = Align::right, .vertical = VerticalAlign::middle});
  }
  const Margins space = margins(frame_, x_, y_, style_);
  if (!style_.x_label.empty()) {
    canvas_.text({frame_.center_x(), frame_.bottom() + space.bottom - 0.25 * style_.font}, style_.x_label,
                 {.size = style_.font, .align = Align::center});
  }
  if (!style_.y_label.empty()) {
    canvas_.text({frame_.x - space.left + 0.75 * style_.font, frame_.center_y()}, style_.y_label,
                 {.size = style_.font, .align = Align::center, .rotated = true});
  }
  if (!style_.title.empty()) {
    canvas_.text({frame_.center_x(), frame_.y - 0.75 * style_.font}, style_.title,
                 {.size = title_factor * style_.font, .align = Align::center, .bold = true});
  }
}

void Axes::symbol(const Entry& entry, Point center) {
  constexpr double half = 19.0;
  switch (entry.symbol) {
    case Symbol::line:
      canvas_.line({center.x - half, center.y}, {center.x + half, center.y}, entry.style);
      break;
    case Symbol::dot:
      canvas_.disc(center, std::max(entry.style.width, 4.0), entry.style.color);
      break;
    case Symbol::ring:
      canvas_.disc(center, 9.0, palette::white);
      canvas_.disc(center, 8.0, palette::ink);
      canvas_.disc(center, 5.0, entry.style.color);
      break;
  }
}

void Axes::legend() {
  if (entries_.empty()) return;
  const double font = style_.font;
  const double row = 1.45 * font;
  const double inner = 0.6 * font;
  const double gap = 14.0;
  const double symbol_width = 46.0;
  double text = 0.0;
  for (const Entry& entry : entries_) text = std::max(text, text_width(entry.label, font));
  const double w = std::ceil(symbol_width + text + 3.0 * inner);
  const double h = std::ceil(row * static_cast<double>(entries_.size()) + 2.0 * inner - 0.45 * font);
  const Rect corners[] = {{frame_.right() - w - gap, frame_.y + gap, w, h},
                          {frame_.x + gap, frame_.y + gap, w, h},
                          {frame_.right() - w - gap, frame_.bottom() - h - gap, w, h},
                          {frame_.x + gap, frame_.bottom() - h - gap, w, h}};
  const auto crowd = [&](const Rect& box) {
    const auto covered = [&](Point p) {
      return p.x > box.x - gap && p.x < box.right() + gap && p.y > box.y - gap && p.y < box.bottom() + gap;
    };
    return std::pair(std::ranges::count_if(occupied_, covered), std::ranges::count_if(dashed_, covered));
  };
  const Rect& box = *std::min_element(std::begin(corners), std::end(corners),
                                      [&](const Rect& a, const Rect& b) { return crowd(a) < crowd(b); });
  canvas_.fill_rect(box, palette::white, 0.94);
  canvas_.stroke_rect(box, {.color = mix(palette::grid, palette::frame, 0.3), .width = 1.5});
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const double y = box.y + inner + (static_cast<double>(i) + 0.36) * row;
    symbol(entries_[i], {box.x + inner + 0.5 * symbol_width - 2.0, y});
    canvas_.text({box.x + 2.0 * inner + symbol_width - 6.0, y}, entries_[i].label,
                 {.size = font, .vertical = VerticalAlign::middle});
  }
}

namespace {

/// The coloured bar and its frame.
void draw_scale(Canvas& canvas, const Rect& rect) {
  const int rows = static_cast<int>(std::lround(rect.h));
  for (int i = 0; i < rows; ++i) {
    canvas.fill_rect({rect.x, rect.bottom() - i - 1.0, rect.w, 1.0}, viridis((i + 0.5) / rows));
  }
  canvas.stroke_rect(rect, {.color = palette::frame, .width = 1.5});
}

/// A tick at a share of the bar's height.
void draw_scale_tick(Canvas& canvas, const Rect& rect, double share, const std::string& label, double font) {
  const double y = rect.bottom() - share * rect.h;
  canvas.line({rect.right(), y}, {rect.right() + tick_length, y}, {.color = palette::frame, .width = 1.5});
  canvas.text({rect.right() + tick_length + tick_gap, y}, label,
              {.size = 0.9 * font, .color = palette::soft_ink, .vertical = VerticalAlign::middle});
}

}  // namespace

void color_bar(Canvas& canvas, const Rect& rect, Range limits, double font, const std::string& label) {
  const Range range = usable(limits);
  draw_scale(canvas, rect);
  const Ticks ticks = nice_ticks(range, target_ticks(rect.h, 4.0 * font));
  for (const double v : ticks.values) {
    draw_scale_tick(canvas, rect, (v - range.lo) / range.span(), ticks.label(v), font);
  }
  if (label.empty()) return;
  canvas.text({rect.center_x(), rect.y - 0.75 * font}, label, {.size = font, .align = Align::center});
}

void log_color_bar(Canvas& canvas, const Rect& rect, Range exponents, double font) {
  const Range range = usable(exponents);
  draw_scale(canvas, rect);
  for (const Tick& tick : log_ticks(range, target_ticks(rect.h, 2.5 * font))) {
    draw_scale_tick(canvas, rect, (tick.at - range.lo) / range.span(), tick.label, font);
  }
}

}  // namespace bijou::plot
