// Scores, AUROC and AUPR, against counting by hand, and against what other programs say.
#include "apps/detection.hpp"
#include "apps/scores.hpp"
#include "autograd/random.hpp"
#include "datasets/loader.hpp"
#include "flows/sequential.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace bijou;

namespace {

std::vector<Detection> detect_one(const std::vector<double>& score, const std::vector<bool>& anomalous, int draws = 0) {
  return detect(std::span(&score, 1), anomalous, draws, 1);
}

// The definition: pairs of an anomaly and a normal example.
double pairs_in_order(const std::vector<double>& score, const std::vector<bool>& anomalous) {
  double right = 0, all = 0;
  for (size_t i = 0; i < score.size(); ++i) {
    for (size_t j = 0; j < score.size(); ++j) {
      if (!anomalous[i] || anomalous[j]) continue;
      all += 1;
      right += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
    }
  }
  return right / all;
}

}  // namespace

TEST_CASE("detection: AUROC is the share of pairs in order, ties count half") {
  Rng rng(1);
  std::vector<double> score;
  std::vector<bool> anomalous;
  for (int i = 0; i < 300; ++i) {
    anomalous.push_back(rng.uniform() < 0.2);
    score.push_back(std::floor(10 * rng.uniform() + 3 * anomalous.back()));  // many ties
  }
  CHECK(detect_one(score, anomalous)[0].auroc.value ==
        doctest::Approx(pairs_in_order(score, anomalous)).epsilon(1e-12));
  CHECK(detect_one({1, 2, 3, 4}, {false, false, true, true})[0].auroc.value == 1);
  CHECK(detect_one({1, 2, 3, 4}, {true, true, false, false})[0].auroc.value == 0);
  CHECK(detect_one({7, 7, 7, 7}, {true, true, false, false})[0].auroc.value == 0.5);
}

TEST_CASE("detection: AUPR is the average precision") {
  // scikit-learn's documentation: average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) = 0.83...
  CHECK(detect_one({0.1, 0.4, 0.35, 0.8}, {false, false, true, true})[0].aupr.value == doctest::Approx(5.0 / 6));
  CHECK(detect_one({7, 7, 7, 7}, {true, false, false, false})[0].aupr.value == doctest::Approx(0.25));
}

