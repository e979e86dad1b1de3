#include "apps/pictures.hpp"

#include "apps/density.hpp"
#include "apps/model_pictures.hpp"
#include "apps/output.hpp"
#include "apps/progress.hpp"
#include "datasets/loader.hpp"

#include <cmath>
#include <cstdio>
#include <numeric>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using plot::Point;

plot::Images stack(const Tensor& x, const std::function<double(double)>& grey) {
  std::vector<double> pixels;
  pixels.reserve(static_cast<size_t>(x.numel()));
  for (Real v : x.data()) pixels.push_back(grey(static_cast<double>(v)));
  const Shape s = x.shape();
  return plot::Images(pixels, static_cast<size_t>(s[0]), static_cast<size_t>(s[1]), static_cast<size_t>(s[2]),
                      static_cast<size_t>(s[3]));
}

Tensor as_tensor(const std::vector<Point>& points) {
  Tensor t({static_cast<int64_t>(points.size()), 2});
  auto out = t.mutable_data();
  for (size_t i = 0; i < points.size(); ++i) {
    out[2 * i] = static_cast<Real>(points[i].x);
    out[2 * i + 1] = static_cast<Real>(points[i].y);
  }
  return t;
}

constexpr double kExtent = 4;  // the toys live in [-4, 4]^2

// Straight lines, two sets of them, over [-extent, extent]^2.
plot::LatticePanel straight_grid(double extent, int lines) {
  constexpr int kSteps = 4000;  // the map may be steep
  plot::LatticePanel panel;
  for (int i = 0; i < lines; ++i) {
    const double at = -extent + 2 * extent * i / (lines - 1);
    plot::Polyline vertical, horizontal;
    for (int k = 0; k <= kSteps; ++k) {
      const double along = -extent + 2 * extent * k / kSteps;
      vertical.push_back({at, along});
      horizontal.push_back({along, at});
    }
    panel.vertical.push_back(vertical);
    panel.horizontal.push_back(horizontal);
  }
  return panel;
}

template <class Map>
plot::LatticePanel bent(const plot::LatticePanel& panel, const Map& map) {
  plot::LatticePanel out;
  out.points = as_points(map(as_tensor(panel.points)));
  for (const auto& line : panel.vertical) out.vertical.push_back(as_points(map(as_tensor(line))));
  for (const auto& line : panel.horizontal) out.horizontal.push_back(as_points(map(as_tensor(line))));
  return out;
}

}  // namespace

int64_t fit_on_sheet(int64_t wanted, const Shape& image) {
  constexpr int64_t kMostNumbers = 1 << 24;
  return std::clamp<int64_t>(kMostNumbers / image.numel(), 1, wanted);
}

Tensor whole_levels(const Tensor& x, int levels) {
  Tensor whole(x.shape());
  for (int64_t k = 0; k < x.numel(); ++k)
    whole.mutable_data()[k] = std::clamp<Real>(std::floor(x.data()[k]), 0, static_cast<Real>(levels - 1));
  return whole;
}

void append_grey(std::vector<double>& grey, const Tensor& x, int levels) {
  for (const Real v : x.data()) grey.push_back(std::floor(static_cast<double>(v)) / (levels - 1));
}

plot::Images images(const std::vector<double>& grey, const Shape& image) {
  return plot::Images(grey, grey.size() / static_cast<size_t>(image.numel()), static_cast<size_t>(image[0]),
                      static_cast<size_t>(image[1]), static_cast<size_t>(image[2]));
}

std::vector<Point> as_points(const Tensor& x) {
  std::vector<Point> points;
  for (int64_t i = 0; i < x.shape()[0]; ++i) points.push_back({double(x.data()[2 * i]), double(x.data()[2 * i + 1])});
  return points;
}

