#include "autograd/kernels/conv.hpp"

#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/conv_direct.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/winograd.hpp"

#include <cstring>
#include <memory>
#include <vector>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

// The patches of pixels [begin, end) as rows of kh * kw * in values. Where a patch's row lies inside the image its
// kw * in values are contiguous in channels-last memory: one copy.
void write_patches(const ConvShape& s, Padding pad, const Real* x, int64_t begin, int64_t end, Real* patches) {
  const int64_t run = s.kw * s.in;
  for (int64_t p = begin; p < end; ++p) {
    const int64_t j = p % s.w, i = p / s.w % s.h, n = p / (s.w * s.h);
    const int64_t left = j - pad.left;
    const int64_t skip = std::max<int64_t>(0, -left), stop = std::min(s.kw, s.w - left);  // columns in the image
    for (int64_t u = 0; u < s.kh; ++u, patches += run) {
      const int64_t row = i + u - pad.top;
      if (row < 0 || row >= s.h || stop <= skip) {
        std::memset(patches, 0, static_cast<size_t>(run) * sizeof(Real));
        continue;
      }
      const Real* from = x + ((n * s.h + row) * s.w + left + skip) * s.in;
      std::fill(patches, patches + skip * s.in, Real{0});
      std::memcpy(patches + skip * s.in, from, static_cast<size_t>((stop - skip) * s.in) * sizeof(Real));
      std::fill(patches + stop * s.in, patches + run, Real{0});
    }
  }
}

// As many pixels as keep a block's patches and products within about 256 KiB; a function of the shape alone.
int64_t block_pixels(const ConvShape& s) {
  const int64_t budget = 65536 / (s.patch() + s.out);
  return std::clamp<int64_t>(budget / 16 * 16, 32, 512);
}

void finish(int64_t pixels, int64_t channels, const Real* bias, bool relu, Real* y) {
  if (!bias && !relu) return;
  for (int64_t p = 0; p < pixels; ++p, y += channels) {
    if (bias && relu) {
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) y[c] = y[c] + bias[c] < 0 ? 0 : y[c] + bias[c];
    } else if (bias) {
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) y[c] += bias[c];
    } else {
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) y[c] = y[c] < 0 ? 0 : y[c];
    }
  }
}

void convolve(const ConvShape& s, Padding pad, const Real* x, const Real* w, const Real* bias, bool relu, Real* y) {
  const bool pointwise = s.kh == 1 && s.kw == 1;
  took(pointwise ? Branch::conv_pointwise : Branch::conv_patches);
  const int64_t block = block_pixels(s), pixels = s.pixels();
  for_tasks((pixels + block - 1) / block, [&](int64_t t) {
    const int64_t begin = t * block, end = std::min(pixels, begin + block);
    const Real* rows = x + begin * s.in;
    thread_local std::vector<Real> patches;
    if (!pointwise) {
      patches.resize(static_cast<size_t>(block * s.patch()));
      write_patches(s, pad, x, begin, end, patches.data());
      rows = patches.data();
    }
    gemm(false, false, end - begin, s.out, s.patch(), rows, s.patch(), w, s.out, 0, y + begin * s.out, s.out);
    finish(end - begin, s.out, bias, relu, y + begin * s.out);
  });
}


int way_of(const ConvShape& s) {
  static const char* force = getenv("WAY");
  if (force) return *force - '0';
  return s.kh == 3 && s.kw == 3 && s.in >= 8 && s.out >= 8 ? 1 : s.in < s.out ? 2 : 3;
}

Padding same(const ConvShape& s) { return {(s.kh - 1) / 2, (s.kw - 1) / 2}; }

}  // namespace

void conv2d(const ConvShape& s, const Real* x, const Real* w, const Real* bias, bool relu, Real* y) {
  const int way = way_of(s);
  if (way == 1) return winograd::forward(s, x, w, bias, relu, y);
  if (way == 2) return direct::forward(s, same(s), x, {w, s.kh * s.kw, s.in, s.out, false}, bias, relu, y);
  if (way == 3) return taps::forward(s, same(s), x, {w, s.kh * s.kw, s.in, s.out, false}, bias, relu, y);
  convolve(s, same(s), x, w, bias, relu, y);
}

