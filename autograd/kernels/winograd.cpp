#include "autograd/kernels/winograd.hpp"

#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/branches.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/panels.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/winograd_transforms.hpp"
#include "autograd/kernels/workspace.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR::kernels::winograd {
namespace {

// The tiles of all images, in reading order.
struct Tiles {
  int64_t h, w, down, across, count;
  explicit Tiles(const ConvShape& s)
      : h(s.h), w(s.w), down((s.h + 3) / 4), across((s.w + 3) / 4), count(s.n * down * across) {}
};

// Where the values of a size x size square of pixels stand whose corner is `before` pixels up and left of the tile's;
// `outside` for those that are not in the image.
template <int Size>
void find_pixels(const Tiles& tiles, int64_t tile, int64_t before, int64_t channels, const Real* image,
                 const Real* outside, const Real* (&at)[Size][Size]) {
  const int64_t top = tile / tiles.across % tiles.down * 4 - before, left = tile % tiles.across * 4 - before;
  image += tile / (tiles.across * tiles.down) * tiles.h * tiles.w * channels;
  for (int i = 0; i < Size; ++i) {
    for (int j = 0; j < Size; ++j) {
      const int64_t row = top + i, column = left + j;
      const bool inside = row >= 0 && row < tiles.h && column >= 0 && column < tiles.w;
      at[i][j] = inside ? image + (row * tiles.w + column) * channels : outside;
    }
  }
}

// The 36 values of a lane of channels go to 36 planes. A plane is a line longer than its values: at powers of two all
// of them would fall into the same few lines of the cache.
constexpr int64_t plane_of(int64_t rows, int64_t width) {
  return rows * width + 64 / static_cast<int64_t>(sizeof(Real));
}

// A [.., channels] image, or some of its channels.
struct Image {
  const Real* data;
  int64_t channels, first, count;
};

// Tiles [begin, end) -> to [36][tiles][whole_lanes(count)] by T d T' of the Column; a tile's square of pixels begins
// `before` pixels up and left of it.
template <class Column>
void transform_tiles(const Tiles& tiles, int64_t begin, int64_t end, int64_t before, const Image& image, int64_t plane,
                     Real* to) {
  constexpr int Size = Column::kFrom;
  thread_local Workspace nothing;
  Real* const zeros = nothing.get(image.count);
  std::fill(zeros, zeros + image.count, Real{0});
  const Real *at[Size][Size], *next[Size][Size];
  find_pixels(tiles, begin, before, image.channels, image.data + image.first, zeros, next);
  for (int64_t t = begin; t < end; ++t, to += whole_lanes(image.count)) {
    std::copy(&next[0][0], &next[0][0] + Size * Size, &at[0][0]);
    find_pixels(tiles, std::min(t + 1, end - 1), before, image.channels, image.data + image.first, zeros, next);
    for (int64_t c = 0; c < image.count; c += kLane) {
      Lane d[Size][Size], v[6][6];
      for (int i = 0; i < Size; ++i) {
        for (int j = 0; j < Size; ++j) {
          d[i][j] = load(at[i][j] + c, image.count - c);
          __builtin_prefetch(next[i][j] + c);
        }
      }
      both_sides<Column>(d, v);
      for (int i = 0; i < 6; ++i) {
        for (int j = 0; j < 6; ++j) store(to + (i * 6 + j) * plane + c, v[i][j]);
      }
    }
  }
}

constexpr int64_t kRows = 16;  // of the 36 matrices that one task transforms

// U [36][panels][in][width] = G g G'
void transform_kernel(const KernelView& kernel, Real* u) {
  const int64_t plane = plane_of(kernel.in, whole_lanes(kernel.out));
  for_tasks((kernel.in + kRows - 1) / kRows, [&](int64_t task) {
    for (int64_t o = 0; o < kernel.out; o += kLane) {
      const Panel panel = panel_of(o / kPanel, kernel.out);
      for (int64_t c = task * kRows; c < std::min(kernel.in, (task + 1) * kRows); ++c) {
        Lane g[3][3], t[6][6];
        for (int tap = 0; tap < 9; ++tap) g[tap / 3][tap % 3] = weights_lane(kernel, tap, c, o);
        both_sides<KernelColumn>(g, t);
        Real* to = u + panel.first * kernel.in + c * panel.width + (o - panel.first);
        for (int i = 0; i < 6; ++i) {
          for (int j = 0; j < 6; ++j) store(to + (i * 6 + j) * plane, t[i][j]);
        }
      }
    }
  });
}

// y = max(0, A' m A + bias + plus) for the output channels of one panel.
void transform_back(const Tiles& tiles, int64_t begin, int64_t end, const Panel& panel, int64_t channels, int64_t plane,
                    const Real* m, const Epilogue& epilogue, Real* y) {
  const Real *at[4][4], *next[4][4];
  find_pixels(tiles, begin, 0, channels, y, nullptr, next);
  for (int64_t t = begin; t < end; ++t, m += panel.width) {
    std::copy(&next[0][0], &next[0][0] + 16, &at[0][0]);
    find_pixels(tiles, std::min(t + 1, end - 1), 0, channels, y, nullptr, next);
    for (int64_t o = 0; o < panel.width; o += kLane) {
      Lane d[6][6], r[4][4];
      for (int i = 0; i < 6; ++i) {
        for (int j = 0; j < 6; ++j) d[i][j] = load(m + (i * 6 + j) * plane + o);
      }
      both_sides<OutputColumn>(d, r);
      const int64_t first = panel.first + o, count = channels - first;
      const Lane b = epilogue.bias ? load(epilogue.bias + first, count) : Lane{};
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) {
          if (next[i][j]) {
            __builtin_prefetch(next[i][j] + first, 1);
            if (epilogue.plus) __builtin_prefetch(epilogue.plus + (next[i][j] - y) + first);
          }
          if (!at[i][j]) continue;
          const int64_t to = at[i][j] - y + first;
          store(y + to, finished(r[i][j] + b, epilogue, to, count), count);
        }
      }
    }
  }
}

