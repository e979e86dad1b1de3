#include "autograd/kernels/conv_few.hpp"

#include "autograd/kernels/panel_product.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/workspace.hpp"

#include <algorithm>
#include <cstring>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

constexpr int64_t kPixels = 48;  // of one product: its result stays in the first-level cache

// Four numbers: a few channels of a pixel. Reading them may touch up to three values more than are wanted.
constexpr int64_t kQuad = 4;
using Quad = Real __attribute__((vector_size(kQuad * sizeof(Real))));
Quad load_quad(const Real* p) {
  Quad v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// Columns of a panel of a packed matrix [rows, columns], zeros after its last one -> [rows, width]
void pack(int64_t rows, int64_t columns, const Panel& panel, const Real* from, Real* to) {
  const int64_t count = std::min(panel.width, columns - panel.first);
  for (from += panel.first; rows > 0; --rows, from += columns, to += panel.width) {
    for (int64_t l = 0; l < panel.width; l += kLane) store(to + l, load(from + l, std::max<int64_t>(0, count - l)));
  }
}

// The weight of a tap as the convolution from `in` to `out` channels sees it.
Real weight(const ConvShape& s, const FewKernel& k, int64_t tap, int64_t c, int64_t o) {
  return k.turned ? k.w[((s.kh * s.kw - 1 - tap) * s.out + o) * s.in + c] : k.w[(tap * s.in + c) * s.out + o];
}

// Rows [begin, end) of an image, where they lie inside it, with zeros around: [end - begin, w + kw - 1, in].
void pad_rows(const ConvShape& s, const Real* image, int64_t left, int64_t begin, int64_t end, Real* to) {
  const int64_t before = left * s.in, length = s.w * s.in, after = (s.kw - 1 - left) * s.in;
  for (int64_t row = begin; row < end; ++row) {
    const bool inside = row >= 0 && row < s.h;
    to = std::fill_n(to, before, Real{0});
    to = inside ? std::copy_n(image + row * length, length, to) : std::fill_n(to, length, Real{0});
    to = std::fill_n(to, after, Real{0});
  }
}

// Bands of about `pixels` pixels: some rows of an image.
struct Bands {
  int64_t rows, of_image, count;
  Bands(const ConvShape& s, int64_t pixels)
      : rows(std::clamp<int64_t>(pixels / std::max<int64_t>(1, s.w), 1, std::max<int64_t>(1, s.h))),
        of_image((s.h + rows - 1) / rows),
        count(s.n * of_image) {}
};

// y = max(0, c + bias) for a panel's channels.
void finish(int64_t pixels, const Panel& panel, int64_t channels, const Real* c, const Real* bias, bool relu, Real* y) {
  for (int64_t l = 0; l < panel.width; l += kLane) {
    const int64_t first = panel.first + l, count = channels - first;
    const Lane b = bias ? load(bias + first, count) : Lane{};
    for (int64_t p = 0; p < pixels; ++p) {
      const Lane v = load(c + p * panel.width + l) + b;
      store(y + p * channels + first, relu ? (v < Lane{} ? Lane{} : v) : v, count);
    }
  }
}

// Sums over pixels are formed in chunks, and these added in order; about 8 MFLOP a chunk.
int64_t chunks_of(const ConvShape& s, int64_t most) {
  return std::clamp<int64_t>(2 * s.pixels() * s.patch() * s.out / 8'000'000, 1, std::min<int64_t>(16, most));
}

}  // namespace

void conv2d_few_in(const ConvShape& s, const Real* x, const FewKernel& k, const Real* bias, bool relu, Real* y) {
  const int64_t patch = s.patch(), width = whole_lanes(s.out), pitch = (s.w + s.kw - 1) * s.in;
  thread_local Workspace weights;
  Real* const b = weights.get(patch * width);
  for (int64_t p = 0; p < panels_of(s.out); ++p) {
    const Panel panel = panel_of(p, s.out);
    Real* to = b + panel.first * patch;
    for (int64_t i = 0; i < patch; ++i) {
      for (int64_t o = panel.first; o < panel.first + panel.width; ++o) {
        *to++ = o < s.out ? weight(s, k, i / s.in, i % s.in, o) : 0;
      }
    }
  }
  const Bands bands(s, 256);
  for_tasks(bands.count, [&](int64_t task) {
    thread_local Workspace space;
    const int64_t n = task / bands.of_image, begin = task % bands.of_image * bands.rows;
    const int64_t end = std::min(s.h, begin + bands.rows);
    Real* const c = space.get(kPixels * kPanel + (bands.rows + s.kh - 1) * pitch);
    Real* const rows = c + kPixels * kPanel;
    pad_rows(s, x + n * s.h * s.w * s.in, k.left, begin - k.top, end - k.top + s.kh - 1, rows);
    for (int64_t p = 0; p < panels_of(s.out); ++p) {
      const Panel panel = panel_of(p, s.out);
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t j = 0; j < s.w; j += kPixels) {
          const int64_t count = std::min(kPixels, s.w - j);
          panel_product(count, panel.width, {rows + (i - begin) * pitch + j * s.in, s.in, 1, s.kw * s.in, s.kh, pitch},
                        b + panel.first * patch, false, c);
          finish(count, panel, s.out, c, bias, relu, y + ((n * s.h + i) * s.w + j) * s.out);
        }
      }
    }
  });
}

