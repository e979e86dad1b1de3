#include "autograd/kernels/conv_direct.hpp"

#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/panels.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/workspace.hpp"

#include <algorithm>
#include <cstring>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

constexpr int64_t kPixels = 24;  // of one product: its result stays in the first-level cache
constexpr int64_t kDepth = 256;  // input channels of one product of pixels: so do their weights

// Four numbers: a few channels of a pixel. Reading them may touch up to three values more than are wanted.
constexpr int64_t kQuad = 4;
using Quad = Real __attribute__((vector_size(kQuad * sizeof(Real))));
Quad load_quad(const Real* p) {
  Quad v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// A panel of a matrix [rows, columns], with zeros after the last column.
void pack(int64_t rows, int64_t columns, const Panel& panel, const Real* from, Real* to) {
  const int64_t count = std::min(panel.width, columns - panel.first);
  for (from += panel.first; rows > 0; --rows, from += columns, to += panel.width) {
    for (int64_t l = 0; l < panel.width; l += kLane) store(to + l, load(from + l, std::max<int64_t>(0, count - l)));
  }
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
      : rows(std::clamp<int64_t>(pixels / s.w, 1, s.h)), of_image((s.h + rows - 1) / rows), count(s.n * of_image) {}
};
struct Band {
  int64_t n, begin, end;
  Band(const ConvShape& s, const Bands& bands, int64_t i)
      : n(i / bands.of_image), begin(i % bands.of_image * bands.rows), end(std::min(s.h, begin + bands.rows)) {}
};

// y = max(0, c + bias + plus) for a panel's channels.
void finish(int64_t pixels, const Panel& panel, int64_t channels, const Real* c, const Epilogue& epilogue, Real* y) {
  for (int64_t l = 0; l < panel.width; l += kLane) {
    const int64_t first = panel.first + l, count = channels - first;
    const Lane b = epilogue.bias ? load(epilogue.bias + first, count) : Lane{};
    for (int64_t p = 0; p < pixels; ++p) {
      const int64_t at = p * channels + first;
      const Lane v = load(c + p * panel.width + l) + b;
      store(y + at, finished(v, epilogue, at, count), count);
    }
  }
}

// c [pixels, width] = x [pixels, in] b [in, width]
void pixels_product(int64_t pixels, int64_t width, int64_t in, const Real* x, const Real* b, Real* c) {
  for (int64_t d = 0; d < in; d += kDepth) {
    panel_product(pixels, width, {x + d, in, 1, std::min(kDepth, in - d)}, b + d * width, d > 0, c);
  }
}

// The weights as panels of the matrix [taps in, out], whose rows a patch meets in this order.
void pack_kernel(const KernelView& w, Real* to) {
  constexpr int64_t kRows = 32;
  const int64_t rows = w.taps * w.in;
  for_tasks((rows + kRows - 1) / kRows, [&](int64_t task) {
    for (int64_t o = 0; o < w.out; o += kLane) {
      const Panel panel = panel_of(o / kPanel, w.out);
      for (int64_t i = task * kRows; i < std::min(rows, (task + 1) * kRows); ++i) {
        store(to + panel.first * rows + i * panel.width + (o - panel.first), weights_lane(w, i / w.in, i % w.in, o));
      }
    }
  });
}

// The weights as panels of the matrix [in, taps out].
void pack_taps(const KernelView& w, Real* to) {
  const int64_t columns = w.taps * w.out;
  std::fill_n(to, w.in * whole_lanes(columns), Real{0});
  for (int64_t i = 0; i < columns; ++i) {
    const Panel panel = panel_of(i / kPanel, columns);
    for (int64_t c = 0; c < w.in; ++c) {
      to[panel.first * w.in + c * panel.width + (i - panel.first)] = w.at(i / w.out, c, i % w.out);
    }
  }
}

// Sums over pixels are formed in chunks of pixels, about 8 MFLOP each, and these are added in order. Where their
// matrices are large there are fewer chunks, and parts of the output channels instead.
struct Cut {
  int64_t chunks, parts;
};
Cut cut_weights(const ConvShape& s, int64_t bands, int64_t sum_size, int64_t panels) {
  const int64_t wanted = std::clamp<int64_t>(2 * s.pixels() * s.patch() * s.out / 8'000'000, 1, 16);
  const int64_t room = (int64_t{4} << 20) / (sum_size * static_cast<int64_t>(sizeof(Real)));
  const int64_t some = std::min(panels, wanted);
  const int64_t chunks = std::clamp<int64_t>(room, 1, std::min(bands, (wanted + some - 1) / some));
  took(chunks == 1 ? Branch::conv_weights_one_chunk : Branch::conv_weights_many_chunks);
  return {chunks, std::min(panels, (wanted + chunks - 1) / chunks)};
}

// to [rows, columns] = the sum of `chunks` such matrices that stand in panels.
void add_chunks(int64_t chunks, int64_t rows, int64_t columns, const Real* sums, Real* to) {
  const int64_t size = rows * whole_lanes(columns);
  for_tasks((rows + 31) / 32, [&](int64_t task) {
    for (int64_t o = 0; o < columns; o += kLane) {
      const Panel panel = panel_of(o / kPanel, columns);
      for (int64_t i = task * 32; i < std::min(rows, task * 32 + 32); ++i) {
        const Real* from = sums + panel.first * rows + i * panel.width + (o - panel.first);
        Lane sum = load(from);
        for (int64_t chunk = 1; chunk < chunks; ++chunk) sum += load(from + chunk * size);
        store(to + i * columns + o, sum, columns - o);
      }
    }
  });
}

// Asks for what the next pixels of a product read and write, so that it comes while this one computes. Always inline:
// as a call, g++ takes it for a function without effect, and leaves it out.
[[gnu::always_inline]] inline void fetch_ahead(int64_t pixels, const ConvShape& s, const Panel& panel, const Real* x,
                                               const Epilogue& epilogue, const Real* y) {
  if (panel.first == 0) {
    for (int64_t i = 0; i < pixels * s.in; i += kLane) __builtin_prefetch(x + i);
  }
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t at = p * s.out + panel.first; at < p * s.out + panel.first + panel.width; at += kLane) {
      __builtin_prefetch(y + at, 1);
      if (epilogue.plus) __builtin_prefetch(epilogue.plus + at);
    }
  }
}

