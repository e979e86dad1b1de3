#pragma once

#include <limits>
#include <string>

#include "apps/plot/canvas.hpp"
#include "apps/plot/jacobians.hpp"

/// What the pictures of Jacobians share: matrices as heat maps of magnitudes, exact zeros white.

namespace bijou::plot::detail {

inline constexpr double scale_width = 20.0;   ///< of the colour bar
inline constexpr double scale_space = 144.0;  ///< the colour bar and its labels

/// Throws std::invalid_argument, naming the function and which matrix it is, if the number of values does not fit or
/// one is not finite.
void check_matrix(const Matrix& matrix, const char* function, const std::string& which);

/// The exponents of ten that viridis spans.
struct MagnitudeScale {
  Range exponents;
  bool cut = false;  ///< there are smaller magnitudes than the scale begins with: they share its darkest colour
};

/// The smallest and the largest magnitude of several matrices, zeros left out.
class Magnitudes {
 public:
  void add(const Matrix& matrix);
  /// At least a decade, so that magnitudes that are all alike lie in its middle, and no more than eight.
  MagnitudeScale scale() const;

 private:
  double lo_ = std::numeric_limits<double>::infinity();
  double hi_ = -std::numeric_limits<double>::infinity();
};

/// White for 0, else viridis.
Color magnitude_color(double value, const MagnitudeScale& scale);

/// The largest frame of the matrix' proportions inside of a square, on whole pixels.
Rect frame_in(const Matrix& matrix, const Rect& square);

/// Fills the frame with the matrix: every entry covers a pixel at least, or the largest of a block does. A note takes
/// the place of a matrix without entries.
void draw_magnitudes(Canvas& canvas, const Rect& frame, const Matrix& matrix, const MagnitudeScale& scale);

/// The frame's line. It lies outside of the frame: the outermost entries may be a single pixel wide.
void stroke_outside(Canvas& canvas, const Rect& frame);

/// The scale of magnitudes, and below it what white means.
void draw_magnitude_scale(Canvas& canvas, Rect rect, const MagnitudeScale& scale);

}  // namespace bijou::plot::detail
