// Equations of the three papers that no law of the layers proves as it is printed: a density by way of g, the Jacobian of
// a sequence, the masked form of a coupling, W and its factors, priors, objectives, the manifold between four latents.
#include "flows/actnorm.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/diagonal_scale.hpp"
#include "flows/invertible_conv.hpp"
#include "flows/manifold.hpp"
#include "flows/preprocess.hpp"
#include "tests/laws/flow_law.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace bijou;
using bijou_tests::distance;
using bijou_tests::jacobian_at;

namespace {

constexpr double kHalfPi = std::numbers::pi / 2;

Tensor draw(const Shape& shape, uint64_t seed) {
  Rng rng(seed, stream("papers"));
  return Tensor::randn(shape, rng);
}

// d g / d z at one z [1, D], by central differences: no derivative of the library is in it.
Tensor generator_jacobian(const Flow& flow, const Tensor& z) {
  constexpr double kStep = 1e-6;
  const int64_t d = z.numel();
  Tensor jacobian({d, d});
  for (int64_t j = 0; j < d; ++j) {
    Tensor up = z.clone(), down = z.clone();
    up.mutable_data()[j] += kStep;
    down.mutable_data()[j] -= kStep;
    const Tensor difference = math::subtract(flow.inverse(up), flow.inverse(down));
    for (int64_t i = 0; i < d; ++i) jacobian.mutable_data()[i * d + j] = difference.data()[i] / (2 * kStep);
  }
  return jacobian;
}

double log_abs_det(const Tensor& a) { return math::slogdet(a, false).log_abs; }

// Three affine couplings that alternate on five dimensions, with noise on all weights.
std::unique_ptr<Sequential> sequence_of_three() {
  Rng rng(1, stream("layer"));
  auto flow = std::make_unique<Sequential>(Shape{5});
  for (int i = 0; i < 3; ++i) {
    auto halves = channel_partition(5, i % 2 == 0 ? Keep::first : Keep::second);
    auto net = std::make_unique<Mlp>(halves->network_inputs(), std::vector<int64_t>{6}, 2 * halves->transformed(), rng);
    flow->then<Coupling>(text("couplings.", i), std::move(halves), std::move(net), std::make_unique<AffineLaw>());
  }
  add_noise(*flow, 2);
  return flow;
}

Tensor named_parameter(const Module& module, const std::string& name) {
  for (const auto& p : module.parameters()) {
    if (p.name == name) return p.variable->value();
  }
  FAIL("no parameter is called ", name);
  return {};
}
Tensor named_buffer(const Module& module, const std::string& name) {
  for (const auto& b : module.buffers()) {
    if (b.name == name) return *b.tensor;
  }
  FAIL("no buffer is called ", name);
  return {};
}

// P L (U + diag(s)) entry by entry.
Tensor dense_product(const InvertibleConvPLU& layer, int64_t c) {
  const Tensor lower = named_parameter(layer, "lower"), upper = named_parameter(layer, "upper"),
               log_s = named_parameter(layer, "log_s"), sign = named_buffer(layer, "sign"),
               order = named_buffer(layer, "permutation");
  Tensor p = Tensor::zeros({c, c}), l = Tensor::zeros({c, c}), u = Tensor::zeros({c, c});
  for (int64_t i = 0; i < c; ++i) {
    p.mutable_data()[i * c + static_cast<int64_t>(order.data()[i])] = 1;
    for (int64_t j = 0; j < c; ++j) {
      if (j < i) l.mutable_data()[i * c + j] = lower.data()[i * c + j];
      if (j > i) u.mutable_data()[i * c + j] = upper.data()[i * c + j];
    }
    l.mutable_data()[i * c + i] = 1;
    u.mutable_data()[i * c + i] = sign.data()[i] * std::exp(log_s.data()[i]);
  }
  return math::matmul(p, math::matmul(l, u));
}

// U[low, 1)^D
class UniformBase : public Base {
 public:
  UniformBase(int64_t dimensions, double low) : dimensions_(dimensions), low_(low) {}
  Variable log_prob(const Variable& z) const override {
    return Tensor::full({z.shape()[0]}, -static_cast<double>(dimensions_) * std::log(1 - low_));
  }
  Tensor sample(int64_t n, Rng& rng, double) const override { return Tensor::uniform({n, dimensions_}, rng, low_, 1); }
  std::string describe() const override { return "uniform"; }

