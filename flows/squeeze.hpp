// Squeeze: RealNVP section 3.6 and figure 3. A permutation of the values: space is traded for channels.
//
//   x [H, W, C] -> y [H/2, W/2, 4C]         y[i, j, (dy, dx, c)] = x[2i + dy, 2j + dx, c]
//   dy/dx is a permutation matrix           log|det dy/dx| = 0
//
// In which order the four pixels of a 2x2 square and the C channels become the 4C new channels, codes differ:
//
//   SqueezeOrder::pixels     (dy * 2 + dx) * C + c: a plain exchange of two axes, and the default here. The first half
//                            of the channels is the upper row of each square.
//   SqueezeOrder::channels   c * 4 + dy * 2 + dx: the released RealNVP and Glow codes, and the oracles'. At C = 1 it is
//                            the same; for colours the first half of the channels is the first colours.
//   SqueezeOrder::diagonal   k * C + c, with k = 0, 1, 2, 3 the top left, bottom right, top right and bottom left
//                            pixel: what the released RealNVP code squeezes to before it factors out half of the
//                            channels, so that each half is one diagonal of the squares.
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

enum class SqueezeOrder { pixels, channels, diagonal };

class Squeeze : public Flow {
 public:
  explicit Squeeze(const Shape& input, SqueezeOrder order = SqueezeOrder::pixels);
  std::string describe() const override { return text("Squeeze ", input_, " -> ", output_); }
  std::string equation() const override { return "y_ij,(dy,dx,c) = x_2i+dy,2j+dx,c    RealNVP section 3.6"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  std::vector<int64_t> order_;  // new channel -> its place in (dy, dx, c)
};

// The other way round, channels to space: [H, W, 4C] -> [2H, 2W, C].
class Unsqueeze : public Flow {
 public:
  explicit Unsqueeze(const Shape& input, SqueezeOrder order = SqueezeOrder::pixels);
  std::string describe() const override { return text("Unsqueeze ", input_, " -> ", output_); }
  std::string equation() const override { return "the inverse of a squeeze    RealNVP section 3.6"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;

 private:
  Squeeze squeeze_;
  std::vector<int64_t> order_;
};

// An image as a vector: [H, W, C] -> [H W C]. The identity, log|det dy/dx| = 0.
class Flatten : public Flow {
 public:
  explicit Flatten(const Shape& input) : Flow(input, {input.numel()}) {}
  std::string describe() const override { return text("Flatten ", input_, " -> ", output_); }
  std::string equation() const override { return "y = x, as a vector"; }

 protected:
  FlowResult transform(const Variable& x) const override {
    return {reshape(x, {x.shape()[0], Tensor::kInfer}), constant_log_det(x, 0)};
  }
  Tensor invert(const Tensor& y) const override;
};

}  // namespace bijou
