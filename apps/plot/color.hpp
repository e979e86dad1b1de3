#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bijou::plot {

/// An opaque sRGB colour.
struct Color {
  std::uint8_t r = 0;
  std::uint8_t g = 0;
  std::uint8_t b = 0;

  friend bool operator==(const Color&, const Color&) = default;
};

/// The colour-blind safe palette of Okabe and Ito, and the greys used for frames and text.
namespace palette {
inline constexpr Color black{0, 0, 0};
inline constexpr Color white{255, 255, 255};
inline constexpr Color orange{230, 159, 0};
inline constexpr Color sky_blue{86, 180, 233};
inline constexpr Color green{0, 158, 115};
inline constexpr Color yellow{240, 228, 66};
inline constexpr Color blue{0, 114, 178};
inline constexpr Color vermillion{213, 94, 0};
inline constexpr Color purple{204, 121, 167};

inline constexpr Color ink{38, 42, 51};         ///< text
inline constexpr Color soft_ink{98, 104, 117};  ///< tick labels, notes
inline constexpr Color frame{140, 146, 158};    ///< frames of axes, tick marks
inline constexpr Color grid{231, 233, 238};     ///< faint grid lines

/// The order in which series without a colour of their own are coloured (no yellow: invisible on white).
inline constexpr std::array<Color, 6> series{blue, vermillion, green, purple, orange, sky_blue};
}  // namespace palette

/// The i-th colour for a data series; repeats after the palette is exhausted.
Color series_color(std::size_t i);

/// Blend of two colours: t = 0 gives a, t = 1 gives b.
Color mix(Color a, Color b, double t);

/// The perceptually uniform map "viridis", dark violet at 0 to yellow at 1; t is clamped, NaN gives grey.
Color viridis(double t);

/// A cyclic map of even lightness (hue circle in OKLCh): t and t + 1 have the same colour, NaN gives grey.
Color cyclic(double t);

}  // namespace bijou::plot