 private:
  int64_t dimensions_;
  double low_;
};

// How many entries of dh/dx of a NICE with so many couplings are zero at all of some points.
int64_t zeros_of_nice(size_t couplings) {
  const auto model =
      build_nice({.data = {.input = {4}, .alpha = 0}, .depths = std::vector<int>(couplings, 1), .width = 16}, 1);
  add_noise(*model, 2);
  std::vector<double> largest(16, 0);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const Tensor jacobian = jacobian_at(model->bijection(), draw({1, 4}, seed));
    for (size_t i = 0; i < 16; ++i) largest[i] = std::max(largest[i], std::abs(double(jacobian.data()[i])));
  }
  return std::ranges::count(largest, 0.0);
}

}  // namespace

// RealNVP eq. (1): p_X(x) = p_Z(z) |det dg/dz|^-1 for x = g(z)
TEST_CASE("papers: a sample's density is that of its latents over the generator's determinant") {
  const FlowModel model("three couplings", sequence_of_three(), std::make_unique<StandardNormal>(5));
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const Tensor z = draw({1, 5}, seed), x = model.bijection().inverse(z);
    const double log_det = log_abs_det(generator_jacobian(model.bijection(), z));
    CHECK(std::abs(log_det) > 0.01);  // else the law says little
    CHECK(model.log_prob(x).item() == doctest::Approx(model.base().log_prob(z).item() - log_det).epsilon(1e-7));
  }
}

// RealNVP eqs. (10) and (11). The paper prints the factors of (10) in the other order, which has the same determinant;
// with dy/dx a matrix of rows dy_i, the outermost map's factor stands on the left.
TEST_CASE("papers: the Jacobian of a sequence is the product of its layers'") {
  const auto flow = sequence_of_three();
  Tensor h = draw({1, 5}, 3), product, other_order;
  const Tensor whole = jacobian_at(*flow, h);
  for (const Flow* layer : flow->layers()) {
    const Tensor own = jacobian_at(*layer, h);
    product = layer == flow->layers().front() ? own : math::matmul(own, product);
    other_order = layer == flow->layers().front() ? own : math::matmul(other_order, own);
    h = layer->forward(h).y.value();
  }
  CHECK(distance(whole, product) < 1e-12);
  CHECK(distance(whole, other_order) > 1e-3);
  CHECK(log_abs_det(whole) == doctest::Approx(log_abs_det(other_order)).epsilon(1e-12));
}

TEST_CASE("papers: the determinant of a sequence is the product of its layers'") {
  const auto flow = sequence_of_three();
  const Tensor x = draw({1, 5}, 3);
  Tensor h = x;
  double product = 1;
  for (const Flow* layer : flow->layers()) {
    product *= std::exp(log_abs_det(jacobian_at(*layer, h)));
    h = layer->forward(h).y.value();
  }
  CHECK(std::abs(product - 1) > 0.01);
  CHECK(std::exp(log_abs_det(jacobian_at(*flow, x))) == doctest::Approx(product).epsilon(1e-12));
  CHECK(std::exp(flow->forward(x).log_det.item()) == doctest::Approx(product).epsilon(1e-12));
}

