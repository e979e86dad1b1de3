// Sheets of images: samples in a grid, and pairs of real images and reconstructions.

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "apps/plot/axes.hpp"
#include "apps/plot/font.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/pictures.hpp"

namespace bijou::plot {

namespace {

using detail::font_size;
using detail::page_margin;

constexpr double sheet_width = 900.0;
constexpr double largest_tile = 256.0;      // a single small image is not blown up to the whole width
constexpr Color paper_edge{214, 217, 224};  // around white tiles on the white page
constexpr Color slate{92, 100, 118};        // between dark tiles, whose white strokes reach their borders

constexpr Color veil{170, 206, 232};  // over pixels that are hidden

/// Where the tiles of a sheet lie.
struct Tiles {
  int scale = 1;
  int gap = 4;
  double tile_w = 0.0, tile_h = 0.0;

  Tiles(std::size_t columns, std::size_t w, std::size_t h, double width, int fixed_gap = 0) {
    const double across = static_cast<double>(columns);
    const double side = static_cast<double>(std::max(w, h));
    // Rounded down, unless the next factor is near: a sheet a little too wide is better than one of half the width.
    const double wanted = std::floor((width / across - gap) / static_cast<double>(w) + 0.4);
    scale = static_cast<int>(std::max(1.0, std::min(wanted, std::floor(largest_tile / side))));
    gap = fixed_gap > 0 ? fixed_gap : std::max(4, static_cast<int>(0.035 * side * scale));
    tile_w = static_cast<double>(w) * scale;
    tile_h = static_cast<double>(h) * scale;
  }
  double step_x() const { return tile_w + gap; }
  double step_y() const { return tile_h + gap; }
  double width(std::size_t columns) const { return static_cast<double>(columns) * step_x() - gap; }
  double height(std::size_t rows) const { return static_cast<double>(rows) * step_y() - gap; }
};

std::uint8_t to_byte(double v) { return static_cast<std::uint8_t>(std::lround(255.0 * std::clamp(v, 0.0, 1.0))); }

/// The bytes of image i, ready for the canvas.
std::vector<std::uint8_t> image_bytes(const Images& images, std::size_t i, Ink ink) {
  std::vector<std::uint8_t> bytes;
  const std::size_t size = images.h * images.w;
  bytes.reserve(3 * size);
  for (std::size_t p = 0; p < size; ++p) {
    const double* pixel = images.pixels.data() + (i * size + p) * images.c;
    const double rgb[] = {pixel[0], pixel[images.c / 2], pixel[images.c - 1]};
    if (std::isnan(rgb[0]) || std::isnan(rgb[1]) || std::isnan(rgb[2])) {
      bytes.insert(bytes.end(), {palette::vermillion.r, palette::vermillion.g, palette::vermillion.b});
      continue;
    }
    const bool invert = images.c == 1 && ink == Ink::dark;
    for (const double v : rgb) bytes.push_back(to_byte(invert ? 1.0 - v : v));
  }
  return bytes;
}

/// Draws the bytes of an image of the stack's shape at one place.
void draw_bytes(Canvas& canvas, const Images& images, const std::vector<std::uint8_t>& bytes, Ink ink, double x,
                double y, int scale) {
  if (images.c == 1) {
    const double edge = ink == Ink::dark ? 1.0 : 2.0;
    const Rect mat{x - edge, y - edge, static_cast<double>(images.w) * scale + 2.0 * edge,
                   static_cast<double>(images.h) * scale + 2.0 * edge};
    canvas.fill_rect(mat, ink == Ink::dark ? paper_edge : slate);
  }
  canvas.blit(bytes, static_cast<int>(images.w), static_cast<int>(images.h), static_cast<int>(x), static_cast<int>(y),
              scale);
}

void draw_image(Canvas& canvas, const Images& images, std::size_t i, Ink ink, double x, double y, int scale) {
  draw_bytes(canvas, images, image_bytes(images, i, ink), ink, x, y, scale);
}

double widest(const std::vector<std::string>& texts, double size) {
  double width = 0.0;
  for (const std::string& text : texts) width = std::max(width, text_width(text, size));
  return width;
}

std::size_t columns_for(std::size_t n) {
  const auto root = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  return std::clamp<std::size_t>(root, 1, 20);
}

/// An empty page with its caption, as wide as the sheet and the caption need.
struct Page {
  Canvas canvas;
  double top;   // where the sheet begins
  double left;  // where the tiles begin: after the row labels, and centred below a wide caption

