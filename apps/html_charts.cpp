#include "apps/html_charts.hpp"

#include "apps/plot/axes.hpp"
#include "autograd/check.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

namespace bijou::inline BIJOU_SCALAR::html {
namespace {

using plot::Range;

constexpr double kWide = 1000, kHigh = 400;  // of the drawing, which is stretched

std::string number(double v) {
  char out[32];
  std::snprintf(out, sizeof out, "%.4g", v);
  return out;
}

struct Frame {
  Range x, y;
  double across(double v) const { return (v - x.lo) / x.span(); }  // 0 .. 1, from the left
  double down(double v) const { return (y.hi - v) / y.span(); }    // 0 .. 1, from the top
};

std::string path(const Frame& frame, const std::vector<double>& x, const std::vector<double>& y) {
  std::string d;
  bool pen = false;  // numbers that are not finite break the line
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    const bool finite = std::isfinite(x[i]) && std::isfinite(y[i]);
    if (finite) {
      const double down = std::clamp(frame.down(y[i]) * kHigh, -10 * kHigh, 10 * kHigh);
      d += (pen ? "L" : "M") + number(frame.across(x[i]) * kWide) + " " + number(down);
    }
    pen = finite;
  }
  return d;
}

using Names = std::vector<std::pair<std::string, std::string>>;  // and the colours

std::string legend(const Names& names) {
  std::string out = "<p class=\"legend\">";
  for (const auto& [name, colour] : names)
    out += "<span class=\"key " + colour + "\">" + element("span", name) + "</span> ";
  return out + "</p>";
}

std::string at(const char* side, double share) { return text(side, ":", number(100 * share), "%"); }

// The frame, its ticks, and what is drawn in it.
std::string chart(const Frame& frame, const std::string& drawing, const std::string& over, const char* kind,
                  const std::string& label, const std::string& x_label, const std::string& y_label, bool whole_x) {
  const bool small = std::string_view(kind) == "small";
  std::string grid, ticks;
  const plot::Ticks below = plot::nice_ticks(frame.x, small ? 3 : 6, whole_x);
  for (const double v : below.values) {
    if (v < frame.x.lo || v > frame.x.hi) continue;
    ticks += text("<span class=\"tick below\" style=\"", at("left", frame.across(v)), "\">", below.label(v), "</span>");
  }
  if (!small) {
    const plot::Ticks beside = plot::nice_ticks(frame.y, 4);
    for (const double v : beside.values) {
      if (v < frame.y.lo || v > frame.y.hi) continue;
      grid += text("M0 ", number(frame.down(v) * kHigh), "H", kWide);
      ticks +=
          text("<span class=\"tick beside\" style=\"", at("top", frame.down(v)), "\">", beside.label(v), "</span>");
    }
  }
  return text(
      "<div class=\"chart ", kind, "\"><svg role=\"img\" aria-label=\"", escaped(label), "\" viewBox=\"0 0 ", kWide,
      " ", kHigh, "\" preserveAspectRatio=\"none\"><path class=\"grid\" d=\"", grid, "\"/>", drawing, "</svg>", ticks,
      over, y_label.empty() ? "" : "<span class=\"name\">" + escaped(y_label) + "</span>",
      x_label.empty() ? "" : "<span class=\"foot\" title=\"" + escaped(x_label) + "\">" + escaped(x_label) + "</span>",
      "</div>\n");
}

// Of all curves; a wild beginning is left out when it would flatten the rest.
Range range_of(const std::vector<Series>& series, bool robust) {
  std::vector<double> all;
  for (const Series& s : series) {
    for (const double v : s.y)
      if (std::isfinite(v)) all.push_back(v);
  }
  if (all.empty()) return {0, 1};
  std::ranges::sort(all);
  double lo = all.front(), hi = all.back();
  const double bulk = all[all.size() * 3 / 4];
  if (robust && hi - lo > 6 * (bulk - lo) && bulk > lo) hi = lo + 6 * (bulk - lo);
  if (!(hi > lo)) hi = lo + std::max(1e-3, std::abs(lo) * 0.01);
  const double pad = 0.06 * (hi - lo);
  return {lo - pad, hi + pad};
}

}  // namespace

