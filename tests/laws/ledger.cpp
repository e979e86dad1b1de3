// The ledger: its terms are what they are called, and their sum is -log p(x).
#include "flows/ledger.hpp"
#include "flows/sequential.hpp"
#include "flows/zoo.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace bijou;

namespace {

constexpr int kLevels = 17;
constexpr int64_t kExamples = 5, kPixels = 64;

std::unique_ptr<FlowModel> random_model(const std::string& family) {
  auto model = build_flow(flow_preset(family, "digits"), 3);
  Rng rng(4, stream("ledger"));
  for (const auto& p : model->parameters()) {
    const Tensor noise = math::scale_offset(Tensor::randn(p.variable->shape(), rng), 0.02, 0);
    p.variable->set_value(math::add(p.variable->value(), noise));
  }
  for (const auto& b : model->buffers())
    if (b.name.ends_with("running.variance")) *b.tensor = Tensor::uniform(b.tensor->shape(), rng, 0.5, 2);
  return model;
}

Tensor random_images() {
  Rng rng(5, stream("images"));
  return Tensor::uniform({kExamples, 8, 8, 1}, rng, 0, kLevels);
}

std::vector<double> term(const Ledger& ledger, const std::string& name) {
  for (const Ledger::Term& t : ledger.terms())
    if (t.name == name) return t.nats;
  FAIL("the ledger has no ", name);
  return {};
}

// The sum of every parameter whose name ends so, times `weight(name)`.
template <class Weight>
double sum_of(const Module& model, const std::string& end, const Weight& weight) {
  double sum = 0;
  for (const auto& p : model.parameters()) {
    if (!p.name.ends_with(end)) continue;
    for (const Real v : p.variable->value().data()) sum += weight(p.name) * v;
  }
  return sum;
}

double log_normal(const Tensor& z, int64_t example, int64_t begin, int64_t end) {
  double log_p = 0;
  for (int64_t d = begin; d < end; ++d) {
    const double v = z.data()[example * kPixels + d];
    log_p -= (v * v + std::log(2 * std::numbers::pi)) / 2;
  }
  return log_p;
}

void same(double a, double b) { CHECK(std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b))); }

}  // namespace

TEST_CASE("ledger: the terms sum to -log p(x), example by example, on all three models") {
  for (const std::string& family : families()) {
    CAPTURE(family);
    const auto model = random_model(family);
    const Tensor x = random_images(), log_p = model->log_prob(x).value();
    Ledger ledger(kExamples);
    ledger.enter(*model, x, kLevels, 0);
    double mean = 0;
    for (int64_t i = 0; i < kExamples; ++i) {
      double sum = 0;
      for (const Ledger::Term& t : ledger.terms()) sum += t.nats[static_cast<size_t>(i)];
      same(sum, -log_p.data()[i]);
      mean -= log_p.data()[i] / kExamples;
    }
    same(ledger.total().mean, mean);
    for (const double v : term(ledger, "quantisation")) same(v, kPixels * std::log(kLevels));
  }
}

TEST_CASE("ledger: batches and draws add up to the mean over draws") {
  const auto model = random_model("glow");
  const Tensor x = random_images(), y = math::scale_offset(x, 0.9, 0.1);
  Ledger ledger(kExamples);
  ledger.enter(*model, x.rows(0, 2), kLevels, 0, 0.5);
  ledger.enter(*model, x.rows(2, kExamples), kLevels, 2, 0.5);
  ledger.enter(*model, y, kLevels, 0, 0.5);
  const Tensor p = model->log_prob(x).value(), q = model->log_prob(y).value();
  std::vector<double> nll;
  double mean = 0, squares = 0;
  for (int64_t i = 0; i < kExamples; ++i)
    nll.push_back(-(p.data()[i] + q.data()[i]) / 2), mean += nll.back() / kExamples;
  for (const double v : nll) squares += (v - mean) * (v - mean);
  same(ledger.total().mean, mean);
  same(ledger.total().error, std::sqrt(squares / (kExamples - 1) / kExamples));
}

TEST_CASE("ledger: behind the preprocessing is what neither it nor the quantisation adds") {
  const auto model = random_model("realnvp");
  const Tensor x = random_images();
  Ledger ledger(kExamples);
  ledger.enter(*model, x, kLevels, 0);
  std::vector<double> rest(kExamples, 0.0);
  for (const Ledger::Term& t : ledger.terms()) {
    const bool counts = !t.name.starts_with("preprocessing") && !t.name.starts_with("quantisation");
    for (size_t i = 0; i < rest.size(); ++i) rest[i] += counts ? t.nats[i] : 0;
  }
  same(ledger.behind_preprocessing().mean, estimate(rest).mean);
  same(ledger.behind_preprocessing().error, estimate(rest).error);
  CHECK(std::abs(ledger.behind_preprocessing().mean - ledger.total().mean) > 1);
}