void conv2d_few_in_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw) {
  const int64_t patch = s.patch(), size = patch * whole_lanes(s.out), pitch = (s.w + s.kw - 1) * s.in;
  const Bands bands(s, 128);
  const int64_t chunks = chunks_of(s, bands.count), top = (s.kh - 1) / 2, left = (s.kw - 1) / 2;
  thread_local Workspace partial;
  Real* const sums = partial.get(chunks * size);
  for_tasks(chunks, [&](int64_t chunk) {
    thread_local Workspace space;
    Real* const r = space.get(bands.rows * s.w * kPanel + (bands.rows + s.kh - 1) * pitch);
    Real* const rows = r + bands.rows * s.w * kPanel;
    const int64_t first = bands.count * chunk / chunks, last = bands.count * (chunk + 1) / chunks;
    for (int64_t band = first; band < last; ++band) {
      const int64_t n = band / bands.of_image, begin = band % bands.of_image * bands.rows;
      const int64_t end = std::min(s.h, begin + bands.rows);
      pad_rows(s, x + n * s.h * s.w * s.in, left, begin - top, end - top + s.kh - 1, rows);
      for (int64_t p = 0; p < panels_of(s.out); ++p) {
        const Panel panel = panel_of(p, s.out);
        pack((end - begin) * s.w, s.out, panel, dy + (n * s.h + begin) * s.w * s.out, r);
        for (int64_t u = 0; u < s.kh; ++u) {
          panel_product(s.kw * s.in, panel.width, {rows + u * pitch, 1, s.in, s.w, end - begin, pitch}, r,
                        band != first, sums + chunk * size + panel.first * patch + u * s.kw * s.in * panel.width);
        }
      }
    }
  });
  for (int64_t i = 0; i < patch; ++i) {
    for (int64_t o = 0; o < s.out; ++o) {
      const Panel panel = panel_of(o / kPanel, s.out);
      const Real* from = sums + panel.first * patch + i * panel.width + (o - panel.first);
      Real sum = 0;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += from[chunk * size];
      dw[i * s.out + o] = sum;
    }
  }
}

