#include "autograd/kernels/conv.hpp"

#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/conv_direct.hpp"
#include "autograd/kernels/conv_patches.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/winograd.hpp"

#include <algorithm>
#include <vector>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

enum class Way { patches, direct, taps, winograd };

// Which way a convolution goes: a function of its shape alone. The measurements that it rests on, in GFLOP/s of one
// core (AVX-512, whose sgemm reaches 250), forward; backward is alike:
//
//                                patches   direct     taps  winograd
//   3x3   32 x 16x16   3 -> 64       128      175       27       111     few channels in: Winograd's transform of the
//                      6 -> 64       156      205       49       200       tiles costs as much as the products save
//                     12 -> 64       182      226       83       342
//   3x3   32 x 16x16  64 -> 4         85       45      142        98     few channels out: a vector register of them
//                     64 -> 6         99       67      151       147       would be filled in part
//                     64 -> 8        121       89      165       196
//   3x3    1 x 4x4    64 -> 64       244      125        -        71     few tiles: the kernel's transform dominates
//          4 x 4x4    64 -> 64       183        -        -       213
//   3x3   64 x 2x2    64 -> 64       213      175        -       180     a tile that is mostly outside the image
//         64 x 3x3    64 -> 64       204      198        -       391
//   5x5   32 x 16x16  64 -> 32       142      246      195         -
//          4 x 5x5   256 -> 256      143      177        -         -     narrow images: the rows of a product are
//         64 x 1x1   256 -> 256      157       51        -         -       those of an image
//   1x1   32 x 16x16  32 -> 32       213      199        -         -     `patches` is then a plain product
//                    128 -> 128      219      251        -         -
//
// Hence: pointwise ones by `direct` from 48 channels on; `taps` up to 6 channels out; Winograd from 6 channels in, where
// there are four tiles or more of which at least a third lies inside the image.
Way way_of(const ConvShape& s) {
  if (s.kh == 1 && s.kw == 1) return std::min(s.in, s.out) < 48 ? Way::patches : Way::direct;
  if (s.out <= 6 && s.in > s.out) return Way::taps;
  const int64_t tiles = s.n * ((s.h + 3) / 4) * ((s.w + 3) / 4);
  const bool mostly_inside = 3 * s.pixels() >= tiles * 16;
  if (s.kh == 3 && s.kw == 3 && s.in >= 6 && tiles >= 4 && mostly_inside) return Way::winograd;
  return s.w >= 5 ? Way::direct : Way::patches;
}

Padding same(const ConvShape& s) { return {(s.kh - 1) / 2, (s.kw - 1) / 2}; }

void convolve(const ConvShape& s, Padding pad, const Real* x, const KernelView& w, const Epilogue& epilogue, Real* y) {
  switch (way_of(s)) {
    case Way::patches:
      return patches::forward(s, pad, x, w, epilogue, y);
    case Way::direct:
      return direct::forward(s, pad, x, w, epilogue, y);
    case Way::taps:
      return taps::forward(s, pad, x, w, epilogue, y);
    case Way::winograd:
      return winograd::forward(s, x, w, epilogue, y);
  }
}

}  // namespace

void conv2d(const ConvShape& s, const Real* x, const Real* w, const Epilogue& epilogue, Real* y) {
  if (s.pixels() == 0) return;
  convolve(s, same(s), x, {w, s.kh * s.kw, s.in, s.out, false}, epilogue, y);
}

void conv2d_backward_data(const ConvShape& s, const Real* dy, const Real* w, Real* dx) {
  if (s.pixels() == 0) return;
  const ConvShape back{s.n, s.h, s.w, s.out, s.in, s.kh, s.kw};
  const Padding pad{s.kh - 1 - same(s).top, s.kw - 1 - same(s).left};
  convolve(back, pad, dy, {w, s.kh * s.kw, s.out, s.in, true}, {}, dx);
}

void conv2d_backward_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw) {
  if (s.pixels() == 0) {
    std::fill_n(dw, s.patch() * s.out, Real{0});
    return;
  }
  switch (way_of(s)) {
    case Way::patches:
      return patches::backward_weights(s, same(s), x, dy, dw);
    case Way::direct:
      return direct::backward_weights(s, same(s), x, dy, dw);
    case Way::taps:
      return taps::backward_weights(s, same(s), x, dy, dw);
    case Way::winograd:
      return winograd::backward_weights(s, x, dy, dw);
  }
}

namespace {

// visit(x's index, w's index, y's index) for every product of the definition.
template <class Visit>
void each_product(const ConvShape& s, const Visit& visit) {
  for (int64_t n = 0; n < s.n; ++n)
    for (int64_t i = 0; i < s.h; ++i)
      for (int64_t j = 0; j < s.w; ++j)
        for (int64_t u = 0; u < s.kh; ++u)
          for (int64_t v = 0; v < s.kw; ++v) {
            const int64_t row = i + u - (s.kh - 1) / 2, column = j + v - (s.kw - 1) / 2;
            if (row < 0 || row >= s.h || column < 0 || column >= s.w) continue;
            for (int64_t c = 0; c < s.in; ++c)
              for (int64_t o = 0; o < s.out; ++o)
                visit(((n * s.h + row) * s.w + column) * s.in + c, ((u * s.kw + v) * s.in + c) * s.out + o,
                      ((n * s.h + i) * s.w + j) * s.out + o);
          }
}

}  // namespace

void conv2d_naive(const ConvShape& s, const Real* x, const Real* w, const Epilogue& epilogue, Real* y) {
  std::vector<double> sum(static_cast<size_t>(s.pixels() * s.out));
  for (size_t i = 0; i < sum.size(); ++i) {
    sum[i] =
        (epilogue.bias ? double{epilogue.bias[i % s.out]} : 0.0) + (epilogue.plus ? double{epilogue.plus[i]} : 0.0);
  }
  each_product(s, [&](int64_t ix, int64_t iw, int64_t iy) { sum[iy] += double{x[ix]} * w[iw]; });
  for (size_t i = 0; i < sum.size(); ++i) y[i] = static_cast<Real>(epilogue.relu ? std::max(0.0, sum[i]) : sum[i]);
}

void conv2d_backward_data_naive(const ConvShape& s, const Real* dy, const Real* w, Real* dx) {
  std::vector<double> sum(static_cast<size_t>(s.pixels() * s.in));
  each_product(s, [&](int64_t ix, int64_t iw, int64_t iy) { sum[ix] += double{dy[iy]} * w[iw]; });
  std::copy(sum.begin(), sum.end(), dx);
}

void conv2d_backward_weights_naive(const ConvShape& s, const Real* x, const Real* dy, Real* dw) {
  std::vector<double> sum(static_cast<size_t>(s.patch() * s.out));
  each_product(s, [&](int64_t ix, int64_t iw, int64_t iy) { sum[iw] += double{x[ix]} * dy[iy]; });
  std::copy(sum.begin(), sum.end(), dw);
}

}  // namespace bijou