TEST_CASE("ledger: each kind of layer is what its parameters say") {
  const Tensor x = random_images();
  SUBCASE("NICE: the scaling layer, one prior, couplings that keep volumes") {
    const auto model = random_model("nice");
    Ledger ledger(kExamples);
    ledger.enter(*model, x, kLevels, 0);
    const double s = sum_of(*model, "scale.s", [](const std::string&) { return 1.0; });
    for (const double v : term(ledger, "scaling layer")) same(v, -s);
    for (const double v : term(ledger, "couplings")) CHECK(v == 0);
    const Variable z = model->bijection().forward(x).y;
    for (int64_t i = 0; i < kExamples; ++i)
      same(term(ledger, "prior")[static_cast<size_t>(i)], -model->base().log_prob(z).value().data()[i]);
  }
  SUBCASE("RealNVP: the priors of the scales, batch norm") {
    const auto model = random_model("realnvp");
    Ledger ledger(kExamples);
    ledger.enter(*model, x, kLevels, 0);
    const Tensor z = model->bijection().forward(x).y.value();
    double norms = 0;
    for (const auto& b : model->buffers()) {
      // checkerboard.i_norm and channel.i_norm are the layers; the networks' own norms are no flows
      if (!b.name.ends_with("_norm.running.variance")) continue;
      if (b.name.find(".net.") != std::string::npos) continue;
      const double pixels = (b.name.find("scales.0.checkerboard") != std::string::npos ? 64 : 16);
      for (const Real v : b.tensor->data()) norms += 0.5 * pixels * std::log(v + 1e-4);
    }
    for (int64_t i = 0; i < kExamples; ++i) {
      same(term(ledger, "prior, scale 1")[static_cast<size_t>(i)], -log_normal(z, i, 0, 32));
      same(term(ledger, "prior, scale 2")[static_cast<size_t>(i)], -log_normal(z, i, 32, 64));
      same(term(ledger, "batch norm")[static_cast<size_t>(i)], norms);
    }
  }
  SUBCASE("Glow: actnorm, and priors with their learned moments") {
    const auto model = random_model("glow");
    Ledger ledger(kExamples);
    ledger.enter(*model, x, kLevels, 0);
    const double actnorm = sum_of(*model, "actnorm.affine.log_s", [](const std::string& name) {
      return name.find("scales.0.") != std::string::npos ? 16.0 : 4.0;
    });
    for (const double v : term(ledger, "actnorm")) same(v, -actnorm);
    // Behind the learned prior, z is standard normal: log N(x; mu, sigma) = log N(z; 0, 1) + its log-determinant.
    const double sigma = sum_of(*model, "scales.1.prior.net.value", [](const std::string&) { return 0.0; });
    const Tensor z = model->bijection().forward(x).y.value();
    double log_sigma = sigma;
    for (const auto& p : model->parameters()) {
      if (!p.name.ends_with("scales.1.prior.net.value")) continue;
      const auto values = p.variable->value().data();
      for (size_t c = values.size() / 2; c < values.size(); ++c) log_sigma += 4 * values[c];
    }
    for (int64_t i = 0; i < kExamples; ++i)
      same(term(ledger, "prior, scale 2")[static_cast<size_t>(i)], -(log_normal(z, i, 32, 64) - log_sigma));
  }
}

// The logit makes of a number that is uniform on [0, 1] a logistic one, and a NICE without couplings whose S is the
// identity has that prior: the density is (1 - 2 alpha), which is 1 within 2e-6.
TEST_CASE("ledger: a model uniform on [0, 1] gives 8.000 bits/dim on images of 8 bits") {
  NICEConfig config{.data = {.input = {8, 8, 1}, .levels = 256, .alpha = 1e-6}, .depths = {}};
  const auto model = build_nice(config, 1);
  Rng rng(6, stream("uniform"));
  const Tensor x = Tensor::uniform({kExamples, 8, 8, 1}, rng, 0, 256);
  Ledger ledger(kExamples);
  ledger.enter(*model, x, 256, 0);
  CHECK(std::abs(bits_per_dim(ledger.total().mean, kPixels) - 8) < 1e-5);
  CHECK(ledger.total().error < 1e-9);
  CHECK(bits_per_dim(term(ledger, "quantisation")[0], kPixels) == 8);
  CHECK(std::abs(bits_per_dim(term(ledger, "preprocessing: scaling")[0], kPixels)) < 1e-9);
}