// Cut into tasks of about 4 MFLOP: large enough to be worth a task, small enough to be shared evenly. Their number is a
// multiple of four, and their pixels differ by one group of rows at most, so that two or four threads finish together.
//
// With few channels in, a product takes no longer than the way of its pixels from memory. Then it goes by groups, and
// the next one's pixels are asked for before: 64 -> 64 on 32 x 32x32, 260 -> 380 GFLOP/s.
void pointwise(const ConvShape& s, const Real* x, const Real* b, const Epilogue& epilogue, Real* y) {
  constexpr int64_t kGroup = 6;  // rows of a product's block
  const int64_t pixels = s.pixels(), groups = (pixels + kGroup - 1) / kGroup, each = 2 * kPixels * s.in * s.out;
  const int64_t block = kPixels * std::clamp<int64_t>(4'000'000 / each, 2, 16), blocks = (pixels + block - 1) / block;
  const int64_t tasks = blocks == 1 ? 1 : (blocks + 3) / 4 * 4;
  const bool few_channels = s.in < 128;
  const int64_t step = few_channels ? kGroup : kPixels;
  for_tasks(tasks, [&](int64_t task) {
    thread_local Workspace space;
    Real* const c = space.get(kPixels * kPanel);
    const int64_t begin = groups * task / tasks * kGroup, end = std::min(pixels, groups * (task + 1) / tasks * kGroup);
    for (int64_t p = 0; p < panels_of(s.out); ++p) {
      const Panel panel = panel_of(p, s.out);
      for (int64_t at = begin; at < end; at += step) {
        const int64_t count = std::min(step, end - at), next = at + count;
        if (few_channels) {
          fetch_ahead(std::min(step, end - next), s, panel, x + next * s.in, epilogue.from(next * s.out),
                      y + next * s.out);
        }
        pixels_product(count, panel.width, s.in, x + at * s.in, b + panel.first * s.in, c);
        finish(count, panel, s.out, c, epilogue.from(at * s.out), y + at * s.out);
      }
    }
  });
}

}  // namespace

void direct::forward(const ConvShape& s, Padding pad, const Real* x, const KernelView& w, const Epilogue& epilogue,
                     Real* y) {
  took(w.taps == 1 ? Branch::conv_direct_pointwise : Branch::conv_direct);
  count_flops(2 * s.pixels() * s.patch() * s.out);
  const int64_t patch = s.patch(), pitch = (s.w + s.kw - 1) * s.in;
  thread_local Workspace weights;
  Real* const b = weights.get(patch * whole_lanes(s.out));
  pack_kernel(w, b);
  if (w.taps == 1) return pointwise(s, x, b, epilogue, y);
  const Bands bands(s, 256);
  for_tasks(bands.count, [&](int64_t task) {
    thread_local Workspace space;
    const Band band(s, bands, task);
    Real* const c = space.get(kPixels * kPanel + (bands.rows + s.kh - 1) * pitch);
    Real* const rows = c + kPixels * kPanel;
    pad_rows(s, x + band.n * s.h * s.w * s.in, pad.left, band.begin - pad.top, band.end - pad.top + s.kh - 1, rows);
    for (int64_t p = 0; p < panels_of(s.out); ++p) {
      const Panel panel = panel_of(p, s.out);
      for (int64_t i = band.begin; i < band.end; ++i) {
        for (int64_t j = 0; j < s.w; j += kPixels) {
          const int64_t count = std::min(kPixels, s.w - j);
          panel_product(count, panel.width,
                        {rows + (i - band.begin) * pitch + j * s.in, s.in, 1, s.kw * s.in, s.kh, pitch},
                        b + panel.first * patch, false, c);
          const int64_t to = ((band.n * s.h + i) * s.w + j) * s.out;
          finish(count, panel, s.out, c, epilogue.from(to), y + to);
        }
      }
    }
  });
}

