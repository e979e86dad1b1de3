#include "autograd/kernels/conv_patches.hpp"

#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/workspace.hpp"

#include <algorithm>
#include <cstring>

namespace bijou::inline BIJOU_SCALAR::kernels::patches {
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

// y = max(0, y + bias + plus)
void finish(int64_t pixels, int64_t channels, const Epilogue& epilogue, Real* y) {
  const Real *bias = epilogue.bias, *plus = epilogue.plus;
  for (int64_t p = 0; p < pixels; ++p, y += channels) {
    if (bias) {
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) y[c] += bias[c];
    }
    if (plus) {
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) y[c] += plus[c];
      plus += channels;
    }
    if (epilogue.relu) {
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) y[c] = y[c] < 0 ? 0 : y[c];
    }
  }
}

}  // namespace

void forward(const ConvShape& s, Padding pad, const Real* x, const KernelView& kernel, const Epilogue& epilogue,
             Real* y) {
  const bool pointwise = s.kh == 1 && s.kw == 1;
  took(pointwise ? Branch::conv_pointwise : Branch::conv_patches);
  const int64_t block = block_pixels(s), pixels = s.pixels();
  const Real* w = kernel.w;
  if (kernel.turned) {
    thread_local Workspace weights;
    Real* const turned = weights.get(s.patch() * s.out);
    for (int64_t i = 0; i < s.patch(); ++i) {
      for (int64_t o = 0; o < s.out; ++o) turned[i * s.out + o] = kernel.at(i / s.in, i % s.in, o);
    }
    w = turned;
  }
  for_tasks((pixels + block - 1) / block, [&](int64_t t) {
    const int64_t begin = t * block, end = std::min(pixels, begin + block);
    const Real* rows = x + begin * s.in;
    if (!pointwise) {
      thread_local Workspace space;
      Real* const patches = space.get(block * s.patch());
      write_patches(s, pad, x, begin, end, patches);
      rows = patches;
    }
    gemm(false, false, end - begin, s.out, s.patch(), rows, s.patch(), w, s.out, 0, y + begin * s.out, s.out);
    finish(end - begin, s.out, epilogue.from(begin * s.out), y + begin * s.out);
  });
}

void backward_weights(const ConvShape& s, Padding pad, const Real* x, const Real* dy, Real* dw) {
  const int64_t block = block_pixels(s), pixels = s.pixels(), size = s.patch() * s.out;
  const int64_t blocks = (pixels + block - 1) / block;
  // Chunks of consecutive blocks, each with a sum of its own; the sums are added in order. About 8 MFLOP a chunk.
  const int64_t chunks = std::min(blocks, std::clamp<int64_t>(2 * pixels * size / 8'000'000, 1, 16));
  took(chunks == 1 ? Branch::conv_weights_one_chunk : Branch::conv_weights_many_chunks);
  thread_local Workspace sums;
  Real* const partial = sums.get(chunks * size);
  for_tasks(chunks, [&](int64_t chunk) {
    Real* sum = partial + chunk * size;
    thread_local Workspace space;
    const int64_t first = chunk * blocks / chunks, last = (chunk + 1) * blocks / chunks;
    for (int64_t b = first; b < last; ++b) {
      const int64_t begin = b * block, end = std::min(pixels, begin + block);
      const Real* rows = x + begin * s.in;
      if (s.kh != 1 || s.kw != 1) {
        Real* const patches = space.get(block * s.patch());
        write_patches(s, pad, x, begin, end, patches);
        rows = patches;
      }
      gemm(true, false, s.patch(), s.out, end - begin, rows, s.patch(), dy + begin * s.out, s.out,
           b == first ? Real{0} : Real{1}, sum, s.out);
    }
  });
  for_each(size, [=, p = partial](int64_t i) {
    Real sum = p[i];
    for (int64_t c = 1; c < chunks; ++c) sum += p[c * size + i];
    dw[i] = sum;
  });
}

}  // namespace bijou