  static Page make(double tiles_width, double tiles_height, double labels_width, const std::string& caption) {
    const double needed = tiles_width + labels_width;
    // A sheet narrower than its caption gets wider, but never wider than the usual sheet.
    const double caption_width = std::min(text_width(caption, detail::caption_size), sheet_width);
    const double inner = std::max({needed, caption_width, 240.0});
    const auto lines = detail::wrap_text(caption, detail::caption_size, inner);
    double top = page_margin;
    if (!lines.empty()) top += detail::lines_height(lines.size(), detail::caption_size) + 20.0;
    Page page{Canvas(static_cast<int>(std::ceil(inner + 2.0 * page_margin)),
                     static_cast<int>(std::ceil(top + tiles_height + page_margin))),
              std::round(top), std::round(page_margin + 0.5 * (inner - needed) + labels_width)};
    detail::draw_lines(page.canvas, {page.canvas.bounds().center_x(), page_margin}, lines,
                       {.size = detail::caption_size, .align = Align::center});
    return page;
  }
};

void write_empty_sheet(const std::string& path, const std::string& caption) {
  constexpr double height = 160.0;
  Page page = Page::make(480.0, height, 0.0, caption);
  detail::draw_note(page.canvas, {0.0, page.top, page.canvas.bounds().w, height}, "no images");
  page.canvas.write_png(path);
}

/// The largest absolute difference; NaN if any difference is NaN.
double largest_error(const Images& a, const Images& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    const double error = std::abs(a.pixels[i] - b.pixels[i]);
    if (!(error <= largest)) largest = error;
    if (std::isnan(largest)) break;
  }
  return largest;
}

/// The largest power of ten that does not push the largest error beyond 1.
double factor_for(double error) {
  if (!std::isfinite(error) || error <= 0.0) return 1.0;
  return std::pow(10.0, std::clamp(std::floor(-std::log10(error)), 0.0, 18.0));
}

Images scaled_error(const Images& a, const Images& b, double factor) {
  Images error = a;
  for (std::size_t i = 0; i < error.pixels.size(); ++i) {
    error.pixels[i] = factor * std::abs(a.pixels[i] - b.pixels[i]);
  }
  return error;
}

bool same_shape(const Images& a, const Images& b) { return a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c; }

/// Three kinds of each image below each other, in bands where one row does not hold all images. The bytes of a kind
/// of image i come from `bytes(kind, i)`.
template <typename Bytes>
void draw_bands(const std::string& path, const Images& images, const SheetStyle& style, const Bytes& bytes) {
  const std::size_t columns = style.columns > 0 ? style.columns : std::min<std::size_t>(images.n, 12);
  const std::size_t bands = (images.n + columns - 1) / columns;
  const std::size_t kinds = style.row_labels.size();
  const double labels_width = widest(style.row_labels, font_size) + 16.0;
  const Tiles tiles(columns, images.w, images.h, sheet_width - labels_width);
  const double band_gap = std::max(16.0, 0.3 * tiles.tile_h);
  const double band_height = tiles.height(kinds);
  const double height = static_cast<double>(bands) * (band_height + band_gap) - band_gap;
  Page page = Page::make(tiles.width(columns), height, labels_width, style.caption);
  for (std::size_t band = 0; band < bands; ++band) {
    const double top = std::round(page.top + static_cast<double>(band) * (band_height + band_gap));
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      const double y = top + static_cast<double>(kind) * tiles.step_y();
      page.canvas.text({page.left - 16.0, y + 0.5 * tiles.tile_h}, style.row_labels[kind],
                       {.size = font_size, .align = Align::right, .vertical = VerticalAlign::middle});
      for (std::size_t i = band * columns; i < std::min(images.n, (band + 1) * columns); ++i) {
        draw_bytes(page.canvas, images, bytes(kind, i), style.ink,
                   page.left + static_cast<double>(i % columns) * tiles.step_x(), y, tiles.scale);
      }
    }
  }
  page.canvas.write_png(path);
}

}  // namespace

void Images::check() const {
  if (c != 1 && c != 3) throw std::invalid_argument("images need 1 or 3 channels");
  if (pixels.size() != n * h * w * c) throw std::invalid_argument("the pixels do not fit the images' shape");
}