void direct::backward_weights(const ConvShape& s, Padding pad, const Real* x, const Real* dy, Real* dw) {
  const bool pointwise = s.kh * s.kw == 1;
  took(pointwise ? Branch::conv_weights_direct_pointwise : Branch::conv_weights_direct);
  count_flops(2 * s.pixels() * s.patch() * s.out);
  const int64_t patch = s.patch(), pitch = (s.w + s.kw - 1) * s.in, size = patch * whole_lanes(s.out);
  const int64_t panels = panels_of(s.out);
  const Bands bands(s, pointwise && s.in < 128 ? 64 : 128);
  const Cut cut = cut_weights(s, bands.count, size, panels);
  thread_local Workspace partial;
  Real* const sums = partial.get(cut.chunks * size);
  for_tasks(cut.chunks * cut.parts, [&](int64_t task) {
    thread_local Workspace space;
    Real* const packed = space.get(bands.rows * s.w * kPanel + (bands.rows + s.kh - 1) * pitch);
    Real* const padded = packed + bands.rows * s.w * kPanel;
    const int64_t chunk = task / cut.parts, part = task % cut.parts;
    const int64_t first = bands.count * chunk / cut.chunks, last = bands.count * (chunk + 1) / cut.chunks;
    for (int64_t t = first; t < last; ++t) {
      const Band band(s, bands, t);
      const int64_t count = band.end - band.begin, at = (band.n * s.h + band.begin) * s.w;
      const Real* const rows = pointwise ? x + at * s.in : padded;
      if (!pointwise) {
        pad_rows(s, x + band.n * s.h * s.w * s.in, pad.left, band.begin - pad.top, band.end - pad.top + s.kh - 1,
                 padded);
      }
      for (int64_t p = panels * part / cut.parts; p < panels * (part + 1) / cut.parts; ++p) {
        const Panel panel = panel_of(p, s.out);
        pack(count * s.w, s.out, panel, dy + at * s.out, packed);
        Real* const sum = sums + chunk * size + panel.first * patch;
        for (int64_t u = 0; u < s.kh; ++u) {
          panel_product(s.kw * s.in, panel.width, {rows + u * pitch, 1, s.in, s.w, count, pitch}, packed, t != first,
                        sum + u * s.kw * s.in * panel.width);
        }
      }
    }
  });
  add_chunks(cut.chunks, patch, s.out, sums, dw);
}

namespace {

// y[i, j] = sum over the taps of z, whose rows are those from `first` to `last` of the image.
void add_taps(const ConvShape& s, Padding pad, const Band& band, int64_t first, int64_t last, int64_t pitch,
              const Real* z, const Epilogue& epilogue, Real* y) {
  for (int64_t i = band.begin; i < band.end; ++i) {
    const int64_t u0 = std::max<int64_t>(0, first - i + pad.top), u1 = std::min(s.kh, last - i + pad.top);
    for (int64_t j = 0; j < s.w; ++j) {
      const int64_t v0 = std::max<int64_t>(0, pad.left - j), v1 = std::min(s.kw, s.w - j + pad.left);
      const int64_t corner = (i - pad.top - first) * s.w + j - pad.left;
      for (int64_t o = 0; o < s.out; o += kQuad) {
        Quad sum{};
        for (int64_t u = u0; u < u1; ++u) {
          for (int64_t v = v0; v < v1; ++v) {
            sum += load_quad(z + (corner + u * s.w + v) * pitch + (u * s.kw + v) * s.out + o);
          }
        }
        for (int64_t q = 0; q < std::min(kQuad, s.out - o); ++q) {
          const int64_t at = (i * s.w + j) * s.out + o + q;
          Real value = epilogue.bias ? sum[q] + epilogue.bias[o + q] : sum[q];
          if (epilogue.plus) value += epilogue.plus[at];
          y[at] = epilogue.relu && value < 0 ? 0 : value;
        }
      }
    }
  }
}

}  // namespace

