// Layers by their formulas, with numbers written out: what the laws of the table cannot see, because forward, inverse
// and log-determinant would change together. Where layers and weights start.
#include "autograd/math.hpp"
#include "datasets/covariance.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/diagonal_scale.hpp"
#include "flows/invertible_conv.hpp"
#include "flows/learned_prior.hpp"
#include "flows/preprocess.hpp"
#include "flows/whitening.hpp"
#include "nn/init.hpp"
#include "tests/helpers.hpp"
#include "tests/tables/flows.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <iostream>
#include <sstream>

using namespace bijou;
using bijou_tests::message;
using bijou_tests::warnings;

namespace {

void check_close(const Tensor& got, const Tensor& expected, double bound = 1e-12) {
  REQUIRE(got.shape() == expected.shape());
  for (size_t i = 0; i < got.data().size(); ++i) CHECK(std::abs(got.data()[i] - expected.data()[i]) < bound);
}

Tensor of(const Shape& shape, std::initializer_list<double> numbers) {
  return Tensor::from(shape, std::vector<double>(numbers));
}

Variable& parameter(const Module& module, const std::string& name) {
  for (const auto& p : module.parameters()) {
    if (p.name == name) return *p.variable;
  }
  FAIL("no parameter is called ", name);
  throw 0;
}

double log_sigmoid(double a) { return -std::log1p(std::exp(-a)); }

}  // namespace

TEST_CASE("scale laws: c tanh(h), h, and log sigmoid(h + 2)") {
  const Tensor h = of({1, 2}, {-0.3, 1.7});
  TanhScale tanh_scale;
  parameter(tanh_scale, "c").set_value(of({1}, {0.6}));
  check_close(tanh_scale(h).value(), of({1, 2}, {0.6 * std::tanh(-0.3), 0.6 * std::tanh(1.7)}));
  check_close(ExpScale()(h).value(), h);
  check_close(SigmoidScale()(h).value(), of({1, 2}, {log_sigmoid(1.7), log_sigmoid(3.7)}));
}

// m = (h, t), or (mu, log sigma): which half of the network's channels is which.
TEST_CASE("coupling laws: what they do to x2, by the formulas") {
  const Tensor x2 = of({1, 2}, {0.5, -2}), m = of({1, 4}, {0.2, -0.4, 3, 5});
  const double s0 = 0.2, s1 = -0.4;
  const auto check = [&](const CouplingLaw& law, const Tensor& steer, const Tensor& y2, double log_det) {
    const FlowResult r = law.forward(x2, steer);
    check_close(r.y.value(), y2);
    check_close(r.log_det.value(), of({1}, {log_det}));
    check_close(law.inverse(y2, steer), x2);
  };
  const auto exp_scale = [] { return std::make_unique<ExpScale>(); };
  const Tensor one = of({1, 2}, {0.2, -0.4});
  check(AdditiveLaw(), one, of({1, 2}, {0.7, -2.4}), 0);
  check(MultiplicativeLaw(exp_scale()), one, of({1, 2}, {0.5 * std::exp(s0), -2 * std::exp(s1)}), s0 + s1);
  check(AffineLaw(exp_scale()), m, of({1, 2}, {0.5 * std::exp(s0) + 3, -2 * std::exp(s1) + 5}), s0 + s1);
  check(ShiftThenScaleLaw(exp_scale()), m, of({1, 2}, {3.5 * std::exp(s0), 3 * std::exp(s1)}), s0 + s1);
  check(ConditionalNormalLaw(), m, of({1, 2}, {0.3 * std::exp(-3.0), -1.6 * std::exp(-5.0)}), -8);
  CHECK(AdditiveLaw().outputs() == 1);
  CHECK(MultiplicativeLaw().outputs() == 1);
  CHECK(AffineLaw().outputs() == 2);
  CHECK(ShiftThenScaleLaw().outputs() == 2);
  CHECK(ConditionalNormalLaw().outputs() == 2);
}