// RealNVP eq. (9) as it is printed: y = b * x + (1 - b) * (x * exp(s(b * x)) + t(b * x))
TEST_CASE("papers: a coupling by checkerboard is the formula with a binary mask") {
  constexpr int64_t n = 2, height = 4, width = 3, channels = 2;
  const Shape image{height, width, channels};
  for (const Keep keep : {Keep::first, Keep::second}) {
    Rng rng(1, stream("layer"));
    auto network = std::make_unique<ResNet>(channels, 3, 2 * channels, 1, rng);
    const Network& net = *network;
    const Coupling coupling(image, checkerboard_partition(height, width, channels, keep), std::move(network),
                            std::make_unique<AffineLaw>(std::make_unique<ExpScale>()));
    add_noise(coupling, 2);
    const Tensor x = draw({n, height, width, channels}, 4);
    Tensor b = Tensor::zeros(x.shape());
    for (int64_t i = 0; i < x.numel(); ++i) {
      const int64_t pixel = i / channels, column = pixel % width, row = pixel / width % height;
      b.mutable_data()[i] = ((row + column) % 2 == 0) == (keep == Keep::first);
    }
    const Variable mask(b), st = net(mask * Variable(x));
    const auto parts = split(st, -1, {channels, channels});
    const Variable y = mask * Variable(x) + (1 - mask) * (Variable(x) * exp(parts[0]) + parts[1]);
    CHECK(distance(coupling.forward(x).y.value(), y.value()) < 1e-14);
    CHECK(distance(y.value(), x) > 0.1);
    CHECK(distance(coupling.forward(x).log_det.value(), sum_per_sample((1 - mask) * parts[0]).value()) < 1e-14);
  }
}

TEST_CASE("papers: the manifold between four latents") {
  const Tensor z1 = draw({2, 3}, 1), z2 = draw({2, 3}, 2), z3 = draw({2, 3}, 3), z4 = draw({2, 3}, 4);
  const auto at = [&](double phi, double phi_prime) { return latent_manifold(z1, z2, z3, z4, phi, phi_prime); };
  CHECK(distance(at(0, 0), z1) < 1e-15);
  CHECK(distance(at(0, kHalfPi), z2) < 1e-15);
  CHECK(distance(at(kHalfPi, 0), z3) < 1e-15);
  CHECK(distance(at(kHalfPi, kHalfPi), z4) < 1e-15);
  CHECK(distance(at(2 * kHalfPi, 0), math::scale_offset(z1, -1, 0)) < 1e-15);
  const double phi = 0.7, phi_prime = -1.3;
  const Tensor z = at(phi, phi_prime);
  for (size_t i = 0; i < z.data().size(); ++i) {
    const double expected = std::cos(phi) * (std::cos(phi_prime) * z1.data()[i] + std::sin(phi_prime) * z2.data()[i]) +
                            std::sin(phi) * (std::cos(phi_prime) * z3.data()[i] + std::sin(phi_prime) * z4.data()[i]);
    CHECK(z.data()[i] == doctest::Approx(expected).epsilon(1e-14));
  }
  CHECK_THROWS_WITH_AS(latent_manifold(z1, z2, z3, draw({2, 4}, 4), 0, 0),
                       "latent_manifold: the four latents must have one shape, got [2, 3], [2, 3], [2, 3], [2, 4]",
                       ShapeError);
}

TEST_CASE("papers: the great circle between two latents keeps its ends, its angle and its length") {
  const Tensor a = draw({1, 5}, 1), z1 = math::scale_offset(a, 3 / std::sqrt(math::sum_squares(a)), 0);
  const Tensor b = draw({1, 5}, 2), z2 = math::scale_offset(b, 3 / std::sqrt(math::sum_squares(b)), 0);
  CHECK(distance(latent_arc(z1, z2, 0), z1) < 1e-14);
  CHECK(distance(latent_arc(z1, z2, 1), z2) < 1e-14);
  const auto angle = [](const Tensor& u, const Tensor& v) {
    return std::acos(math::matmul(u, v, math::Trans::no, math::Trans::yes).item() /
                     std::sqrt(math::sum_squares(u) * math::sum_squares(v)));
  };
  for (const double t : {0.2, 0.5, 0.9}) {
    const Tensor z = latent_arc(z1, z2, t);
    CHECK(std::sqrt(math::sum_squares(z)) == doctest::Approx(3).epsilon(1e-12));
    CHECK(angle(z1, z) == doctest::Approx(t * angle(z1, z2)).epsilon(1e-10));
  }
  // No circle goes through these: the straight line.
  CHECK(distance(latent_arc(z1, z1, 0.3), z1) < 1e-14);
  CHECK(distance(latent_arc(z1, math::scale_offset(z1, -1, 0), 0.25), math::scale_offset(z1, 0.5, 0)) < 1e-14);
  CHECK(distance(latent_arc(z1, Tensor::zeros({1, 5}), 0.25), math::scale_offset(z1, 0.75, 0)) < 1e-14);
  CHECK_THROWS_AS(latent_arc(z1, draw({1, 4}, 3), 0.5), ShapeError);
}