// A task is a block of tiles, as many as keep its V and M within the second-level cache, and a part of the output
// channels: all, unless there are few blocks. A function of the shape alone.
struct Blocks {
  int64_t tiles, parts;
};
Blocks cut_tiles(const ConvShape& s, int64_t tiles) {
  const int64_t panel = std::min(whole_lanes(s.out), kPanel);
  const int64_t most = 640 * 1024 / (36 * 4 * (whole_lanes(s.in) + panel)) / 6 * 6;
  const int64_t block = std::clamp<int64_t>((tiles / 8 + 5) / 6 * 6, 12, std::clamp<int64_t>(most, 12, 96));
  const int64_t blocks = (tiles + block - 1) / block;
  return {block, std::clamp<int64_t>((4 + blocks - 1) / blocks, 1, panels_of(s.out))};
}

// Chunks of tiles with sums of their own, which are then added in order; parts of the output channels; tiles whose
// transforms are held at a time.
struct Cut {
  int64_t chunks, parts, block;
};
Cut cut_weights(const ConvShape& s, int64_t tiles) {
  const int64_t bytes = 36 * s.in * whole_lanes(s.out) * static_cast<int64_t>(sizeof(Real));
  const int64_t wanted = std::clamp<int64_t>(tiles / 512, 4, 16);
  const int64_t chunks = std::clamp<int64_t>(std::min(tiles / 16, (int64_t{16} << 20) / bytes), 1, wanted);
  return {chunks, std::min(panels_of(s.out), (wanted + chunks - 1) / chunks), std::min<int64_t>(128, tiles)};
}

// dw = G' (sum over the chunks) G, for input channels [begin, end).
void transform_sums(const ConvShape& s, int64_t chunks, const Real* sums, int64_t begin, int64_t end, Real* dw) {
  const int64_t plane = plane_of(s.in, whole_lanes(s.out));
  for (int64_t o = 0; o < s.out; o += kLane) {
    const Panel panel = panel_of(o / kPanel, s.out);
    for (int64_t c = begin; c < end; ++c) {
      Lane t[6][6]{}, g[3][3];
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        const Real* from = sums + chunk * 36 * plane + panel.first * s.in + c * panel.width + (o - panel.first);
        for (int k = 0; k < 36; ++k) t[k / 6][k % 6] += load(from + k * plane);
      }
      both_sides<KernelColumnAdjoint>(t, g);
      for (int tap = 0; tap < 9; ++tap) store(dw + (tap * s.in + c) * s.out + o, g[tap / 3][tap % 3], s.out - o);
    }
  }
}

}  // namespace

void forward(const ConvShape& s, const Real* x, const KernelView& kernel, const Epilogue& epilogue, Real* y) {
  took(Branch::conv_winograd);
  count_flops(2 * s.pixels() * s.patch() * s.out);  // as many as a direct convolution would need
  const Tiles tiles(s);
  const Blocks cut = cut_tiles(s, tiles.count);
  if (cut.parts > 1) took(Branch::conv_winograd_parts);
  const int64_t pitch = whole_lanes(s.in), width = whole_lanes(s.out), panels = panels_of(s.out);
  const int64_t u_plane = plane_of(s.in, width), v_plane = plane_of(cut.tiles, pitch),
                m_plane = plane_of(cut.tiles, std::min(width, kPanel));
  thread_local Workspace transformed;
  Real* const u = transformed.get(36 * u_plane);
  transform_kernel(kernel, u);
  for_tasks((tiles.count + cut.tiles - 1) / cut.tiles * cut.parts, [&](int64_t task) {
    thread_local Workspace space;
    Real* const v = space.get(36 * (v_plane + m_plane));
    Real* const m = v + 36 * v_plane;
    const int64_t part = task % cut.parts, begin = task / cut.parts * cut.tiles;
    const int64_t end = std::min(tiles.count, begin + cut.tiles);
    transform_tiles<InputColumn>(tiles, begin, end, 1, {x, s.in, 0, s.in}, v_plane, v);
    for (int64_t p = panels * part / cut.parts; p < panels * (part + 1) / cut.parts; ++p) {
      const Panel panel = panel_of(p, s.out);
      for (int64_t k = 0; k < 36; ++k) {
        panel_product(end - begin, panel.width, {v + k * v_plane, pitch, 1, s.in}, u + k * u_plane + panel.first * s.in,
                      false, m + k * m_plane);
      }
      transform_back(tiles, begin, end, panel, s.out, m_plane, m, epilogue, y);
    }
  });
}

