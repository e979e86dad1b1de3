#include "apps/plot/color.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace bijou::plot {

namespace {

constexpr Color not_a_number{186, 186, 190};

std::uint8_t to_byte(double v) { return static_cast<std::uint8_t>(std::lround(std::clamp(v, 0.0, 1.0) * 255.0)); }

/// Gamma curve of sRGB.
double encode_srgb(double linear) {
  if (linear <= 0.0031308) return 12.92 * linear;
  return 1.055 * std::pow(linear, 1.0 / 2.4) - 0.055;
}

}  // namespace

Color series_color(std::size_t i) { return palette::series[i % palette::series.size()]; }

Color mix(Color a, Color b, double t) {
  const double s = std::clamp(t, 0.0, 1.0);
  const auto channel = [s](std::uint8_t u, std::uint8_t v) {
    return static_cast<std::uint8_t>(std::lround((1.0 - s) * u + s * v));
  };
  return {channel(a.r, b.r), channel(a.g, b.g), channel(a.b, b.b)};
}

Color viridis(double t) {
  // Ten equally spaced colours of the original map. It is smooth enough that linear interpolation between
  // them cannot be told from the full table of 256 entries by eye.
  static constexpr std::array<Color, 10> table{{{0x44, 0x01, 0x54},
                                                {0x48, 0x28, 0x78},
                                                {0x3e, 0x49, 0x89},
                                                {0x31, 0x68, 0x8e},
                                                {0x26, 0x82, 0x8e},
                                                {0x1f, 0x9e, 0x89},
                                                {0x35, 0xb7, 0x79},
                                                {0x6e, 0xce, 0x58},
                                                {0xb5, 0xde, 0x2b},
                                                {0xfd, 0xe7, 0x25}}};
  if (std::isnan(t)) return not_a_number;
  const double pos = std::clamp(t, 0.0, 1.0) * (table.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(pos), table.size() - 2);
  return mix(table[i], table[i + 1], pos - static_cast<double>(i));
}

Color cyclic(double t) {
  if (!std::isfinite(t)) return not_a_number;
  constexpr double lightness = 0.64;
  constexpr double chroma = 0.15;  // vivid; a few hues leave sRGB by a little and are clamped
  const double hue = 2.0 * std::numbers::pi * (t - std::floor(t));
  const double a = chroma * std::cos(hue);
  const double b = chroma * std::sin(hue);
  // OKLab to linear sRGB (B. Ottosson's published matrices).
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  return {to_byte(encode_srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)),
          to_byte(encode_srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)),
          to_byte(encode_srgb(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s))};
}

}  // namespace bijou::plot