std::string curves(const std::vector<Series>& series, const CurveStyle& style) {
  Frame frame{{1, 2}, range_of(series, style.robust)};
  for (const Series& s : series) {
    if (!s.x.empty()) frame.x = {s.x.front(), std::max(s.x.back(), s.x.front() + 1)};
  }
  std::vector<Level> near;
  const double reach = 1.2 * frame.y.span();
  for (const Level& level : style.levels)
    if (level.value > frame.y.lo - reach && level.value < frame.y.hi + reach) near.push_back(level);
  for (const Level& level : near) {
    const double pad = 0.08 * frame.y.span();
    frame.y = {std::min(frame.y.lo, level.value - pad), std::max(frame.y.hi, level.value + pad)};
  }
  std::string drawing, over;
  Names names;
  for (const Series& line : series) names.emplace_back(line.name, line.colour);
  if (style.best && !series.empty() && *style.best < series[0].x.size()) {
    const double x = series[0].x[*style.best], y = series[0].y[*style.best];
    over += text("<span class=\"dot best\" style=\"", at("left", frame.across(x)), ";", at("top", frame.down(y)),
                 "\"></span>");
    names.emplace_back(text("best: ", decimal(y, style.digits), ", epoch ", x), "point");
  }
  std::ranges::sort(near, std::greater<>(), &Level::value);
  for (const Level& level : near) {
    drawing += text("<path class=\"level\" d=\"M0 ", number(frame.down(level.value) * kHigh), "H", kWide, "\"/>");
    names.emplace_back(level.name + " " + decimal(level.value, style.digits), "level");
  }
  for (auto line = series.rbegin(); line != series.rend(); ++line) {  // the first lies on top
    if (line->x.size() == 1)
      over += text("<span class=\"dot ", line->colour, "\" style=\"", at("left", frame.across(line->x[0])), ";",
                   at("top", frame.down(line->y[0])), "\"></span>");
    drawing += text("<path class=\"line ", line->colour, "\" d=\"", path(frame, line->x, line->y), "\"/>");
  }
  return (names.size() > 1 ? legend(names) : "") + chart(frame, drawing, over, "large",
                                                         style.y_label + " by " + style.x_label, style.x_label,
                                                         style.y_label, true);
}

std::string histogram(const std::vector<Sample>& samples, const std::string& x_label, Size size) {
  std::vector<double> all;
  for (const Sample& s : samples) {
    for (const double v : s.values)
      if (std::isfinite(v)) all.push_back(v);
  }
  const bool small = size == Size::small;
  const int bins = small ? 30 : 60;
  const Range range = plot::data_range(all, 0.001, 0.02);
  Frame frame{range, {0, 0}};
  std::vector<Series> steps;
  for (const Sample& s : samples) {
    std::vector<double> counts(static_cast<size_t>(bins), 0);
    for (const double v : s.values) {
      const double place = frame.across(v) * bins;
      if (place >= 0 && place < bins) ++counts[static_cast<size_t>(place)];
    }
    Series step{s.name, s.colour, {range.lo}, {0}};
    for (int k = 0; k < bins; ++k) {
      const double height =
          counts[static_cast<size_t>(k)] * bins / (static_cast<double>(s.values.size()) * range.span());
      for (const int edge : {k, k + 1}) {
        step.x.push_back(range.lo + range.span() * edge / bins);
        step.y.push_back(height);
      }
      frame.y.hi = std::max(frame.y.hi, 1.06 * height);
    }
    step.x.push_back(range.hi);
    step.y.push_back(0);
    steps.push_back(std::move(step));
  }
  if (!(frame.y.hi > 0)) frame.y.hi = 1;
  std::string drawing;
  Names names;
  for (const Series& s : steps) {
    const std::string d = path(frame, s.x, s.y);
    drawing += "<path class=\"area " + s.colour + "\" d=\"" + d + "Z\"/><path class=\"line " + s.colour + "\" d=\"" +
               d + "\"/>";
    names.emplace_back(s.name, s.colour);
  }
  return (small ? "" : legend(names)) +
         chart(frame, drawing, "", small ? "small" : "large flat", "histogram: " + x_label, x_label, "", false);
}

std::string bars(const std::vector<Bar>& all, int digits, const std::string& unit) {
  double lo = 0, hi = 0;
  for (const Bar& bar : all) {
    if (!std::isfinite(bar.value)) continue;
    lo = std::min(lo, bar.value);
    hi = std::max(hi, bar.value);
  }
  if (!(hi > lo)) hi = lo + 1;
  std::string out = "<div class=\"bars\">";
  for (const Bar& bar : all) {
    const double value = std::isfinite(bar.value) ? bar.value : 0;
    const double left = (std::min(0.0, value) - lo) / (hi - lo), width = std::abs(value) / (hi - lo);
    out += text("<div class=\"bar", bar.chosen ? " chosen" : "", "\"><span class=\"of\">", escaped(bar.name),
                "</span><span class=\"track\"><span style=\"", at("margin-left", left), ";", at("width", width),
                "\"></span></span><span class=\"value\">", decimal(bar.value, digits), " ", escaped(unit),
                bar.note.empty() ? "" : " <small>" + escaped(bar.note) + "</small>", "</span></div>\n");
  }
  return out + "</div>\n";
}

}  // namespace bijou::inline BIJOU_SCALAR::html