void image_grid(const std::string& path, const Images& images, const SheetStyle& style) {
  images.check();
  if (images.pixels.empty()) return write_empty_sheet(path, style.caption);
  const std::size_t columns = style.columns > 0 ? style.columns : columns_for(images.n);
  const std::size_t rows = (images.n + columns - 1) / columns;
  const double labels = style.row_labels.empty() ? 0.0 : widest(style.row_labels, font_size) + 16.0;
  const Tiles tiles(columns, images.w, images.h, sheet_width - labels, style.gap);
  Page page = Page::make(tiles.width(columns), tiles.height(rows), labels, style.caption);
  for (std::size_t i = 0; i < images.n; ++i) {
    const double x = page.left + static_cast<double>(i % columns) * tiles.step_x();
    const std::size_t row = i / columns;
    const double y = page.top + static_cast<double>(row) * tiles.step_y();
    draw_image(page.canvas, images, i, style.ink, x, y, tiles.scale);
  }
  for (std::size_t row = 0; row < std::min(rows, style.row_labels.size()); ++row) {
    const double y = page.top + static_cast<double>(row) * tiles.step_y() + 0.5 * tiles.tile_h;
    page.canvas.text({page.left - 16.0, y}, style.row_labels[row],
                     {.size = font_size, .align = Align::right, .vertical = VerticalAlign::middle});
  }
  page.canvas.write_png(path);
}

void pairs_sheet(const std::string& path, const Images& originals, const Images& reconstructions,
                 const PairsStyle& style) {
  originals.check();
  reconstructions.check();
  if (!same_shape(originals, reconstructions)) {
    throw std::invalid_argument("images and reconstructions differ in shape");
  }
  if (originals.pixels.empty()) return write_empty_sheet(path, style.caption);
  const double error = largest_error(originals, reconstructions);
  const double factor = style.error_factor > 0.0 ? style.error_factor : factor_for(error);
  const Images errors = scaled_error(originals, reconstructions, factor);
  const std::string factor_text = factor == 1.0 ? "|error|" : "|error| \u00d7 " + pretty_number(factor, 3);
  const std::vector<std::string> labels = {"real", "reconstructed", factor_text};
  std::string caption = style.caption.empty() ? "" : style.caption + " \u2014 ";
  caption += "largest |error| " + pretty_number(error, 2);

  draw_bands(path, originals, {.columns = style.columns, .caption = caption, .row_labels = labels, .ink = style.ink},
             [&](std::size_t kind, std::size_t i) {
               const Images* const kinds[] = {&originals, &reconstructions, &errors};
               return image_bytes(*kinds[kind], i, style.ink);
             });
}

void inpainting_sheet(const std::string& path, const Images& originals, const std::vector<bool>& hidden,
                      const Images& filled, const SheetStyle& style) {
  originals.check();
  filled.check();
  if (!same_shape(originals, filled)) {
    throw std::invalid_argument("inpainting_sheet: the originals and the filled-in images differ in shape");
  }
  const std::size_t size = originals.h * originals.w;
  if (hidden.size() != originals.n * size) {
    throw std::invalid_argument("inpainting_sheet: " + std::to_string(hidden.size()) + " values in hidden for " +
                                std::to_string(originals.n * size) +
                                " pixels; it needs one per pixel, not per channel");
  }
  const std::vector<std::string> usual = {"original", "masked", "filled in"};
  const std::vector<std::string>& labels = style.row_labels.empty() ? usual : style.row_labels;
  if (labels.size() != usual.size()) {
    throw std::invalid_argument("inpainting_sheet: " + std::to_string(labels.size()) +
                                " row labels; give three, or none for the usual ones");
  }
  if (originals.pixels.empty()) return write_empty_sheet(path, style.caption);
  draw_bands(path, originals, {style.columns, style.caption, labels, style.ink}, [&](std::size_t kind, std::size_t i) {
    auto bytes = image_bytes(kind == 2 ? filled : originals, i, style.ink);
    for (std::size_t p = 0; kind == 1 && p < size; ++p) {
      if (!hidden[i * size + p]) continue;
      bytes[3 * p] = veil.r;
      bytes[3 * p + 1] = veil.g;
      bytes[3 * p + 2] = veil.b;
    }
    return bytes;
  });
}

}  // namespace bijou::plot
