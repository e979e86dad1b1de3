// Batch normalisation in training: inside a BatchStatistics scope the moments are the batch's own, and depend on x.
#include "autograd/gradcheck.hpp"
#include "flows/batch_norm.hpp"
#include "nn/layers.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace bijou;

namespace {

constexpr double kEps = 1e-4;

std::vector<double> values(const Tensor& t) { return {t.data().begin(), t.data().end()}; }

bool close(const Tensor& a, const Tensor& b, double bound = 1e-12) {
  REQUIRE(a.shape() == b.shape());
  for (size_t i = 0; i < a.data().size(); ++i) {
    if (!(std::abs(a.data()[i] - b.data()[i]) < bound)) return false;
  }
  return true;
}

// N(2, 3) numbers: moments far from 0 and 1.
Tensor draw(const Shape& shape, uint64_t seed) {
  Rng rng(seed, stream("batch norm"));
  return math::scale_offset(Tensor::randn(shape, rng), std::sqrt(3.0), 2);
}

Tensor buffer(const Module& module, const std::string& name) {
  for (const auto& b : module.buffers()) {
    if (b.name == name) return *b.tensor;
  }
  FAIL("no buffer is called ", name);
  return {};
}

// The biased moments of one channel, by plain sums.
struct Moments {
  double mean, variance;
};
Moments moments_of(const Tensor& x, int64_t channel) {
  const int64_t channels = x.shape()[-1], count = x.numel() / channels;
  Moments m{};
  for (int64_t i = 0; i < count; ++i) m.mean += x.data()[i * channels + channel] / static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i) {
    m.variance += std::pow(x.data()[i * channels + channel] - m.mean, 2) / static_cast<double>(count);
  }
  return m;
}

void check_gradient_errors(const Function& f, const std::vector<Tensor>& inputs) {
  for (const auto& e : check_gradients(f, inputs, {.full = 1024})) {
    CHECK_MESSAGE(e.error < 1e-7, "argument ", e.argument, " ", e.shape, ", entry ", e.entry, ": gradient ", e.gradient,
                  ", finite difference ", e.difference);
  }
}

const Shape kShapes[] = {{4, 3}, {2, 3}, {3, 2, 3, 2}, {1, 3, 2, 2}};

}  // namespace

TEST_CASE("batch norm in training: gradients of the flow, through its moments") {
  for (const Shape& shape : kShapes) {
    const BatchNormFlow flow(shape.from(1));
    const Function y_and_log_det = [&](const std::vector<Variable>& v) {
      const BatchStatistics batch;
      const auto [y, log_det] = flow.forward(v[0]);
      return concat({reshape(y, {y.shape().numel()}), log_det}, 0);
    };
    check_gradient_errors(y_and_log_det, {draw(shape, 1)});
  }
}

TEST_CASE("batch norm in training: gradients of the layer, also by its gain and offset") {
  for (const Shape& shape : kShapes) {
    BatchNorm layer(shape[-1]);
    const Function f = [&](const std::vector<Variable>& v) {
      const BatchStatistics batch;
      const auto parameters = layer.parameters();  // gain, offset
      *parameters[0].variable = v[1];
      *parameters[1].variable = v[2];
      return layer(v[0]);
    };
    check_gradient_errors(f, {draw(shape, 1), draw({shape[-1]}, 2), draw({shape[-1]}, 3)});
  }
}

TEST_CASE("batch norm in training: y has mean 0 and variance v / (v + eps); log_det is -M/2 sum log(v + eps)") {
  for (const Shape& shape : kShapes) {
    const BatchNormFlow flow(shape.from(1));
    const BatchNorm layer(shape[-1]);
    const Tensor x = draw(shape, 1);
    const BatchStatistics batch;
    const auto [y, log_det] = flow.forward(x);
    const Tensor z = layer(x).value();
    const int64_t channels = shape[-1], pixels = shape.numel() / shape[0] / channels;
    double expected = 0;
    for (int64_t c = 0; c < channels; ++c) {
      const Moments of_x = moments_of(x, c), of_y = moments_of(y.value(), c), of_z = moments_of(z, c);
      expected -= 0.5 * static_cast<double>(pixels) * std::log(of_x.variance + kEps);
      for (const Moments& m : {of_y, of_z}) {
        CHECK(std::abs(m.mean) < 1e-12);
        CHECK(m.variance == doctest::Approx(of_x.variance / (of_x.variance + kEps)).epsilon(1e-12));
      }
    }
    for (const double v : values(log_det.value())) CHECK(v == doctest::Approx(expected).epsilon(1e-12));
    CHECK(log_det.shape() == Shape{shape[0]});
  }
}