// log N(x; mu, sigma^2) = log N(z; 0, I) + log|det dz/dx|: a prior and a layer say the same.
TEST_CASE("learned prior: the density is that of N(mu, sigma^2)") {
  LearnedPrior prior({2});
  parameter(prior, "net.value").set_value(of({4}, {0.5, -1, 0.3, -0.2}));  // mu_1, mu_2, log sigma_1, log sigma_2
  const Tensor x = of({1, 2}, {1.5, 0.25});
  const FlowResult r = prior.forward(x);
  check_close(r.y.value(), of({1, 2}, {1 / std::exp(0.3), 1.25 / std::exp(-0.2)}));
  check_close(r.log_det.value(), of({1}, {-0.1}));
  check_close(prior.inverse(Tensor::zeros({1, 2})), of({1, 2}, {0.5, -1}));
}

TEST_CASE("zero convolution: (x * w + b) exp(3 g), padded with zeros or with ones") {
  for (const auto padding : {ZeroConv2d::Padding::zeros, ZeroConv2d::Padding::ones}) {
    const ZeroConv2d conv(1, 1, 3, padding);
    const Tensor x = of({1, 2, 2, 1}, {2, 3, 5, 7});
    for (const Real v : conv(x).value().data()) CHECK(v == 0);
    parameter(conv, "weight").set_value(of({3, 3, 1, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9}));
    parameter(conv, "bias").set_value(of({1}, {0.5}));
    parameter(conv, "log_gain").set_value(of({1}, {0.1}));
    // At the top left pixel the kernel's last 2 x 2 weights meet the image, and the other five the padding.
    const double inside[] = {5 * 2 + 6 * 3 + 8 * 5 + 9 * 7, 4 * 2 + 5 * 3 + 7 * 5 + 8 * 7,
                             2 * 2 + 3 * 3 + 5 * 5 + 6 * 7, 1 * 2 + 2 * 3 + 4 * 5 + 5 * 7};
    const double around[] = {1 + 2 + 3 + 4 + 7, 1 + 2 + 3 + 6 + 9, 1 + 4 + 7 + 8 + 9, 3 + 6 + 7 + 8 + 9};
    Tensor expected({1, 2, 2, 1});
    for (int i = 0; i < 4; ++i) {
      const double sum = inside[i] + (padding == ZeroConv2d::Padding::ones ? around[i] : 0) + 0.5;
      expected.mutable_data()[i] = sum * std::exp(0.3);
    }
    check_close(conv(x).value(), expected);
  }
}

TEST_CASE("Glow's network: two hidden layers with ActNorm and ReLU, then the zero convolution") {
  Rng rng(1);
  const ConvNet net(2, 3, 4, rng);
  add_noise(net, 1, 0.5);
  const auto norm = [&](const Tensor& x, const std::string& name) {
    return math::add(math::multiply(x, math::exp(parameter(net, name + ".log_s").value())),
                     parameter(net, name + ".b").value());
  };
  const auto conv = [&](const Tensor& x, const std::string& name) {
    return conv2d(x, parameter(net, name + ".weight")).value();
  };
  const Tensor x = Tensor::randn({2, 3, 4, 2}, rng);
  const Tensor h1 = math::relu(norm(conv(x, "conv1"), "norm1")), h2 = math::relu(norm(conv(h1, "conv2"), "norm2"));
  const Tensor last = math::add(conv(h2, "last"), parameter(net, "last.bias").value());
  const Tensor gain = math::exp(math::scale_offset(parameter(net, "last.log_gain").value(), 3, 0));
  check_close(net(x).value(), math::multiply(last, gain));
}

TEST_CASE("init: a rotation is orthogonal, P L (U + diag(s)) is the matrix") {
  Rng rng(1);
  for (const int64_t n : {1, 2, 5, 24}) {
    const Tensor q = init::rotation(n, rng);
    Tensor identity = Tensor::zeros({n, n});
    for (int64_t i = 0; i < n; ++i) identity.mutable_data()[i * n + i] = 1;
    check_close(math::matmul(q, q, math::Trans::no, math::Trans::yes), identity, 1e-13);

    const Tensor a = Tensor::randn({n, n}, rng);
    const auto f = init::plu(a);
    Tensor lower = math::add(f.lower, identity), upper = f.upper.clone();
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        if (j >= i) CHECK(f.lower.data()[i * n + j] == 0);
        else CHECK(std::abs(f.lower.data()[i * n + j]) <= 1);  // by the largest pivot
        if (j <= i) CHECK(f.upper.data()[i * n + j] == 0);
      }
      upper.mutable_data()[i * n + i] = f.s.data()[i];
    }
    const Tensor lu = math::matmul(lower, upper);
    std::vector<int64_t> p;
    for (const Real v : f.permutation.data()) p.push_back(static_cast<int64_t>(v));
    check_close(lu.rows(p), a, 1e-12);
  }
  CHECK(message<ValueError>([] { init::plu(of({2, 2}, {1, 2, 2, 4})); }) == "init::plu: the matrix [2, 2] is singular");
  CHECK(message<ShapeError>([] {
          init::plu(Tensor::zeros({2, 3}));
        }) == "init::plu: expects a square matrix, got [2, 3]");
}

