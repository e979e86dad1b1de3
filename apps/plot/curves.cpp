// Training curves.

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "apps/plot/axes.hpp"
#include "apps/plot/font.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/pictures.hpp"

namespace bijou::plot {

namespace {

using detail::font_size;

constexpr double page_width = 1280.0;
constexpr double page_height = 760.0;
constexpr double baseline_label_width = 236.0;  // longer labels are wrapped
constexpr double baseline_label_offset = 26.0;  // from the frame to its labels

bool finite(const Curve& curve, std::size_t i) { return std::isfinite(curve.x[i]) && std::isfinite(curve.y[i]); }

std::size_t length(const Curve& curve) { return std::min(curve.x.size(), curve.y.size()); }

/// The lowest point of all validation curves.
struct Best {
  Point point;
  std::size_t curve = 0;
};

std::optional<Best> best_point(const std::vector<Curve>& curves) {
  std::optional<Best> best;
  for (std::size_t k = 0; k < curves.size(); ++k) {
    const Curve& curve = curves[k];
    if (curve.kind != Curve::Kind::validation) continue;
    for (std::size_t i = 0; i < length(curve); ++i) {
      if (finite(curve, i) && (!best || curve.y[i] < best->point.y)) best = Best{{curve.x[i], curve.y[i]}, k};
    }
  }
  return best;
}

/// Several curves have colours of their own; the usual pair is blue and vermillion, also when one is missing.
Color curve_color(const std::vector<Curve>& curves, std::size_t k) {
  if (curves.size() > 2) return series_color(k);
  return series_color(curves[k].kind == Curve::Kind::training ? 0 : 1);
}

LineStyle curve_style(const std::vector<Curve>& curves, std::size_t k) {
  const Color color = curve_color(curves, k);
  switch (curves[k].kind) {
    case Curve::Kind::training:
      return {.color = color, .width = 2.5};
    case Curve::Kind::validation:
      return {.color = color, .width = 3.0};
    case Curve::Kind::reference:
      return {.color = color, .width = 9.0, .alpha = 0.45};
  }
  return {};
}

struct RobustRange {
  Range range;
  double cut_above = 0.0;  // the largest value that does not fit in; 0 with `cut` false
  bool cut = false;
};

/// A range for the bulk of the curves and for the baselines that would not squeeze them.
RobustRange robust_range(const std::vector<Curve>& curves, const CurveStyle& style, const std::optional<Best>& best) {
  std::vector<double> values;
  for (const Curve& curve : curves) {
    for (std::size_t i = 0; i < length(curve); ++i) {
      if (finite(curve, i)) values.push_back(curve.y[i]);
    }
  }
  std::sort(values.begin(), values.end());
  // What must be seen in any case: the lower part of the points, the best point and the baselines near them.
  std::vector<double> core = values;
  if (values.size() > 1) core.resize(values.size() < 20 ? values.size() * 4 / 5 : values.size() * 9 / 10);
  if (best) core.push_back(best->point.y);
  const Range own = data_range(core, 0.0, 0.0);
  const double far = core.empty() || style.log_y ? std::numeric_limits<double>::infinity() : 3.0 * own.span();
  for (const Baseline& baseline : style.baselines) {
    if (baseline.value >= own.lo - far && baseline.value <= own.hi + far) core.push_back(baseline.value);
  }
  const Range bulk = data_range(core, 0.0, 0.0);
  RobustRange result{data_range(core, 0.0, 0.07), 0.0, false};
  if (values.empty()) return result;
  // A descent of moderate height is shown as a whole, a taller one is cut.
  if (values.back() <= bulk.hi + 3.0 * bulk.span()) {
    core.insert(core.end(), values.begin(), values.end());
    result.range = data_range(core, 0.0, 0.07);
  } else {
    result.range.hi = bulk.hi + 0.3 * bulk.span();
    result.cut_above = values.back();
    result.cut = true;
  }
  return result;
}

/// What stands beside a baseline: its name, and below it its value in bold.
struct BaselineLabel {
  std::vector<std::string> lines;
  std::string value;
  double line_value = 0.0;  // height of the dashed line in data units
  double line_y = 0.0;      // and in pixels
  double y = 0.0;           // middle of the label
  double height = 0.0;
  bool outside = false;  // of the frame
};

/// Moves labels apart that would overlap, keeping their order, inside of the frame where possible.
void spread(std::vector<BaselineLabel>& labels, const Rect& frame) {
  constexpr double gap = 24.0;
  const auto from_above = [](const BaselineLabel& label) { return std::pair(label.line_y, -label.line_value); };
  std::ranges::sort(labels, {}, from_above);
  double free_from = frame.y;
  for (auto& label : labels) {
    label.y = std::max(label.line_y, free_from + 0.5 * label.height);
    free_from = label.y + 0.5 * label.height + gap;
  }
  double free_to = frame.bottom();
  for (auto it = labels.rbegin(); it != labels.rend(); ++it) {
    it->y = std::min(it->y, free_to - 0.5 * it->height);
    free_to = it->y - 0.5 * it->height - gap;
  }
}

std::vector<BaselineLabel> make_labels(const CurveStyle& style, const Range& shown) {
  std::vector<BaselineLabel> labels;
  for (const Baseline& baseline : style.baselines) {
    if (!std::isfinite(baseline.value)) continue;
    BaselineLabel label;
    label.lines = detail::wrap_text(baseline.label, font_size, baseline_label_width);
    label.outside = baseline.value < shown.lo || baseline.value > shown.hi;
    if (label.outside) label.lines.insert(label.lines.begin(), baseline.value > shown.hi ? "far above:" : "far below:");
    label.value = pretty_number(style.log_y ? std::pow(10.0, baseline.value) : baseline.value, 4);
    label.line_value = baseline.value;
    label.height = detail::lines_height(label.lines.size() + 1, font_size);
    labels.push_back(label);
  }
  return labels;
}

/// The space to the right of the frame that the labels need.
double labels_width(const std::vector<BaselineLabel>& labels) {
  double width = 0.0;
  for (const BaselineLabel& label : labels) {
    width = std::max(width, text_width(label.value, font_size));
    for (const std::string& line : label.lines) width = std::max(width, text_width(line, font_size));
  }
  return labels.empty() ? 0.0 : width + baseline_label_offset;
}

void draw_baselines(Canvas& canvas, Axes& axes, std::vector<BaselineLabel> labels) {
  const double right = axes.frame().right();
  for (BaselineLabel& label : labels) {
    axes.horizontal_line(label.line_value, {.color = palette::soft_ink, .width = 2.0, .dash = 10.0, .gap = 8.0});
    label.line_y = std::clamp(axes.map({0.0, label.line_value}).y, axes.frame().y, axes.frame().bottom());
  }
  spread(labels, axes.frame());
  for (const BaselineLabel& label : labels) {
    const LineStyle leader{.color = palette::frame, .width = 1.5};
    if (!label.outside) canvas.line({right + 4.0, label.line_y}, {right + 18.0, label.y}, leader);
    const Point corner{right + baseline_label_offset, label.y - 0.5 * label.height};
    const double below = static_cast<double>(label.lines.size()) * detail::line_height * font_size;
    detail::draw_lines(canvas, corner, label.lines, {.size = font_size, .color = palette::soft_ink});
    canvas.text({corner.x, corner.y + below}, label.value,
                {.size = font_size, .vertical = VerticalAlign::top, .bold = true});
  }
}

}  // namespace

void training_curve(const std::string& path, const std::vector<Curve>& curves, const CurveStyle& style) {
  const std::optional<Best> best = style.mark_best ? best_point(curves) : std::nullopt;
  const RobustRange y = robust_range(curves, style, best);
  std::vector<double> xs;
  for (const Curve& curve : curves) {
    for (std::size_t i = 0; i < length(curve); ++i) {
      if (finite(curve, i)) xs.push_back(curve.x[i]);
    }
  }
  Range x = data_range(xs, 0.0, 0.0);
  if (!xs.empty() && std::all_of(xs.begin(), xs.end(), [&](double v) { return v == xs.front(); })) {
    x = {xs.front() - 1.0, xs.front() + 1.0};  // a single epoch
  } else {
    const double room = 0.015 * x.span();
    x = {x.lo - room, x.hi + room};
  }

  Canvas canvas(static_cast<int>(page_width), static_cast<int>(page_height));
  const AxesStyle look{
      .x_label = style.x_label, .y_label = style.y_label, .integer_x = style.integer_x, .log_y = style.log_y};
  const double title_height = style.title.empty() ? 0.0 : 1.7 * detail::caption_size;
  const double note_height = y.cut ? 1.5 * font_size : 0.0;
  const std::vector<BaselineLabel> labels = make_labels(style, y.range);
  const Margins space = Axes::margins({0.0, 0.0, 1000.0, 600.0}, x, y.range, look);
  Rect frame{detail::page_margin + space.left, detail::page_margin + title_height + note_height, 0.0, 0.0};
  frame.w = page_width - detail::page_margin - std::max(labels_width(labels), space.right) - frame.x;
  frame.h = page_height - detail::page_margin + 6.0 - space.bottom - frame.y;

  Axes axes(canvas, frame, x, y.range, look);
  if (xs.empty()) detail::draw_note(canvas, frame, "no data yet");
  draw_baselines(canvas, axes, labels);
  for (std::size_t k = 0; k < curves.size(); ++k) {
    axes.line(curves[k].x, curves[k].y, curve_style(curves, k), curves[k].label);
  }
  if (best) {
    const auto [x_best, y_best] = best->point;
    const std::string when = style.integer_x ? Ticks{}.label(x_best) : pretty_number(x_best);
    axes.marker(best->point, curve_color(curves, best->curve),
                "best " + pretty_number(y_best) + " (" + style.x_label + " " + when + ")");
  }
  axes.decorate();
  axes.legend();
  canvas.text({frame.x, detail::page_margin}, style.title,
              {.size = detail::caption_size, .vertical = VerticalAlign::top, .bold = true});
  if (y.cut) {
    const std::string note = "cut off above: values up to " + pretty_number(y.cut_above, 3);
    canvas.text({frame.x, frame.y - 12.0}, note, {.size = 0.9 * font_size, .color = palette::soft_ink});
  }
  canvas.write_png(path);
}

}  // namespace bijou::plot
