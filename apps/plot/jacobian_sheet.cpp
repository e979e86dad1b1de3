// The Jacobian matrices of all layers of a flow on one sheet.

#include <algorithm>
#include <cmath>

#include "apps/plot/jacobians.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/magnitudes.hpp"

namespace bijou::plot {

namespace {

using detail::caption_size;
using detail::lines_height;
using detail::page_margin;

constexpr double gap = 26.0;      // between maps side by side
constexpr double below = 12.0;    // between a map and its words
constexpr double row_gap = 30.0;  // between words and the next row of maps
constexpr double scale_gap = 24.0;

/// The words below one map.
struct Words {
  std::vector<std::string> title, equation;
};

/// Where the maps lie: the more there are, the smaller they get, down to what can still be read.
struct Layout {
  std::size_t columns = 1;
  double side = 300.0, font = 17.0;
  std::vector<std::string> heading;
  std::vector<Words> words;
  std::vector<double> row_y;
  double top = 0.0, width = 0.0, height = 0.0;

  Layout(const std::vector<JacobianView>& layers, const std::string& title) {
    const std::size_t n = layers.size();
    choose_size(n);
    width = right() + scale_gap + detail::scale_space + page_margin;
    heading = detail::wrap_text(title, caption_size, width - 2.0 * page_margin);
    top = std::round(page_margin + (heading.empty() ? 0.0 : lines_height(heading.size(), caption_size) + 24.0));
    double y = top;
    for (std::size_t first = 0; first < n; first += columns) {
      // A row is as high as the longest words in it.
      std::size_t lines = 0;
      for (std::size_t i = first; i < std::min(n, first + columns); ++i) {
        words.push_back(
            {detail::fit_text(layers[i].title, font, side, 2), detail::fit_text(layers[i].equation, font, side, 3)});
        lines = std::max(lines, words[i].title.size() + words[i].equation.size());
      }
      row_y.push_back(std::round(y));
      y = row_y.back() + side + below + lines_height(lines, font) + row_gap;
    }
    height = (n == 0 ? top + 160.0 : y - row_gap) + page_margin;
  }
  void choose_size(std::size_t n) {
    constexpr struct {
      std::size_t layers, columns;
      double side, font;
    } sizes[] = {{12, 4, 300.0, 17.0}, {30, 6, 230.0, 16.0}, {60, 8, 200.0, 15.0}};
    columns = 10;
    side = 190.0;
    font = 15.0;
    for (const auto& size : sizes) {
      if (n > size.layers) continue;
      columns = std::clamp<std::size_t>(n, 2, size.columns);
      side = size.side;
      font = size.font;
      return;
    }
  }
  double right() const { return page_margin + static_cast<double>(columns) * (side + gap) - gap; }
  Rect square(std::size_t i) const {
    return {page_margin + static_cast<double>(i % columns) * (side + gap), row_y[i / columns], side, side};
  }
};

void draw_layer(Canvas& canvas, const Rect& square, const JacobianView& layer, const Words& words, double font,
                const detail::MagnitudeScale& scale) {
  const Rect frame = detail::frame_in(layer.ordered, square);
  detail::draw_magnitudes(canvas, frame, layer.ordered, scale);
  detail::stroke_outside(canvas, frame);
  Point under{square.x, square.bottom() + below};
  detail::draw_lines(canvas, under, words.title, {.size = font});
  under.y += static_cast<double>(words.title.size()) * detail::line_height * font;
  detail::draw_lines(canvas, under, words.equation, {.size = font, .color = palette::soft_ink});
}

}  // namespace

void jacobian_sheet(const std::string& path, const std::vector<JacobianView>& layers, const std::string& title) {
  detail::Magnitudes magnitudes;
  for (const JacobianView& layer : layers) {
    detail::check_matrix(layer.ordered, "jacobian_sheet", "the ordered matrix of \"" + layer.title + "\"");
    magnitudes.add(layer.ordered);
  }
  const Layout layout(layers, title);
  Canvas canvas(static_cast<int>(layout.width), static_cast<int>(std::ceil(layout.height)));
  detail::draw_lines(canvas, {page_margin, page_margin}, layout.heading, {.size = caption_size, .bold = true});
  for (std::size_t i = 0; i < layers.size(); ++i) {
    draw_layer(canvas, layout.square(i), layers[i], layout.words[i], layout.font, magnitudes.scale());
  }
  if (layers.empty()) {
    detail::draw_note(canvas, {0.0, layout.top, layout.width, 160.0}, "no layers");
  } else {
    const double tall = layout.row_y.size() > 1 ? layout.row_y[1] + layout.side - layout.top : layout.side;
    detail::draw_magnitude_scale(canvas,
                                 {layout.right() + scale_gap, layout.top, detail::scale_width, std::min(tall, 480.0)},
                                 magnitudes.scale());
  }
  canvas.write_png(path);
}

}  // namespace bijou::plot