void conv2d_few_out(const ConvShape& s, const Real* x, const FewKernel& k, const Real* bias, bool relu, Real* y) {
  constexpr int64_t kDepth = 128;  // input channels of one product: their weights stay in the first-level cache
  const int64_t columns = s.kh * s.kw * s.out, pitch = whole_lanes(columns);
  thread_local Workspace weights;
  Real* const b = weights.get(s.in * pitch);
  for (int64_t p = 0; p < panels_of(columns); ++p) {
    const Panel panel = panel_of(p, columns);
    Real* to = b + panel.first * s.in;
    for (int64_t c = 0; c < s.in; ++c) {
      for (int64_t i = panel.first; i < panel.first + panel.width; ++i) {
        *to++ = i < columns ? weight(s, k, i / s.out, c, i % s.out) : 0;
      }
    }
  }
  const Bands bands(s, 1024);
  for_tasks(bands.count, [&](int64_t task) {
    thread_local Workspace space;
    const int64_t n = task / bands.of_image, begin = task % bands.of_image * bands.rows;
    const int64_t end = std::min(s.h, begin + bands.rows);
    const int64_t first = std::max<int64_t>(0, begin - k.top), last = std::min(s.h, end - k.top + s.kh - 1);
    Real* const c = space.get(kPixels * kPanel + (last - first) * s.w * pitch + kQuad);
    Real* const z = c + kPixels * kPanel;
    const Real* from = x + (n * s.h + first) * s.w * s.in;
    for (int64_t at = 0, pixels = (last - first) * s.w; at < pixels; at += kPixels) {
      const int64_t count = std::min(kPixels, pixels - at);
      for (int64_t p = 0; p < panels_of(columns); ++p) {
        const Panel panel = panel_of(p, columns);
        for (int64_t d = 0; d < s.in; d += kDepth) {
          panel_product(count, panel.width, {from + at * s.in + d, s.in, 1, std::min(kDepth, s.in - d)},
                        b + panel.first * s.in + d * panel.width, d > 0, c);
        }
        for (int64_t i = 0; i < count; ++i) {
          for (int64_t l = 0; l < panel.width; l += kLane) {
            store(z + (at + i) * pitch + panel.first + l, load(c + i * panel.width + l));
          }
        }
      }
    }
    for (int64_t i = begin; i < end; ++i) {
      // The rows of z that are there: 0 <= i + u - top - first < last - first
      const int64_t u0 = std::max<int64_t>(0, first - i + k.top), u1 = std::min(s.kh, last - i + k.top);
      for (int64_t j = 0; j < s.w; ++j) {
        const int64_t v0 = std::max<int64_t>(0, k.left - j), v1 = std::min(s.kw, s.w - j + k.left);
        const Real* const around = z + ((i - k.top - first) * s.w + j - k.left) * pitch;
        for (int64_t o = 0; o < s.out; o += kQuad) {
          Quad sum{};
          for (int64_t u = u0; u < u1; ++u) {
            for (int64_t v = v0; v < v1; ++v) {
              sum += load_quad(around + (u * s.w + v) * pitch + (u * s.kw + v) * s.out + o);
            }
          }
          for (int64_t q = 0; q < std::min(kQuad, s.out - o); ++q) {
            const Real value = bias ? sum[q] + bias[o + q] : sum[q];
            y[((n * s.h + i) * s.w + j) * s.out + o + q] = relu && value < 0 ? 0 : value;
          }
        }
      }
    }
  });
}

void conv2d_few_out_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw) {
  // Padded the other way round, a patch of dy holds what a pixel of x was read for, last tap first.
  const ConvShape r{s.n, s.h, s.w, s.out, s.in, s.kh, s.kw};
  const int64_t top = s.kh / 2, left = s.kw / 2, run = s.kw * s.out, row = (s.w + s.kw - 1) * s.out;
  const int64_t columns = r.patch(), pitch = whole_lanes(columns), size = s.in * pitch;
  const Bands bands(s, 128);
  const int64_t chunks = chunks_of(s, bands.count);
  thread_local Workspace partial;
  Real* const sums = partial.get(chunks * size);
  for_tasks(chunks, [&](int64_t chunk) {
    thread_local Workspace space;
    Real* const packed = space.get(bands.rows * s.w * (kPanel + pitch) + (bands.rows + s.kh - 1) * row + 2 * kLane);
    Real* const patches = packed + bands.rows * s.w * kPanel;
    Real* const rows = patches + bands.rows * s.w * pitch + kLane;
    const int64_t first = bands.count * chunk / chunks, last = bands.count * (chunk + 1) / chunks;
    for (int64_t band = first; band < last; ++band) {
      const int64_t n = band / bands.of_image, begin = band % bands.of_image * bands.rows;
      const int64_t end = std::min(s.h, begin + bands.rows), pixels = (end - begin) * s.w;
      pad_rows(r, dy + n * s.h * s.w * s.out, left, begin - top, end - top + s.kh - 1, rows);
      for (int64_t i = 0; i < pixels; ++i) {
        for (int64_t u = 0; u < s.kh; ++u) {  // whole lanes: the next run overwrites what is too much
          const Real* const from = rows + (i / s.w + u) * row + i % s.w * s.out;
          for (int64_t l = 0; l < run; l += kLane) store(patches + i * pitch + u * run + l, load(from + l));
        }
      }
      for (int64_t p = 0; p < panels_of(columns); ++p) {
        const Panel panel = panel_of(p, columns);
        pack(pixels, pitch, panel, patches, packed);
        panel_product(s.in, panel.width, {x + (n * s.h + begin) * s.w * s.in, 1, s.in, pixels}, packed, band != first,
                      sums + chunk * size + panel.first * s.in);
      }
    }
  });
  for (int64_t i = 0; i < columns; ++i) {
    const Panel panel = panel_of(i / kPanel, columns);
    const int64_t tap = s.kh * s.kw - 1 - i / s.out, o = i % s.out;
    for (int64_t c = 0; c < s.in; ++c) {
      const Real* from = sums + panel.first * s.in + c * panel.width + (i - panel.first);
      Real sum = 0;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += from[chunk * size];
      dw[(tap * s.in + c) * s.out + o] = sum;
    }
  }
}

}  // namespace bijou