void draw_reconstructions(const std::string& path, const FlowModel& model, const Examples& examples, int levels) {
  const int64_t n = std::min(fit_on_sheet(24, examples.shape().from(1)), examples.size());
  const Tensor x = dequantise(examples.rows(0, n), levels, 1);
  const Tensor back = model.bijection().inverse(model.bijection().forward(x).y.value());
  // Not rounded to integers: that would hide the error.
  const auto grey = [&](double v) { return levels > 0 ? v / levels : v; };
  plot::pairs_sheet(path, stack(x, grey), stack(back, grey),
                    {.columns = 12, .caption = "images x (dequantised, as shares of their range), and f⁻¹(f(x))"});
}

void draw_latents(const std::string& path, const FlowModel& model, const Examples& examples, int levels,
                  const std::string& title) {
  constexpr int64_t kMost = 5000;
  const int64_t n = std::min(kMost, examples.size());
  std::vector<int64_t> index(static_cast<size_t>(n));
  std::iota(index.begin(), index.end(), 0);
  const auto first_two = [](std::vector<Point>& points, const Tensor& z) {
    const int64_t d = z.shape()[1];
    for (int64_t i = 0; i < z.shape()[0]; ++i) points.push_back({double(z.data()[i * d]), double(z.data()[i * d + 1])});
  };
  std::vector<Point> points, prior;
  for_each_block(examples.select(index), levels,
                 [&](const Tensor& x, int64_t) { first_two(points, model.bijection().forward(x).y.value()); });
  Rng rng(0, stream("prior"));
  for (int64_t block = 0; block < 40; ++block) first_two(prior, model.base().sample(500, rng, 1));
  plot::latent_scatter(path, points, prior, title);
}

void draw_triptych(const std::string& path, const FlowModel& model, const Dataset& data, uint64_t seed) {
  constexpr int64_t kGrid = 240, kPoints = 5000;
  std::vector<Point> centres;
  for (int64_t j = 0; j < kGrid; ++j) {
    for (int64_t i = 0; i < kGrid; ++i) {
      const auto at = [](int64_t k) { return -kExtent + 2 * kExtent * (static_cast<double>(k) + 0.5) / kGrid; };
      centres.push_back({at(i), at(j)});
    }
  }
  std::vector<double> density;
  const Tensor log_p = model.log_prob(as_tensor(centres)).value();
  for (Real v : log_p.data()) density.push_back(std::exp(static_cast<double>(v)));
  Rng rng(seed, stream("picture"));
  plot::triptych(path, as_points(data.test.rows(0, std::min(kPoints, data.test.size()))),
                 as_points(model.sample(kPoints, rng)), density, kGrid, kGrid, {.title = data.name});
}

// RealNVP figure 1: x -> z above, z -> x below.
void draw_lattice(const std::string& path, const FlowModel& model, const Dataset& data, uint64_t seed) {
  constexpr int64_t kPoints = 1500;
  constexpr double kLatent = 3;
  Rng rng(seed, stream("lattice"));
  plot::LatticePanel x = straight_grid(kExtent, 17), z = straight_grid(kLatent, 17);
  x.points = as_points(data.test.rows(0, std::min(kPoints, data.test.size())));
  z.points = as_points(Tensor::randn({kPoints, 2}, rng));
  plot::LatticePanel fx = bent(x, [&](const Tensor& t) { return model.bijection().forward(t).y.value(); });
  plot::LatticePanel gz = bent(z, [&](const Tensor& t) { return model.bijection().inverse(t); });
  const plot::Range wide{-kExtent, kExtent}, narrow{-kLatent - 0.5, kLatent + 0.5};
  const auto frame = [](plot::LatticePanel& panel, const char* title, plot::Range range) {
    panel.title = title;
    panel.x = panel.y = range;
  };
  frame(x, "data x", wide);
  frame(fx, "latents z = f(x)", narrow);
  frame(z, "latents z ~ N(0, I)", narrow);
  frame(gz, "samples x = g(z)", wide);
  plot::lattice(path, {{.from = x, .to = fx, .arrow = "f"}, {.from = z, .to = gz, .arrow = "g"}}, data.name);
}