TEST_CASE("detection: the bootstrap's interval covers the figure, shrinks with more examples, and repeats itself") {
  double before = 1;
  for (const int n : {100, 10'000}) {
    Rng rng(2);
    std::vector<double> score;
    std::vector<bool> anomalous;
    for (int i = 0; i < n; ++i) {
      anomalous.push_back(i % 5 == 0);
      score.push_back(rng.normal() + anomalous.back());
    }
    const Detection d = detect_one(score, anomalous, 400)[0];
    CHECK(d.auroc.low < d.auroc.value);
    CHECK(d.auroc.high > d.auroc.value);
    CHECK(d.aupr.low < d.aupr.high);
    const double phi = 0.5 * std::erfc(-0.5);  // P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    CHECK(d.auroc.low < phi);
    CHECK(d.auroc.high > phi);
    CHECK(d.auroc.high - d.auroc.low < before);
    before = (d.auroc.high - d.auroc.low) / 5;
    const Detection again = detect_one(score, anomalous, 400)[0];
    CHECK(again.auroc.low == d.auroc.low);
    CHECK(again.aupr.high == d.aupr.high);
  }
}

TEST_CASE("detection: one kind alone, and scores that are no numbers") {
  CHECK_THROWS_WITH_AS(detect_one({1, 2}, {true, true}),
                       "detect: all 2 examples are anomalous: there is nothing to tell apart", ValueError);
  CHECK_THROWS_WITH_AS(detect_one({1, 2}, {false, false}),
                       "detect: all 2 examples are normal: there is nothing to tell apart", ValueError);
  CHECK_THROWS_AS(detect_one({1, std::nan("")}, {true, false}), ValueError);
}

TEST_CASE("detection: a threshold leaves its share of clean examples above it") {
  std::vector<double> clean;
  for (int i = 0; i < 1000; ++i) clean.push_back((i * 37) % 1000);
  for (const double share : {0.001, 0.01, 0.05, 0.5}) {
    const double threshold = threshold_for(clean, share);
    CHECK(std::ranges::count_if(clean, [&](double v) { return v > threshold; }) == std::lround(share * 1000));
  }
}

TEST_CASE("detection: the curve goes from (0, 0) to (1, 1), rising, also when it is thinned") {
  Rng rng(3);
  std::vector<double> score;
  std::vector<bool> anomalous;
  for (int i = 0; i < 5000; ++i) score.push_back(rng.normal() + (anomalous.emplace_back(i % 3 == 0) ? 1 : 0));
  for (const size_t most : {100'000, 50}) {
    const auto curve = roc(score, anomalous, most);
    CHECK(curve.size() <= most);
    CHECK(curve.front().false_alarms == 0);
    CHECK(curve.front().found == 0);
    CHECK(curve.back().false_alarms == 1);
    CHECK(curve.back().found == 1);
    for (size_t k = 1; k < curve.size(); ++k) CHECK(curve[k].found >= curve[k - 1].found);
  }
}

TEST_CASE("scores: the gradient's norm, and typicality, of a standard normal density") {
  const FlowModel model("normal", std::make_unique<Sequential>(Shape{3}), std::make_unique<StandardNormal>(3));
  Rng rng(4);
  const Examples examples{Tensor::randn({1000, 3}, rng), {}};
  const FlowModel wide("normal", std::make_unique<Sequential>(Shape{3}), std::make_unique<StandardNormal>(3));
  Measured all;
  measure({model, &wide, 0, true}, examples, [&](const Measured& m, int64_t first) {
    CHECK(first == std::ssize(all.nll));
    all.nll.insert(all.nll.end(), m.nll.begin(), m.nll.end());
    all.gradient.insert(all.gradient.end(), m.gradient.begin(), m.gradient.end());
    all.nll_against.insert(all.nll_against.end(), m.nll_against.begin(), m.nll_against.end());
  });
  REQUIRE(all.nll.size() == 1000);
  const auto scores = scores_of(all, 3, 1.25);
  REQUIRE(scores.size() == 4);  // no images: no complexity
  CHECK(scores[0].name == "likelihood");
  CHECK(scores[1].name == "typicality");
  CHECK(scores[2].name == "ratio");
  CHECK(scores[3].name == "gradient");
  for (size_t i = 0; i < 1000; ++i) {
    double square = 0;
    for (size_t k = 0; k < 3; ++k) square += std::pow(static_cast<double>(examples.x.data()[3 * i + k]), 2);
    const double nll = 0.5 * square + 1.5 * std::log(2 * std::numbers::pi);
    CHECK(scores[0].values[i] == doctest::Approx(nll).epsilon(1e-4));
    CHECK(scores[1].values[i] == doctest::Approx(std::abs(nll / 3 - 1.25)).epsilon(1e-3));
    CHECK(scores[2].values[i] == 0);
    CHECK(scores[3].values[i] == doctest::Approx(std::sqrt(square)).epsilon(1e-4));
  }
}

TEST_CASE("scores: the deflated size grows from one grey to a slope to noise") {
  const Shape image{28, 28, 1};
  Rng rng(5);
  std::vector<Real> flat(784, 7), slope(784), noise(784);
  for (size_t k = 0; k < 784; ++k) {
    slope[k] = static_cast<Real>(3 * (k % 28) + 5 * (k / 28));
    noise[k] = static_cast<Real>(rng.below(256));
  }
  const double of_flat = deflated_bits(flat, image), of_slope = deflated_bits(slope, image),
               of_noise = deflated_bits(noise, image);
  CHECK(of_flat < of_slope);
  CHECK(of_slope < 0.2 * of_noise);  // a filter turns it into repetitions
  CHECK(of_noise > 8 * 784);         // nothing to be had: the bytes and what wraps them
  CHECK(of_noise < 8 * (784 + 32));
}