TEST_CASE("1x1 convolution: both forms start as the same random rotation, of log-determinant 0") {
  for (const uint64_t seed : {1, 2, 3, 4}) {
    Rng one(seed), other(seed), data(9);
    const InvertibleConv plain({2, 3, 6}, one);
    const InvertibleConvPLU factors({2, 3, 6}, other);
    const Tensor x = Tensor::randn({2, 2, 3, 6}, data);
    const FlowResult a = plain.forward(x), b = factors.forward(x);
    check_close(a.y.value(), b.y.value());
    check_close(a.log_det.value(), Tensor::zeros({2}));
    check_close(b.log_det.value(), Tensor::zeros({2}));
    check_close(factors.inverse(x), plain.inverse(x));
    CHECK(math::sum_squares(math::subtract(a.y.value(), x)) > 0.1);
    CHECK(math::sum_squares(a.y.value()) == doctest::Approx(math::sum_squares(x)).epsilon(1e-12));
  }
}

TEST_CASE("1x1 convolution: a singular W is an error that names the layer") {
  Rng rng(1);
  const auto model = build_glow({.data = {.input = {4, 4, 1}, .levels = 17}, .scales = 1, .steps = 2, .width = 4}, 1);
  Variable& w = parameter(*model, "flow.images.scales.0.steps.1.mix.w");
  w.set_value(Tensor::zeros(w.shape()));
  const std::string expected =
      "InvertibleConv flow.images.scales.0.steps.1.mix: W [4, 4] is singular: log|det W| is -inf, and the layer has no "
      "inverse; in training, try a smaller learning rate or the PLU form; a file with such a model is damaged";
  const Tensor x = Tensor::uniform({1, 4, 4, 1}, rng, 0, 17);
  CHECK(message<NonFiniteError>([&] { model->log_prob(x); }) == expected);
  CHECK(message<NonFiniteError>([&] { model->sample(1, rng); }) == expected);
}

namespace {

// Correlated data: x = A u + m.
Tensor correlated(int64_t n, int64_t d) {
  Rng rng(4);
  const Tensor a = Tensor::randn({d, d}, rng), m = Tensor::randn({d}, rng);
  return math::add(math::matmul(Tensor::randn({n, d}, rng), a), m);
}

}  // namespace

TEST_CASE("scales: zero and infinity are errors that name the layer and the channel, both ways") {
  Rng rng(1);
  DiagonalScale scale({3});
  InvertibleConvPLU plu({3}, rng);
  TriangularWhitening triangular({3});
  const std::pair<Flow*, const char*> cases[] = {{&scale, "s"}, {&plu, "log_s"}, {&triangular, "log_diagonal"}};
  for (const auto& [flow, name] : cases) {
    for (const double log_s : {-1e4, 1e4}) {
      Variable& p = parameter(*flow, name);
      const Tensor before = p.value();
      p.set_value(of({3}, {0, log_s, 0}));
      const Tensor x = Tensor::randn({2, 3}, rng);
      CHECK(message<NonFiniteError>([&] { flow->inverse(x); }).find("its scale 1 is") != std::string::npos);
      CHECK(message<NonFiniteError>([&] { flow->forward(x); }).find(flow->describe()) != std::string::npos);
      p.set_value(before);
    }
  }
  Standardize standardize({2});
  standardize.set(std::vector<double>{0, 0}, std::vector<double>{1, 2});
  *standardize.buffers()[1].tensor = of({2}, {1, 0});
  CHECK(message<NonFiniteError>([&] {
          standardize.forward(Tensor::zeros({1, 2}));
        }).find("its scale 1 is 0") != std::string::npos);
}

