// Squeeze: RealNVP section 3.6 and figure 3. A permutation of the values: space is traded for channels.
//
//   x [H, W, C] -> y [H/2, W/2, 4C]         y[i, j, (dy, dx, c)] = x[2i + dy, 2j + dx, c]
//   dy/dx is a permutation matrix           log|det dy/dx| = 0
//
// The new channel's index is (dy * 2 + dx) * C + c: in channels-last memory a plain exchange of two axes.
// Departure: the released code orders channels as c * 4 + 2 dy + dx, and then once more, so that the half which is
// factored out lies on one diagonal of each 2x2 square of pixels; in the order here it is the lower row of each
// square.
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

class Squeeze : public Flow {
 public:
  explicit Squeeze(const Shape& input) : Flow(input, squeezed(input)) {}
  std::string describe() const override { return text("Squeeze ", input_, " -> ", output_); }

 protected:
  FlowResult transform(const Variable& x) const override { return {squeeze2d(x, 2), constant_log_det(x, 0)}; }
  Tensor invert(const Tensor& y) const override { return math::unsqueeze2d(y, 2); }

 private:
  static Shape squeezed(const Shape& s) {
    require(s.rank() == 3 && s[0] % 2 == 0 && s[1] % 2 == 0, "Squeeze", "height and width of ", s, " must be even");
    return {s[0] / 2, s[1] / 2, 4 * s[2]};
  }
};

}  // namespace bijou
