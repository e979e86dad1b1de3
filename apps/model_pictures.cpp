#include "apps/model_pictures.hpp"

#include "apps/pictures.hpp"
#include "apps/plot/pictures.hpp"
#include "flows/diagonal_scale.hpp"
#include "flows/inpainting.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Which pixels of image n are hidden: by turns the lower half, the right half, the upper half, the left half, and a
// random three quarters of all pixels.
bool is_hidden(int64_t n, int64_t row, int64_t column, const Shape& s, Rng& rng) {
  switch (n % 5) {
    case 0:
      return 2 * row >= s[0];
    case 1:
      return 2 * column >= s[1];
    case 2:
      return 2 * row < s[0];
    case 3:
      return 2 * column < s[1];
    default:
      return rng.uniform() < 0.75;
  }
}

constexpr int64_t kColumns = 12;

}  // namespace

int64_t columns_on_sheet(int64_t rows, const Shape& image) {
  return std::max<int64_t>(1, fit_on_sheet(rows * kColumns, image) / rows);
}

void draw_spectrum(const std::string& path, const FlowModel& model) {
  const Module* last = model.bijection().children().back().get();
  const auto* scale = dynamic_cast<const DiagonalScale*>(last);
  require(scale != nullptr, "draw_spectrum", model.title(), " does not end in a diagonal scaling layer");
  plot::spectrum(
      path, scale->spectrum(),
      {.title = "the spectrum of S",
       .x_label = "latent dimension, sorted",
       .y_label = "\u03c3_d = 1 / S_dd",
       .caption = {"A large \u03c3_d is a direction in which the data vary; a small one is nearly constant, and "
                   "could be left out (NICE section 3.3)."}});
}

void draw_inpainting(const std::string& path, const FlowModel& model, const Dataset& data, uint64_t seed) {
  const Shape s = data.example_shape();
  const int64_t n = std::min(fit_on_sheet(2 * kColumns, s), data.test.size());
  const Tensor x = dequantise(data.test.rows(0, n), data.levels, seed);
  Tensor hidden(x.shape());
  std::vector<bool> mask;
  Rng rng(seed, stream("inpainting"));
  for (int64_t i = 0, k = 0; i < n; ++i) {
    for (int64_t row = 0; row < s[0]; ++row) {
      for (int64_t column = 0; column < s[1]; ++column) {
        mask.push_back(is_hidden(i, row, column, s, rng));
        for (int64_t c = 0; c < s[2]; ++c) hidden.mutable_data()[k++] = mask.back();
      }
    }
  }
  const Tensor filled =
      inpaint(model, guess_hidden(model, x, hidden, rng), hidden, rng, {.high = static_cast<double>(data.levels)});
  std::vector<double> before, after;
  append_grey(before, x, data.levels);
  append_grey(after, filled, data.levels);
  plot::inpainting_sheet(
      path, images(before, s), mask, images(after, s),
      {.columns = kColumns, .caption = "test images, what the model sees of them, and what it fills in"});
}

void draw_temperatures(const std::string& path, const FlowModel& model, int levels, Draw draw) {
  std::vector<double> grey;
  plot::SheetStyle style{.columns = static_cast<size_t>(draw.count),
                         .caption = "the same latents at rising temperature"};
  for (const double temperature : {0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}) {
    style.row_labels.push_back(text("T = ", temperature));
    draw.temperature = temperature;
    for_each_sample(model, draw, [&](const Tensor& x) { append_grey(grey, x, levels); });
  }
  plot::image_grid(path, images(grey, model.bijection().input_shape()), style);
}

void draw_classes(const std::string& path, const FlowModel& model, int levels, uint64_t seed) {
  const Shape image = model.bijection().input_shape();
  const int64_t columns = columns_on_sheet(model.classes(), image);
  std::vector<double> grey;
  Draw draw{.count = columns * model.classes(), .temperature = 0.5, .seed = seed};
  plot::SheetStyle style{.columns = static_cast<size_t>(columns), .caption = "samples by class, at temperature 0.5"};
  for (int y = 0; y < model.classes(); ++y) {
    style.row_labels.push_back(text(y));
    draw.labels.insert(draw.labels.end(), static_cast<size_t>(columns), y);
  }
  for_each_sample(model, draw, [&](const Tensor& x) { append_grey(grey, x, levels); });
  plot::image_grid(path, images(grey, image), style);
}

}  // namespace bijou