TEST_CASE("PLU: signs that are neither 1 nor -1 are a damaged checkpoint") {
  Rng rng(1);
  InvertibleConvPLU plu({3}, rng);
  for (const auto& b : plu.buffers()) {
    if (b.name == "sign") *b.tensor = of({3}, {1, 0.5, -1});
  }
  const std::string expected =
      " (InvertibleConvPLU, W [3, 3]): a sign of s is 0.5, not 1 or -1; the checkpoint is damaged, "
      "use another one";
  CHECK(message<CheckpointError>([&] { plu.forward(Tensor::zeros({1, 3})); }) == expected);
  CHECK(message<CheckpointError>([&] { plu.inverse(Tensor::zeros({1, 3})); }) == expected);
}

TEST_CASE("models: sizes below 1 and negative levels are refused") {
  CHECK(message<ValueError>([] {
          build_glow({.data = {.input = {0, 8, 1}}}, 1);
        }).find("a size below 1 in [0, 8, 1]") != std::string::npos);
  CHECK(message<ValueError>([] {
          build_nice({.data = {.input = {8, 8, 1}, .levels = -4}}, 1);
        }).find("levels must not be negative, got -4") != std::string::npos);
}

TEST_CASE("ZCA whitening: the whitened data have mean 0 and covariance I") {
  const Tensor x = correlated(300, 5);
  const Covariance c = covariance_of(x);
  ZCA zca({5});
  zca.set(c.mean, c.covariance);
  const Tensor y = zca.forward(x).y.value();
  const Covariance white = covariance_of(y);
  for (int i = 0; i < 5; ++i) {
    CHECK(std::abs(white.mean[i]) < 1e-10);
    for (int j = 0; j < 5; ++j) CHECK(std::abs(white.covariance[i * 5 + j] - (i == j)) < 1e-10);
  }
}

TEST_CASE("ZCA whitening: a direction without variance gets a floor, and a warning") {
  Tensor x = correlated(100, 3).clone();
  for (int64_t i = 0; i < 100; ++i) x.mutable_data()[3 * i + 2] = 2 * x.data()[3 * i] - x.data()[3 * i + 1] + 1;
  const Covariance c = covariance_of(x);
  ZCA zca({3});
  const std::string said = warnings([&] { zca.set(c.mean, c.covariance); });
  CHECK(said.find("bijou: warning: ZCA whitening: 1 of 3 directions hardly vary in the training data") == 0);
  const FlowResult r = zca.forward(x);
  CHECK(math::all_finite(r.y.value()));
  CHECK(math::all_finite(r.log_det.value()));
  check_close(zca.inverse(r.y.value()), x, 1e-6);
  CHECK(message<ValueError>([&] { zca.set(std::vector<double>(2), std::vector<double>(4)); }) ==
        "ZCA::set: a mean of 2 and a covariance of 4 numbers for 3 dimensions");
  CHECK(message<ValueError>([&] {
          zca.set(std::vector<double>(3), std::vector<double>(9));
        }).find("ZCA::set: the data are constant") == 0);
}

TEST_CASE("diagonal scale: from data, each dimension comes out with variance 1; a constant one gets a floor") {
  Tensor x = correlated(300, 3).clone();
  DiagonalScale scale({3}, DiagonalScale::From::data), identity({3});
  CHECK(warnings([&] { scale.initialize(x); }).empty());
  const Covariance c = covariance_of(scale.forward(x).y.value());
  for (int i = 0; i < 3; ++i) CHECK(c.covariance[i * 3 + i] == doctest::Approx(1).epsilon(1e-10));
  check_close(identity.initialize(x), x);

  const Covariance before = covariance_of(x);  // sigma_d = 1 / S_dd: here the deviations of the data, the largest first
  std::vector<double> deviations;
  for (int i = 0; i < 3; ++i) deviations.push_back(std::sqrt(before.covariance[i * 3 + i]));
  std::ranges::sort(deviations, std::greater<>());
  const std::vector<double> spectrum = scale.spectrum();
  REQUIRE(spectrum.size() == 3);
  for (int i = 0; i < 3; ++i) CHECK(spectrum[i] == doctest::Approx(deviations[i]).epsilon(1e-10));

  for (int64_t i = 0; i < 300; ++i) x.mutable_data()[3 * i + 1] = 4;
  const std::string said = warnings([&] { scale.initialize(x); });
  CHECK(said.find("dimension 1 is constant in the data that it starts from") != std::string::npos);
  CHECK(math::all_finite(scale.forward(x).y.value()));
}