void draw_curve(const std::string& path, const std::string& family, const Dataset& data,
                const std::vector<LoopState::Row>& history, const std::vector<NamedFigure>& baselines) {
  const Unit unit = unit_of(data.levels, data.dimensions());
  plot::Curve train{.label = "train", .x = {}, .y = {}, .kind = plot::Curve::Kind::training};
  plot::Curve validation{.label = "validation", .x = {}, .y = {}, .kind = plot::Curve::Kind::validation};
  for (const LoopState::Row& p : history) {
    train.x.push_back(p.epoch);
    train.y.push_back(p.train * unit.per_nat);
    validation.x.push_back(p.epoch);
    validation.y.push_back(p.validation * unit.per_nat);
  }
  plot::CurveStyle style{.title = text("training ", family_title(family), " on ", data.name), .y_label = unit.name};
  for (const NamedFigure& b : baselines) style.baselines.push_back({b.name, b.nats * unit.per_nat});
  plot::training_curve(path, {train, validation}, style);
}

void draw_samples(const std::string& path, const FlowModel& model, int levels, const Draw& draw) {
  constexpr int64_t kMost = 10'000, kMostPixels = 1 << 26;
  const Shape s = model.bijection().input_shape();
  const int64_t most = std::clamp<int64_t>(kMostPixels / s.numel(), 1, kMost);
  if (draw.count > most)
    fail<UsageError>("a picture of ", draw.count, " samples ", s, " is too large; give a --count of at most ", most);
  std::vector<double> grey;
  int64_t broken = 0;
  for_each_sample(model, draw, [&](const Tensor& x) {
    for (int64_t i = 0; i < x.shape()[0]; ++i) broken += !math::all_finite(x.rows(i, i + 1));
    append_grey(grey, x, levels);
  });
  if (broken > 0)
    std::fprintf(stderr, "warning: %lld of %lld samples are not finite, and orange in the picture\n",
                 static_cast<long long>(broken), static_cast<long long>(draw.count));
  const std::string caption = text(draw.count, " samples") +
                              (draw.temperature == 1 ? "" : text(" at temperature ", draw.temperature)) +
                              (broken == 0 ? "" : text(", ", broken, " of them not finite: orange"));
  writing([&] { plot::image_grid(path, images(grey, s), {.caption = caption, .gap = 2}); });
}

void draw_model(const std::function<std::string(const char*)>& file, const std::string& family, const FlowModel& model,
                const Dataset& data, uint64_t seed) {
  if (data.is_image() && data.levels > 1) {
    const int64_t count = fit_on_sheet(100, data.example_shape());
    draw_samples(file("samples.png"), model, data.levels, {.count = count, .seed = seed});
    draw_reconstructions(file("reconstructions.png"), model, data.test, data.levels);
    if (family == "nice") draw_inpainting(file("inpainting.png"), model, data, seed);
    if (family == "glow") {
      const int64_t columns = columns_on_sheet(8, data.example_shape());
      draw_temperatures(file("temperatures.png"), model, data.levels, {.count = columns, .seed = seed});
    }
    if (model.has_classes()) draw_classes(file("classes.png"), model, data.levels, seed);
  } else if (data.columns.empty() && data.dimensions() == 2) {
    draw_triptych(file("density.png"), model, data, seed);
    draw_lattice(file("lattice.png"), model, data, seed);
  }
  if (family == "nice") draw_spectrum(file("spectrum.png"), model);
}

std::vector<std::string> draw_run(const RunFolder& run, const std::string& family, const FlowModel& model,
                                  const Dataset& data, const std::vector<LoopState::Row>& history,
                                  const std::vector<NamedFigure>& baselines, uint64_t seed) {
  std::vector<std::string> files;
  const auto file = [&](const char* name) { return files.emplace_back(run.file(name)); };
  writing([&] {
    draw_model(file, family, model, data, seed);
    if (!history.empty()) draw_curve(file("curve.png"), family, data, history, baselines);
  });
  return files;
}

}  // namespace bijou
