// bijou jacobian lesson: the change of variables in one dimension.
//
//   p_Y(y) = p_X(x) / |dy/dx|,  y = F(x)                    NICE eq. (1), RealNVP eq. (2), in one dimension
//
// The more evenly y is spread, the more it tells about x: infomax (Bell and Sejnowski 1995). With F the distribution
// function of x, y would be uniform; this F has the right places and is a little too soft.
#include "apps/jacobian.hpp"
#include "apps/options.hpp"
#include "apps/plot/pictures.hpp"
#include "autograd/ops.hpp"

#include <cmath>
#include <iostream>
#include <numbers>

namespace bijou::inline BIJOU_SCALAR {
namespace {

struct Bump {
  double weight, mean, deviation;
};
constexpr Bump kDensity[] = {{0.45, -1.7, 0.55}, {0.55, 1.3, 0.9}};
constexpr double kSoftness = 0.7;  // of a sigmoid, in deviations; at 0.59 it would be close to a Gaussian's F

double density(double x) {
  double p = 0;
  for (const auto& [w, m, sd] : kDensity) {
    const double e = (x - m) / sd;
    p += w * std::exp(-0.5 * e * e) / (sd * std::sqrt(2 * std::numbers::pi));
  }
  return p;
}

// F(x) = sum_k w_k sigmoid((x - m_k) / (softness sd_k))
Variable map(const Variable& x) {
  Variable y = Tensor::zeros(x.shape());
  for (const auto& [w, m, sd] : kDensity) y = y + sigmoid((x - m) / (kSoftness * sd)) * w;
  return y;
}

struct Mapped {
  Tensor y, slope;
};

// Each y_i depends on x_i alone, so the gradient of their sum is dy/dx at every place at once.
Mapped mapped(const std::vector<double>& x) {
  const Variable leaf(Tensor::from({static_cast<int64_t>(x.size())}, x), true);
  Tape tape;
  Variable y;
  {
    const Tape::Recording on(tape);
    y = map(leaf);
  }
  return {y.value(), tape.gradients({y}, {Tensor::full(y.shape(), 1)}, {leaf})[0]};
}

}  // namespace

int draw_lesson(const JacobianOptions& options) {
  if (!options.layer.empty() || !options.preset.empty())
    fail<UsageError>("jacobian lesson takes no --layer and no --preset: it is about no model");
  constexpr int kGrid = 800, kSamples = 20'000;
  constexpr double kLow = -4, kHigh = 4.5;
  plot::ChangeOfVariables picture;
  for (int i = 0; i < kGrid; ++i) {
    picture.x.push_back(kLow + (kHigh - kLow) * i / (kGrid - 1));
    picture.p.push_back(density(picture.x.back()));
  }
  const Mapped grid = mapped(picture.x);
  for (size_t i = 0; i < picture.x.size(); ++i) {
    picture.y_of_x.push_back(grid.y.data()[i]);
    picture.y.push_back(grid.y.data()[i]);
    picture.q.push_back(picture.p[i] / std::abs(static_cast<double>(grid.slope.data()[i])));
  }
  Rng rng(options.seed, stream("lesson"));
  std::vector<double> samples;
  for (int i = 0; i < kSamples; ++i) {
    const Bump& bump = kDensity[rng.uniform() < kDensity[0].weight ? 0 : 1];
    samples.push_back(bump.mean + bump.deviation * rng.normal());
  }
  const Mapped mapped_samples = mapped(samples);
  picture.samples_y.assign(mapped_samples.y.data().begin(), mapped_samples.y.data().end());
  picture.title = "Change of variables in one dimension";
  picture.map_label = "y = F(x)";
  picture.caption = {
      "q(y) = p(x) / |dy/dx|: probability is kept, so where F is steep it is spread thin (NICE eq. (1), RealNVP eq. "
      "(2)). The curve is this formula with dy/dx by automatic differentiation; the bars are a histogram of F(x) for " +
          std::to_string(kSamples) + " samples x.",
      text("F(x) = sum of w_k sigmoid((x - m_k) / (", kSoftness,
           " sd_k)) is steep where x is frequent, which flattens q: y tells most about x when all its values are "
           "equally frequent (infomax: Bell and Sejnowski 1995). The exact distribution function of x would make y "
           "uniform; this F is a little too soft.")};
  const std::string out = options.out.empty() ? "lesson.png" : options.out;
  require_png(out);
  drawing([&] { plot::change_of_variables(out, picture); });
  std::cout << "picture: " << out << std::endl;
  return 0;
}

}  // namespace bijou