TEST_CASE("papers: W by its factors is the dense product P L (U + diag(s))") {
  constexpr int64_t c = 5;
  Rng rng(1, stream("layer"));
  InvertibleConvPLU layer({2, 3, c}, rng);
  add_noise(layer, 2);
  const Tensor w = dense_product(layer, c), x = draw({2, 2, 3, c}, 3);
  const Tensor y = math::matmul(x.reshape({12, c}), w, math::Trans::no, math::Trans::yes).reshape(x.shape());
  CHECK(distance(layer.forward(x).y.value(), y) < 1e-13);
}

TEST_CASE("papers: log|det W| is the sum of log|s|") {
  constexpr int64_t c = 5;
  Rng rng(1, stream("layer"));
  InvertibleConvPLU layer({2, 3, c}, rng);
  add_noise(layer, 2);
  double sum = 0;
  for (const double v : named_parameter(layer, "log_s").data()) sum += v;
  CHECK(std::abs(sum) > 0.01);
  CHECK(log_abs_det(dense_product(layer, c)) == doctest::Approx(sum).epsilon(1e-12));
  CHECK(layer.forward(draw({1, 2, 3, c}, 3)).log_det.item() == doctest::Approx(6 * sum).epsilon(1e-12));
}

// Glow eq. (2): the objective is -log p of x~ = x + u, u ~ U(0, a), plus c = -M log a. Here the pixels are the integers,
// and a is the width of a level in the range that the model sees; the constant is Rescale's log-determinant.
TEST_CASE("papers: the constant of the dequantised objective is -M log a") {
  const Shape image{4, 2, 3};
  const double m = 24;
  for (const int levels : {17, 256}) {
    for (const double low : {0.0, -1.0}) {
      const FlowModel model("uniform", std::make_unique<Rescale>(image, levels, low),
                            std::make_unique<UniformBase>(24, low));
      Rng rng(1);
      const Tensor x = Tensor::uniform({1, 4, 2, 3}, rng, 0, levels);
      const double a = (1 - low) / levels, nll_of_rescaled = m * std::log(1 - low);
      CHECK(-model.log_prob(x).item() == doctest::Approx(nll_of_rescaled - m * std::log(a)).epsilon(1e-13));
      CHECK(-model.log_prob(x).item() == doctest::Approx(m * std::log(levels)).epsilon(1e-13));
    }
  }
}

TEST_CASE("papers: the logistic prior is the formula and its gradient -tanh(h / 2)") {
  const StandardLogistic prior(3);
  const Variable h(Tensor::from({2, 3}, {0, 1.5, -2, 30, -0.25, -4}), true);
  Tape tape;
  Variable log_p, total;
  {
    const Tape::Recording on(tape);
    log_p = prior.log_prob(h);
    total = sum(log_p);
  }
  tape.backward(total);
  for (int64_t n = 0; n < 2; ++n) {
    double expected = 0;
    for (int64_t d = 0; d < 3; ++d) {
      const double v = h.value().data()[n * 3 + d];
      expected -= std::log(1 + std::exp(v)) + std::log(1 + std::exp(-v));
      CHECK(h.gradient().data()[n * 3 + d] == doctest::Approx(-std::tanh(v / 2)).epsilon(1e-12));
    }
    CHECK(log_p.value().data()[n] == doctest::Approx(expected).epsilon(1e-12));
  }
}

