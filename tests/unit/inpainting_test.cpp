// Inpainting by projected gradient ascent: NICE section 5.2.
#include "flows/inpainting.hpp"
#include "flows/sequential.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace bijou;

namespace {

// The logistic prior by itself: d log p / dx = -tanh(x / 2), with its mode at 0.
FlowModel logistic(int64_t dimensions) {
  return FlowModel("logistic", std::make_unique<Sequential>(Shape{dimensions}),
                   std::make_unique<StandardLogistic>(dimensions));
}

}  // namespace

TEST_CASE("inpainting: a step is alpha (gradient / r + noise) in units of the range, then the projection") {
  const FlowModel model = logistic(4);
  const Tensor x = Tensor::from({2, 4}, {3, -2, 1, 0, -3, 2, 0.5, 1});
  const Tensor hidden = Tensor::from({2, 4}, {1, 0, 1, 0, 0, 1, 1, 0});
  constexpr double low = -4, range = 8;
  for (const int64_t steps : {1, 3}) {
    Rng rng(3), again(3);
    const Tensor filled = inpaint(model, x, hidden, rng, {.steps = steps, .low = low, .high = low + range});
    std::vector<double> u;
    for (const Real v : x.data()) u.push_back((static_cast<double>(v) - low) / range);
    std::vector<double> squares(u.size());
    for (int64_t n = 0; n < steps; ++n) {
      const Tensor epsilon = Tensor::randn(x.shape(), again);
      const double alpha = 10 / (2'100 + 18'000.0 * static_cast<double>(n) / static_cast<double>(steps));
      for (size_t k = 0; k < u.size(); ++k) {
        const double gradient = -std::tanh((low + range * u[k]) / 2);
        squares[k] = n == 0 ? gradient * gradient : 0.9 * squares[k] + 0.1 * gradient * gradient;
        if (hidden.data()[k] == 0) continue;
        u[k] = std::clamp(u[k] + alpha * (gradient / std::sqrt(squares[k]) + epsilon.data()[k]), 1e-4, 1 - 1e-4);
      }
    }
    for (size_t k = 0; k < u.size(); ++k) {
      const double expected = hidden.data()[k] != 0 ? low + range * u[k] : static_cast<double>(x.data()[k]);
      CHECK(filled.data()[k] == doctest::Approx(expected).epsilon(1e-4));
    }
  }
}

TEST_CASE("inpainting: hidden values end near the density's mode, observed ones stay") {
  const FlowModel model = logistic(3);
  const Tensor x = Tensor::from({1, 3}, {0.9, -0.7, 0.3}), hidden = Tensor::from({1, 3}, {0, 1, 1});
  Rng rng(1);
  const Tensor filled = inpaint(model, x, hidden, rng, {.steps = 4000, .low = -4, .high = 4});
  CHECK(filled.data()[0] == doctest::Approx(0.9).epsilon(1e-5));
  CHECK(std::abs(filled.data()[1]) < 0.5);
  CHECK(std::abs(filled.data()[2]) < 0.5);
}

TEST_CASE("inpainting: the start is the sample that is nearest where something is seen") {
  const FlowModel model = logistic(2);
  const Tensor x = Tensor::from({2, 2}, {0.5, 9, 9, -1.5}), hidden = Tensor::from({2, 2}, {0, 1, 1, 0});
  Rng rng(7), again(7);
  const Tensor start = guess_hidden(model, x, hidden, rng, 50), samples = model.sample(50, again);
  for (int64_t i = 0; i < 2; ++i) {
    int64_t nearest = 0;
    const auto apart = [&](int64_t g) { return std::abs(samples.data()[2 * g + i] - x.data()[3 * i]); };
    for (int64_t g = 0; g < 50; ++g) nearest = apart(g) < apart(nearest) ? g : nearest;
    CHECK(start.data()[3 * i] == x.data()[3 * i]);
    CHECK(start.data()[2 * i + 1 - i] == samples.data()[2 * nearest + 1 - i]);
  }
}

TEST_CASE("inpainting: shapes and ranges that make no sense") {
  const FlowModel model = logistic(3);
  Rng rng(1);
  CHECK_THROWS_WITH_AS(inpaint(model, Tensor::zeros({1, 3}), Tensor::zeros({3}), rng),
                       "inpaint: data [1, 3], but hidden places [3]", ShapeError);
  CHECK_THROWS_WITH_AS(inpaint(model, Tensor::zeros({1, 3}), Tensor::zeros({1, 3}), rng, {.low = 1, .high = 0}),
                       "inpaint: an empty range: 1 to 0", ValueError);
}
