// Numbers for people: ticks, their labels, and ranges of data.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "apps/plot/axes.hpp"

namespace bijou::plot {

namespace {

std::string fixed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, value);
  return buffer;
}

/// Replaces the hyphen of negative numbers by the minus sign; "-0.0" loses its sign.
std::string with_minus(const std::string& text) {
  if (text.empty() || text.front() != '-') return text;
  const std::string rest = text.substr(1);
  return rest.find_first_not_of("0.") == std::string::npos ? rest : "\u2212" + rest;
}

/// Drops zeros at the end of a decimal fraction.
std::string without_zeros(std::string number) {
  if (number.find('.') == std::string::npos) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number;
}

std::string superscript(int exponent) {
  static constexpr const char* digits[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                           "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  std::string text = exponent < 0 ? "\u207b" : "";
  for (const char c : std::to_string(std::abs(exponent))) text += digits[c - '0'];
  return text;
}

int decimals_for(double step) { return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 12); }

}  // namespace

std::string pretty_number(double value, int digits) {
  if (std::isnan(value)) return "not a number";
  if (std::isinf(value)) return value > 0.0 ? "\u221e" : "\u2212\u221e";
  if (value == 0.0) return "0";
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*e", digits - 1, value);
  const std::string text = buffer;
  const std::size_t e = text.find('e');
  const int exponent = std::atoi(text.c_str() + e + 1);
  if (exponent < -3 || exponent > 5) {
    const std::string mantissa = without_zeros(text.substr(0, e));
    const std::string power = "10" + superscript(exponent);
    if (mantissa == "1") return power;
    return with_minus(mantissa) + "\u00a0\u00d7\u00a0" + power;  // no line ends between them
  }
  return with_minus(without_zeros(fixed(value, std::max(0, digits - 1 - exponent))));
}

std::string Ticks::label(double value) const {
  const double largest = values.empty() ? 0.0 : std::max(std::abs(values.front()), std::abs(values.back()));
  // A number that is 0 up to rounding should read 0.
  if (std::abs(value) < 1e-6 * step) value = 0.0;
  if (largest >= 1e10 || (largest < 1e-4 && largest > 0.0)) return pretty_number(value, 2);
  if (largest >= 1e6 && step >= 1e5) {
    return with_minus(fixed(value / 1e6, decimals_for(step / 1e6))) + (value == 0.0 ? "" : "M");
  }
  if (largest >= 1e4 && step >= 1e3) {
    return with_minus(fixed(value / 1e3, decimals_for(step / 1e3))) + (value == 0.0 ? "" : "k");
  }
  return with_minus(fixed(value, decimals_for(step)));
}

Ticks nice_ticks(Range range, int target, bool integer) {
  Ticks ticks;
  const double span = range.span();
  if (!std::isfinite(span) || !(span > 0.0)) return ticks;
  const double rough = span / std::max(target, 1);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double share = rough / power;
  ticks.step = power * (share < 1.5 ? 1.0 : share < 3.5 ? 2.0 : share < 7.5 ? 5.0 : 10.0);
  if (integer) ticks.step = std::max(ticks.step, 1.0);
  // Counted in steps rather than by adding up, so that rounding errors cannot accumulate.
  const double first = std::ceil(range.lo / ticks.step - 1e-9);
  const double last = std::floor(range.hi / ticks.step + 1e-9);
  for (double i = first; i <= last && ticks.values.size() < 100; i += 1.0) {
    ticks.values.push_back(i * ticks.step);
    if (i + 1.0 == i) break;  // a range too narrow for its offset: no two ticks can be told apart
  }
  return ticks;
}

std::vector<Tick> log_ticks(Range exponents, int target) {
  std::vector<Tick> ticks;
  if (!std::isfinite(exponents.span()) || !exponents.given()) return ticks;
  const double span = exponents.span();
  const auto add = [&](double exponent, const std::string& label) {
    const double slack = 1e-9 * std::max(1.0, span);
    if (exponent < exponents.lo - slack || exponent > exponents.hi + slack) return;
    ticks.push_back({std::clamp(exponent, exponents.lo, exponents.hi), label});
  };
  const auto power = [](double exponent) {
    if (exponent == 0.0) return std::string("1");
    return exponent == 1.0 ? std::string("10") : "10" + superscript(static_cast<int>(exponent));
  };
  const bool short_range = span <= 1.0 || 3.0 * span <= target;
  const double step = std::max(1.0, std::ceil(span / std::max(target, 1) - 1e-9));
  for (double e = std::floor(exponents.lo / step) * step; e <= exponents.hi + 1.0; e += step) {
    if (!short_range) {
      add(e, power(e));
      continue;
    }
    for (const double factor : {1.0, 2.0, 5.0}) {
      add(e + std::log10(factor), pretty_number(factor * std::pow(10.0, e), 1));
    }
  }
  return ticks;
}

Range data_range(std::span<const double> values, double cut, double pad) {
  constexpr double huge = 1e100;  // beyond this a plot has no meaning, and widths would overflow
  std::vector<double> sorted;
  for (const double v : values) {
    if (std::abs(v) < huge) sorted.push_back(v);  // false for NaN as well
  }
  if (sorted.empty()) return {0.0, 1.0};
  std::sort(sorted.begin(), sorted.end());
  const auto skip = static_cast<std::size_t>(std::clamp(cut, 0.0, 0.49) * static_cast<double>(sorted.size()));
  Range range{sorted[skip], sorted[sorted.size() - 1 - skip]};
  double room = pad * range.span();
  // A constant still gets a frame wide enough for ticks that can be told apart.
  const double least = 1e-9 * std::max(std::abs(range.lo), std::abs(range.hi));
  if (range.span() <= least) room = range.lo == 0.0 ? 0.5 : 0.1 * std::abs(range.lo);
  range.lo -= room;
  range.hi += room;
  if (!range.given()) return {range.lo - 0.5, range.hi + 0.5};
  return range;
}

std::pair<Range, Range> data_ranges(std::span<const Point> points, double cut, double pad) {
  std::vector<double> xs, ys;
  for (const Point& p : points) {
    xs.push_back(p.x);
    ys.push_back(p.y);
  }
  return {data_range(xs, cut, pad), data_range(ys, cut, pad)};
}

}  // namespace bijou::plot