void conv2d_backward_data(const ConvShape& s, const Real* dy, const Real* w, Real* dx) {
  const ConvShape back{s.n, s.h, s.w, s.out, s.in, s.kh, s.kw};
  const Padding pad{s.kh - 1 - same(s).top, s.kw - 1 - same(s).left};
  const int way = way_of(back);
  if (way == 1) return winograd::backward_data(s, dy, w, dx);
  if (way == 2) return direct::forward(back, pad, dy, {w, s.kh * s.kw, s.out, s.in, true}, nullptr, false, dx);
  if (way == 3) return taps::forward(back, pad, dy, {w, s.kh * s.kw, s.out, s.in, true}, nullptr, false, dx);
  std::vector<Real> turned(static_cast<size_t>(s.kh * s.kw * s.in * s.out));  // [kh, kw, out, in]
  for (int64_t k = 0; k < s.kh * s.kw; ++k) {
    const Real* from = w + (s.kh * s.kw - 1 - k) * s.in * s.out;
    for (int64_t c = 0; c < s.in; ++c) {
      for (int64_t o = 0; o < s.out; ++o) turned[(k * s.out + o) * s.in + c] = from[c * s.out + o];
    }
  }
  convolve(back, pad, dy, turned.data(), nullptr, false, dx);
}

void conv2d_backward_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw) {
  const int way = way_of(s);
  if (way == 1) return winograd::backward_weights(s, x, dy, dw);
  if (way == 2) return direct::backward_weights(s, same(s), x, dy, dw);
  if (way == 3) return taps::backward_weights(s, same(s), x, dy, dw);
  const int64_t block = block_pixels(s), pixels = s.pixels(), size = s.patch() * s.out;
  const int64_t blocks = (pixels + block - 1) / block;
  // Chunks of consecutive blocks, each with a sum of its own; the sums are added in order. About 20 MFLOP a chunk.
  const int64_t chunks = std::min(blocks, std::clamp<int64_t>(2 * pixels * size / 20'000'000, 1, 16));
  took(chunks == 1 ? Branch::conv_weights_one_chunk : Branch::conv_weights_many_chunks);
  const auto partial = std::make_unique_for_overwrite<Real[]>(static_cast<size_t>(std::max<int64_t>(1, chunks) * size));
  std::fill(partial.get(), partial.get() + size, Real{0});
  for_tasks(chunks, [&](int64_t chunk) {
    Real* sum = partial.get() + chunk * size;
    thread_local std::vector<Real> patches;
    const int64_t first = chunk * blocks / chunks, last = (chunk + 1) * blocks / chunks;
    for (int64_t b = first; b < last; ++b) {
      const int64_t begin = b * block, end = std::min(pixels, begin + block);
      const Real* rows = x + begin * s.in;
      if (s.kh != 1 || s.kw != 1) {
        patches.resize(static_cast<size_t>(block * s.patch()));
        write_patches(s, same(s), x, begin, end, patches.data());
        rows = patches.data();
      }
      gemm(true, false, s.patch(), s.out, end - begin, rows, s.patch(), dy + begin * s.out, s.out,
           b == first ? Real{0} : Real{1}, sum, s.out);
    }
  });
  for_each(size, [=, p = partial.get()](int64_t i) {
    Real sum = p[i];
    for (int64_t c = 1; c < chunks; ++c) sum += p[c * size + i];
    dw[i] = sum;
  });
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

void conv2d_naive(const ConvShape& s, const Real* x, const Real* w, const Real* bias, bool relu, Real* y) {
  std::vector<double> sum(static_cast<size_t>(s.pixels() * s.out));
  for (size_t i = 0; i < sum.size(); ++i) sum[i] = bias ? bias[i % s.out] : 0;
  each_product(s, [&](int64_t ix, int64_t iw, int64_t iy) { sum[iy] += double{x[ix]} * w[iw]; });
  for (size_t i = 0; i < sum.size(); ++i) y[i] = static_cast<Real>(relu ? std::max(0.0, sum[i]) : sum[i]);
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