// Its samples' distribution function is the logistic one, sigmoid(h).
TEST_CASE("papers: samples of the logistic prior follow the sigmoid") {
  constexpr int64_t n = 20'000;
  Rng rng(1, stream("logistic"));
  const Tensor h = StandardLogistic(1).sample(n, rng, 1);
  for (const double at : {-3.0, -1.0, 0.0, 0.5, 2.0}) {
    const double expected = 1 / (1 + std::exp(-at));
    const auto below = std::ranges::count_if(h.data(), [&](double v) { return v < at; });
    CHECK(std::abs(static_cast<double>(below) / n - expected) < 4 * std::sqrt(expected * (1 - expected) / n));
  }
}

TEST_CASE("papers: three couplings let every dimension influence every other and two do not") {
  CHECK(zeros_of_nice(2) > 0);
  CHECK(zeros_of_nice(3) == 0);
}

TEST_CASE("papers: the log-likelihood of NICE is the prior's plus the sum of log S") {
  const auto model = build_nice({.data = {.input = {4}, .alpha = 0}, .depths = {1, 1, 1, 1}, .width = 8}, 1);
  add_noise(*model, 2);
  const Tensor x = draw({3, 4}, 5), s = named_parameter(*model, "flow.scale.s");
  double log_s = 0;
  for (const double v : s.data()) log_s += v;
  CHECK(std::abs(log_s) > 0.01);
  const Tensor h = model->bijection().forward(x).y.value(), log_p = model->log_prob(x).value();
  for (int64_t n = 0; n < 3; ++n) {
    double expected = log_s;
    for (int64_t d = 0; d < 4; ++d) {
      const double v = h.data()[n * 4 + d];
      expected -= std::log(1 + std::exp(v)) + std::log(1 + std::exp(-v));
    }
    CHECK(log_p.data()[n] == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("papers: the spectrum of S is 1 / S_dd and falls") {
  DiagonalScale layer({4});
  const Tensor s = Tensor::from({4}, {0.5, -1, 2, 0});
  layer.parameters()[0].variable->set_value(s);
  const auto sigma = layer.spectrum();
  REQUIRE(sigma.size() == 4);
  const double expected[] = {1, 0, -0.5, -2};
  for (size_t d = 0; d < 4; ++d) CHECK(sigma[d] == doctest::Approx(std::exp(expected[d])).epsilon(1e-14));
}

TEST_CASE("papers: a 1x1 convolution multiplies each pixel by W") {
  constexpr int64_t c = 3;
  Rng rng(1, stream("layer"));
  InvertibleConv layer({2, 3, c}, rng);
  add_noise(layer, 2);
  const Tensor w = named_parameter(layer, "w"), x = draw({2, 2, 3, c}, 3), y = layer.forward(x).y.value();
  for (int64_t pixel = 0; pixel < 12; ++pixel) {
    for (int64_t i = 0; i < c; ++i) {
      double expected = 0;
      for (int64_t j = 0; j < c; ++j) expected += w.data()[i * c + j] * x.data()[pixel * c + j];
      CHECK(y.data()[pixel * c + i] == doctest::Approx(expected).epsilon(1e-13));
    }
  }
}

TEST_CASE("papers: a fresh actnorm gives its first batch mean 0 and variance 1") {
  ActNormFlow layer({4, 3, 2});
  const Tensor x = math::scale_offset(draw({8, 4, 3, 2}, 3), 3, -2), y = layer.initialize(x);
  const auto [mean, variance] = math::moments(y);
  for (int64_t c = 0; c < 2; ++c) {
    CHECK(std::abs(mean.data()[c]) < 1e-13);
    CHECK(variance.data()[c] == doctest::Approx(1).epsilon(1e-13));
  }
}