void backward_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw) {
  const Tiles tiles(s);
  const Cut cut = cut_weights(s, tiles.count);
  took(Branch::conv_weights_winograd);
  if (cut.parts > 1) took(Branch::conv_weights_parts);
  count_flops(2 * s.pixels() * s.patch() * s.out);
  const int64_t pitch = whole_lanes(s.in), width = whole_lanes(s.out), plane = plane_of(s.in, width);
  thread_local Workspace partial;
  Real* const sums = partial.get(cut.chunks * 36 * plane);
  const int64_t v_plane = plane_of(cut.block, pitch), r_plane = plane_of(cut.block, std::min(width, kPanel));
  for_tasks(cut.chunks * cut.parts, [&](int64_t task) {
    thread_local Workspace space;
    Real* const v = space.get(36 * (v_plane + r_plane));
    Real* const r = v + 36 * v_plane;
    const int64_t chunk = task / cut.parts, part = task % cut.parts, panels = panels_of(s.out);
    const int64_t first = tiles.count * chunk / cut.chunks, last = tiles.count * (chunk + 1) / cut.chunks;
    for (int64_t begin = first; begin < last; begin += cut.block) {
      const int64_t end = std::min(last, begin + cut.block), count = end - begin;
      transform_tiles<InputColumn>(tiles, begin, end, 1, {x, s.in, 0, s.in}, v_plane, v);
      for (int64_t p = panels * part / cut.parts; p < panels * (part + 1) / cut.parts; ++p) {
        const Panel panel = panel_of(p, s.out);
        transform_tiles<OutputColumnAdjoint>(
            tiles, begin, end, 0, {dy, s.out, panel.first, std::min(panel.width, s.out - panel.first)}, r_plane, r);
        for (int64_t k = 0; k < 36; ++k) {
          panel_product(s.in, panel.width, {v + k * v_plane, 1, pitch, count}, r + k * r_plane, begin != first,
                        sums + (chunk * 36 + k) * plane + panel.first * s.in);
        }
      }
    }
  });
  for_tasks((s.in + kRows - 1) / kRows, [&](int64_t task) {
    transform_sums(s, cut.chunks, sums, task * kRows, std::min(s.in, (task + 1) * kRows), dw);
  });
}

namespace {

constexpr double kB[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                             {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};  // B'
constexpr double kG[6][3] = {{1. / 4, 0, 0},
                             {-1. / 6, -1. / 6, -1. / 6},
                             {-1. / 6, 1. / 6, -1. / 6},
                             {1. / 24, 1. / 12, 1. / 6},
                             {1. / 24, -1. / 12, 1. / 6},
                             {0, 0, 1}};
constexpr double kA[4][6] = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};  // A'

// y = M x M', or M' x M
template <int Rows, int Columns>
void both_sides_naive(const double (&m)[Rows][Columns], const double (&x)[Columns][Columns], double (&y)[Rows][Rows]) {
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Rows; ++j) {
      y[i][j] = 0;
      for (int k = 0; k < Columns; ++k)
        for (int l = 0; l < Columns; ++l) y[i][j] += m[i][k] * x[k][l] * m[j][l];
    }
}
template <int Rows, int Columns>
void both_sides_adjoint(const double (&m)[Rows][Columns], const double (&x)[Rows][Rows],
                        double (&y)[Columns][Columns]) {
  double transposed[Columns][Rows];
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Columns; ++j) transposed[j][i] = m[i][j];
  both_sides_naive(transposed, x, y);
}

}  // namespace

void tile_naive(const double (&d)[6][6], const double (&g)[3][3], double (&y)[4][4]) {
  double u[6][6], v[6][6];
  both_sides_naive(kG, g, u);
  both_sides_naive(kB, d, v);
  for (int i = 0; i < 36; ++i) u[i / 6][i % 6] *= v[i / 6][i % 6];
  both_sides_naive(kA, u, y);
}

void tile_backward_weights_naive(const double (&d)[6][6], const double (&dy)[4][4], double (&dg)[3][3]) {
  double r[6][6], v[6][6];
  both_sides_adjoint(kA, dy, r);
  both_sides_naive(kB, d, v);
  for (int i = 0; i < 36; ++i) r[i / 6][i % 6] *= v[i / 6][i % 6];
  both_sides_adjoint(kG, r, dg);
}

}  // namespace bijou