void taps::forward(const ConvShape& s, Padding pad, const Real* x, const KernelView& w, const Epilogue& epilogue,
                   Real* y) {
  took(Branch::conv_taps);
  count_flops(2 * s.pixels() * s.patch() * s.out);
  const int64_t columns = w.taps * s.out, pitch = whole_lanes(columns);
  thread_local Workspace weights;
  Real* const b = weights.get(s.in * pitch);
  pack_taps(w, b);
  const Bands bands(s, 1024);
  for_tasks(bands.count, [&](int64_t task) {
    thread_local Workspace space;
    const Band band(s, bands, task);
    const int64_t first = std::max<int64_t>(0, band.begin - pad.top),
                  last = std::min(s.h, band.end - pad.top + s.kh - 1);
    const int64_t pixels = (last - first) * s.w;
    Real* const c = space.get(kPixels * kPanel + pixels * pitch + kQuad);
    Real* const z = c + kPixels * kPanel;
    const Real* from = x + (band.n * s.h + first) * s.w * s.in;
    for (int64_t at = 0; at < pixels; at += kPixels) {
      const int64_t count = std::min(kPixels, pixels - at);
      for (int64_t p = 0; p < panels_of(columns); ++p) {
        const Panel panel = panel_of(p, columns);
        pixels_product(count, panel.width, s.in, from + at * s.in, b + panel.first * s.in, c);
        for (int64_t i = 0; i < count; ++i) {
          std::copy_n(c + i * panel.width, panel.width, z + (at + i) * pitch + panel.first);
        }
      }
    }
    const int64_t image = band.n * s.h * s.w * s.out;
    add_taps(s, pad, band, first, last, pitch, z, epilogue.from(image), y + image);
  });
}

void taps::backward_weights(const ConvShape& s, Padding pad, const Real* x, const Real* dy, Real* dw) {
  took(Branch::conv_weights_taps);
  count_flops(2 * s.pixels() * s.patch() * s.out);
  // Padded the other way round, a patch of dy holds what a pixel of x was read for, last tap first.
  const ConvShape r{s.n, s.h, s.w, s.out, s.in, s.kh, s.kw};
  const int64_t top = s.kh - 1 - pad.top, left = s.kw - 1 - pad.left, run = s.kw * s.out,
                row = (s.w + s.kw - 1) * s.out;
  const int64_t columns = r.patch(), pitch = whole_lanes(columns);
  const Bands bands(s, 128);
  const int64_t size = s.in * pitch, chunks = cut_weights(s, bands.count, size, 1).chunks;
  thread_local Workspace partial, whole;
  Real* const sums = partial.get(chunks * size);
  for_tasks(chunks, [&](int64_t chunk) {
    thread_local Workspace space;
    Real* const packed = space.get(bands.rows * s.w * (kPanel + pitch) + (bands.rows + s.kh - 1) * row + 2 * kLane);
    Real* const patches = packed + bands.rows * s.w * kPanel;
    Real* const rows = patches + bands.rows * s.w * pitch + kLane;
    const int64_t begin = bands.count * chunk / chunks, end = bands.count * (chunk + 1) / chunks;
    for (int64_t t = begin; t < end; ++t) {
      const Band band(s, bands, t);
      const int64_t pixels = (band.end - band.begin) * s.w;
      pad_rows(r, dy + band.n * s.h * s.w * s.out, left, band.begin - top, band.end - top + s.kh - 1, rows);
      for (int64_t i = 0; i < pixels; ++i) {
        for (int64_t u = 0; u < s.kh; ++u) {  // whole lanes: the next run overwrites what is too much
          const Real* const from = rows + (i / s.w + u) * row + i % s.w * s.out;
          for (int64_t l = 0; l < run; l += kLane) store(patches + i * pitch + u * run + l, load(from + l));
        }
      }
      for (int64_t p = 0; p < panels_of(columns); ++p) {
        const Panel panel = panel_of(p, columns);
        pack(pixels, pitch, panel, patches, packed);
        panel_product(s.in, panel.width, {x + (band.n * s.h + band.begin) * s.w * s.in, 1, s.in, pixels}, packed,
                      t != begin, sums + chunk * size + panel.first * s.in);
      }
    }
  });
  Real* const sum = whole.get(s.in * columns);
  add_chunks(chunks, s.in, columns, sums, sum);
  for (int64_t i = 0; i < columns; ++i) {
    const int64_t tap = s.kh * s.kw - 1 - i / s.out, o = i % s.out;
    for (int64_t c = 0; c < s.in; ++c) dw[(tap * s.in + c) * s.out + o] = sum[c * columns + i];
  }
}

}  // namespace bijou