TEST_CASE(
    "batch norm in training: the inverse takes the moments that forward wrote, and a second forward leaves them") {
  const BatchNormFlow flow({3});
  const Tensor x = draw({5, 3}, 1), other = math::scale_offset(draw({5, 3}, 2), 4, 7);
  const BatchStatistics batch;
  const Tensor y = flow.forward(x).y.value();
  CHECK(close(flow.inverse(y), x));
  const Tensor y_other = flow.forward(other).y.value();  // normalised by its own moments, which are not kept
  for (int64_t c = 0; c < 3; ++c) CHECK(std::abs(moments_of(y_other, c).mean) < 1e-12);
  CHECK(close(flow.inverse(y), x));
  CHECK_FALSE(close(flow.inverse(y_other), other, 1));
}

TEST_CASE("batch norm in training: an inverse before any forward says what is missing") {
  const BatchNormFlow flow({3});
  const BatchStatistics batch;
  try {
    flow.inverse(draw({5, 3}, 1));
    FAIL("nothing was thrown");
  } catch (const ValueError& e) {
    CHECK(std::string(e.what()) ==
          "RunningMoments: running has seen no batch in this BatchStatistics scope; call forward first");
  }
}

TEST_CASE("batch norm in training: commit moves the running averages by the momentum, and nothing else does") {
  const BatchNormFlow flow({2, 2, 2});
  const BatchNorm layer(2);
  const Tensor x = draw({3, 2, 2, 2}, 1), other = draw({3, 2, 2, 2}, 2);
  for (const Module* module : {static_cast<const Module*>(&flow), static_cast<const Module*>(&layer)}) {
    const auto run = [&](const Tensor& input) {
      module == &flow ? flow.forward(input).y.value() : layer(input).value();
    };
    CHECK(values(buffer(*module, "running.mean")) == std::vector<double>{0, 0});
    CHECK(values(buffer(*module, "running.variance")) == std::vector<double>{1, 1});
    double mean = 0, variance = 1;
    for (const double momentum : {0.1, 0.25}) {
      const BatchStatistics batch;
      run(x);
      run(other);  // written once only: the first
      CHECK(buffer(*module, "running.mean").data()[0] == doctest::Approx(mean).epsilon(1e-12));
      batch.commit(momentum);
      const Moments m = moments_of(x, 0);
      mean = (1 - momentum) * mean + momentum * m.mean;
      variance = (1 - momentum) * variance + momentum * m.variance;
      CHECK(buffer(*module, "running.mean").data()[0] == doctest::Approx(mean).epsilon(1e-12));
      CHECK(buffer(*module, "running.variance").data()[0] == doctest::Approx(variance).epsilon(1e-12));
    }
    run(other);  // outside of a scope nothing is written
    CHECK(buffer(*module, "running.mean").data()[0] == doctest::Approx(mean).epsilon(1e-12));
  }
}

TEST_CASE("batch norm: outside of a scope the running averages are used, both ways") {
  const BatchNormFlow flow({3});
  const Tensor x = draw({5, 3}, 1);
  {
    const BatchStatistics batch;
    flow.forward(x);
    batch.commit(0.5);
  }
  const auto [y, log_det] = flow.forward(x);
  double expected = 0;
  for (int64_t c = 0; c < 3; ++c) {
    const Moments m = moments_of(x, c);
    const double mean = 0.5 * m.mean, v = 0.5 + 0.5 * m.variance + kEps;
    expected -= 0.5 * std::log(v);
    for (int64_t n = 0; n < 5; ++n) {
      CHECK(y.value().data()[n * 3 + c] == doctest::Approx((x.data()[n * 3 + c] - mean) / std::sqrt(v)).epsilon(1e-12));
    }
  }
  for (const double v : values(log_det.value())) CHECK(v == doctest::Approx(expected).epsilon(1e-12));
  CHECK(close(flow.inverse(y.value()), x));
}

TEST_CASE("batch norm in training: scopes nest, each with moments of its own") {
  const BatchNormFlow flow({3});
  const Tensor x = draw({5, 3}, 1), other = math::scale_offset(draw({5, 3}, 2), 4, 7);
  CHECK(BatchStatistics::active() == nullptr);
  {
    const BatchStatistics outer;
    const Tensor y = flow.forward(x).y.value();
    {
      const BatchStatistics inner;
      CHECK(BatchStatistics::active() == &inner);
      CHECK_THROWS_AS(flow.inverse(y), ValueError);  // the outer scope's moments are not this one's
      const Tensor y_other = flow.forward(other).y.value();
      CHECK(close(flow.inverse(y_other), other, 1e-11));
    }
    CHECK(BatchStatistics::active() == &outer);
    CHECK(close(flow.inverse(y), x));
    outer.commit(1);
    CHECK(buffer(flow, "running.mean").data()[1] == doctest::Approx(moments_of(x, 1).mean).epsilon(1e-12));
  }
  CHECK(BatchStatistics::active() == nullptr);
}
