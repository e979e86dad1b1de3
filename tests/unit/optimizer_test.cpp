// What trains: Adam and Adamax against references in plain doubles, schedules, and moving averages.
#include "apps/loop_state.hpp"
#include "autograd/check.hpp"
#include "flows/zoo.hpp"
#include "nn/layers.hpp"
#include "nn/optimizer.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

using namespace bijou;
using bijou_tests::message;
using bijou_tests::values;

namespace {

constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();

// Parameters w [2, 3] and b [4], a buffer and a constant, without any function.
class Bare : public Module {
 public:
  explicit Bare(double start = 0.5)
      : w(parameter("w", Tensor::full({2, 3}, start))),
        b(parameter("b", Tensor::full({4}, start))),
        running(buffer("running", Tensor::full({2}, start))),
        order(constant("order", Tensor::from({4}, {3, 0.1, 1, 2}))) {}
  std::string describe() const override { return "bare"; }
  Variable &w, &b;
  Tensor &running, &order;
};

// Kingma and Ba 2015 for one list of numbers, with a clip before it: algorithm 1, and algorithm 2 with the correction
// that Glow's released code has.
struct Reference {
  std::vector<double> w, m = std::vector<double>(w.size()), v = std::vector<double>(w.size());
  int t = 0;
  bool adam(const std::vector<double>& gradient, double rate, double clip) {
    return step(gradient, clip, [&](size_t i, double g) {
      v[i] = 0.999 * v[i] + 0.001 * g * g;
      return rate * (m[i] / (1 - std::pow(0.9, t))) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
    });
  }
  bool adamax(const std::vector<double>& gradient, double rate, double clip) {
    return step(gradient, clip, [&](size_t i, double g) {
      v[i] = std::max(0.999 * v[i], std::abs(g));
      return rate * (m[i] / (1 - std::pow(0.9, t))) * std::sqrt(1 - std::pow(0.999, t)) / (v[i] + 1e-8);
    });
  }

 private:
  template <class Rule>
  bool step(const std::vector<double>& gradient, double clip, const Rule& rule) {
    double norm = 0;
    for (const double g : gradient) norm += g * g;
    norm = std::sqrt(norm);
    const bool clipped = clip > 0 && norm > clip;
    ++t;
    for (size_t i = 0; i < w.size(); ++i) {
      const double g = gradient[i] * (clipped ? clip / norm : 1);
      m[i] = 0.9 * m[i] + 0.1 * g;
      w[i] -= rule(i, g);
    }
    return clipped;
  }
};

void set_gradients(Bare& module, Rng& rng, double size) {
  module.w.slot()->gradient = math::scale_offset(Tensor::randn({2, 3}, rng), size, 0);
  module.b.slot()->gradient = math::scale_offset(Tensor::randn({4}, rng), size, 0);
}

std::vector<double> both(const Tensor& w, const Tensor& b) {
  std::vector<double> all = values(w);
  all.insert(all.end(), b.data().begin(), b.data().end());
  return all;
}

template <class Method, class Expected>
void check_steps(const Expected& expected_step) {
  for (const double clip : {0.0, 2.0}) {
    Bare module;
    Method method(module, {.clip_norm = clip});
    Reference reference{std::vector<double>(10, 0.5)};
    Rng rng(1, stream("gradients"));
    int clipped = 0;
    for (int t = 0; t < 20; ++t) {
      set_gradients(module, rng, t % 3 == 0 ? 1 : 0.3);  // norms of about 3 and 1
      const std::vector<double> gradient = both(module.w.gradient(), module.b.gradient());
      const double rate = 0.01 / (t + 1);
      const Optimizer::Report report = method.step(rate);
      const bool expected = expected_step(reference, gradient, rate, clip);
      CHECK(report.clipped == expected);
      CHECK(std::abs(report.gradient_norm -
                     std::sqrt(std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0))) < 1e-5);
      clipped += expected;
      const std::vector<double> w = both(module.w.value(), module.b.value());
      for (size_t i = 0; i < w.size(); ++i) CHECK(std::abs(w[i] - reference.w[i]) < 1e-6);
      CHECK_FALSE(module.w.gradient().defined());  // used and cleared
    }
    CHECK((clip > 0 ? 0 < clipped && clipped < 20 : clipped == 0));
  }
}

template <class Method>
void check_refusal(const char* refusal) {
  for (const Real bad : {kNaN, std::numeric_limits<Real>::infinity()}) {
    Bare module, untroubled;
    Method method(module), twin(untroubled);
    Rng rng(1, stream("gradients")), same(1, stream("gradients"));
    for (int t = 0; t < 3; ++t) {
      if (t == 1) {
        const std::vector<double> before = both(module.w.value(), module.b.value());
        module.w.slot()->gradient = Tensor::full({2, 3}, 1);
        Tensor broken = Tensor::full({4}, 1);
        broken.mutable_data()[2] = bad;
        module.b.slot()->gradient = broken;
        CHECK(message<NonFiniteError>([&] { method.step(0.01); }) == refusal);
        CHECK(both(module.w.value(), module.b.value()) == before);
      }
      set_gradients(module, rng, 1);
      set_gradients(untroubled, same, 1);
      method.step(0.01);
      twin.step(0.01);
      CHECK(both(module.w.value(), module.b.value()) == both(untroubled.w.value(), untroubled.b.value()));
    }
  }
}

}  // namespace

TEST_CASE("Adam: 20 steps are those of the algorithm, with and without a clip") {
  check_steps<Adam>([](Reference& r, const auto& g, double rate, double clip) { return r.adam(g, rate, clip); });
}

TEST_CASE("Adamax: 20 steps are those of the algorithm with Glow's correction, with and without a clip") {
  check_steps<Adamax>([](Reference& r, const auto& g, double rate, double clip) { return r.adamax(g, rate, clip); });
}

TEST_CASE("Adamax: the first step is lr sqrt(1 - beta2), whatever the gradient's size") {
  Bare module;
  Adamax adamax(module, {.beta2 = 0.99, .clip_norm = 0});
  module.w.slot()->gradient = Tensor::full({2, 3}, 1e-3);
  module.b.slot()->gradient = Tensor::full({4}, -1e3);
  adamax.step(0.1);
  CHECK(module.w.value().data()[0] == doctest::Approx(0.5 - 0.01).epsilon(1e-5));
  CHECK(module.b.value().data()[0] == doctest::Approx(0.5 + 0.01).epsilon(1e-5));
}

TEST_CASE("Adam and Adamax: a gradient that is not finite is refused by name, and changes nothing") {
  check_refusal<Adam>("Adam: the gradient is not finite");
  check_refusal<Adamax>("Adamax: the gradient is not finite");
}

TEST_CASE("Adam: a parameter without a gradient stays") {
  Bare module;
  Adam adam(module);
  module.b.slot()->gradient = Tensor::full({4}, 1);
  adam.step(0.1);
  CHECK(values(module.w.value()) == std::vector<double>(6, 0.5));
  CHECK(module.b.value().data()[0] == doctest::Approx(0.4));
  module.b.slot()->gradient = Tensor::full({4}, 1);
  adam.clear_gradients();
  CHECK_FALSE(module.b.gradient().defined());
}

TEST_CASE("Adam and Adamax: weights of layers decay by the rate, biases and other parameters do not") {
  const auto decayed = [](const auto& make_optimizer) {
    Rng rng(1, stream("weights"));
    Linear linear(3, 2, rng);
    linear.parameters()[1].variable->set_value(Tensor::full({2}, 1));
    const auto all = linear.parameters();
    const Tensor w = all[0].variable->value().clone();
    auto optimizer = make_optimizer(linear, OptimizerOptions{.weight_decay = 0.5});
    for (int t = 0; t < 2; ++t) {
      for (const auto& p : all) p.variable->slot()->gradient = Tensor::zeros(p.variable->shape());
      optimizer->step(0.2);
    }
    for (size_t i = 0; i < 6; ++i)  // 1 - 0.2 x 0.5 = 0.9, twice
      CHECK(all[0].variable->value().data()[i] == doctest::Approx(0.81 * w.data()[i]).epsilon(1e-6));
    CHECK(values(all[1].variable->value()) == std::vector<double>{1, 1});
  };
  decayed([](const Module& m, OptimizerOptions o) { return std::make_unique<Adam>(m, o); });
  decayed([](const Module& m, OptimizerOptions o) { return std::make_unique<Adamax>(m, o); });
  Bare module;  // parameters that are nobody's weights
  Adam adam(module, {.weight_decay = 0.5});
  module.w.slot()->gradient = Tensor::zeros({2, 3});
  adam.step(0.2);
  CHECK(values(module.w.value()) == std::vector<double>(6, 0.5));
}

TEST_CASE("weight decay: the weights of linear layers and convolutions, in each model") {
  const auto decays = [](const FlowModel& model) {
    std::vector<std::string> names;
    for (const auto& p : model.parameters()) {
      if (p.role == Module::Role::weight) names.push_back(p.name);
    }
    return names;
  };
  const auto nice = build_flow(flow_preset("nice", "digits"), 0), glow = build_flow(flow_preset("glow", "digits"), 0),
             realnvp = build_flow(flow_preset("realnvp", "digits"), 0);
  CHECK(decays(*nice).size() == 12);          // four couplings of three layers; not S
  CHECK(decays(*glow).size() == 16 * 3 + 1);  // sixteen couplings of three convolutions and a split's prior; not W
  CHECK(decays(*realnvp).empty());            // weight norm: a direction has no size
}

TEST_CASE("Adam and Adamax: moments that no gradient reaches any more end at zero, not among subnormal numbers") {
  const auto left = [](auto&& optimizer, Bare& module) {
    for (int t = 0; t < 3000; ++t) {
      module.w.slot()->gradient = Tensor::full({2, 3}, t == 0 ? 1 : 0);
      optimizer.step(1e-3);
    }
    for (const auto& [name, tensor] : optimizer.state().tensors) {
      if (name.ends_with(".w")) CHECK(values(*tensor) == std::vector<double>(6, 0));
    }
  };
  Bare one, other;
  left(Adam(one, {.beta2 = 0.95}), one);
  left(Adamax(other, {.beta2 = 0.95}), other);
}

TEST_CASE("Schedule: falling by a factor") {
  const Schedule step{.kind = Schedule::Kind::step,
                      .learning_rate = 0.4,
                      .warmup_steps = 1,
                      .total_steps = 9,
                      .every = 3,
                      .factor = 0.5};
  const double expected[] = {0.2, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1};
  for (int t = 0; t < 7; ++t) CHECK(step.at(t) == doctest::Approx(expected[t]).epsilon(1e-12));
}

TEST_CASE("optimisers and averages: with their saved state they go on to the same bits") {
  Bare one, other;
  Adam first(one), second(other);
  MovingAverage average(one, 0.9), resumed(other, 0.9);
  const auto step = [](Bare& model, Adam& adam, MovingAverage& mean, double g) {
    model.w.slot()->gradient = Tensor::full({2, 3}, g);
    model.b.slot()->gradient = Tensor::full({4}, g * g);
    model.running.mutable_data()[0] += static_cast<Real>(g);
    adam.step(0.1);
    mean.update();
  };
  const auto copy = [](const SavedState& from, const SavedState& to) {
    REQUIRE(from.tensors.size() == to.tensors.size());
    for (size_t i = 0; i < from.tensors.size(); ++i) {
      CHECK(from.tensors[i].first == to.tensors[i].first);
      *to.tensors[i].second = from.tensors[i].second->clone();
    }
    *to.steps = *from.steps;
  };
  for (const double g : {1.0, -0.3, 0.7}) step(one, first, average, g);
  other.w.set_value(one.w.value().clone());
  other.b.set_value(one.b.value().clone());
  other.running = one.running.clone();
  copy(first.state(), second.state());
  copy(average.state(), resumed.state());
  step(one, first, average, 0.2);
  step(other, second, resumed, 0.2);
  CHECK(values(one.w.value()) == values(other.w.value()));
  const MovingAverage::Use a(average), b(resumed);
  CHECK(values(one.b.value()) == values(other.b.value()));
  CHECK(values(one.running) == values(other.running));
}

TEST_CASE("loop state: every number comes back to the last bit") {
  LoopState s{
      .step = 12, .sums = {2, 1, 0.1 + 0.2, 1 / 3.0}, .best = 1e-300, .best_epoch = 3, .best_step = 9, .history = {}};
  s.history = {{1, 2.5, -0.1}, {2, 1 / 7.0, 1e300}};
  const std::string json = to_json(s);
  const LoopState back = loop_state_from_json(json, "file");
  CHECK(to_json(back) == json);
  CHECK(back.sums.nll == 0.1 + 0.2);
  CHECK(back.history[1].validation == 1e300);
  CHECK(std::isinf(loop_state_from_json(to_json(LoopState{}), "file").best));
  for (const char* bad : {"", "[]", "{}", "{\"step\":1}"})
    CHECK_THROWS_AS(loop_state_from_json(bad, "f"), CheckpointError);
}

TEST_CASE("Schedule: warm-up, constant, cosine") {
  const Schedule constant{.kind = Schedule::Kind::constant, .learning_rate = 0.4, .warmup_steps = 3, .total_steps = 10};
  const double warm[] = {0.1, 0.2, 0.3, 0.4, 0.4, 0.4};
  for (int step = 0; step < 6; ++step) CHECK(constant.at(step) == doctest::Approx(warm[step]).epsilon(1e-12));

  const Schedule cosine{.kind = Schedule::Kind::cosine, .learning_rate = 0.4, .warmup_steps = 2, .total_steps = 10};
  CHECK(cosine.at(0) == doctest::Approx(0.4 / 3).epsilon(1e-12));
  CHECK(cosine.at(2) == doctest::Approx(0.4).epsilon(1e-12));
  CHECK(cosine.at(4) == doctest::Approx(0.2 * (1 + std::sqrt(0.5))).epsilon(1e-12));
  CHECK(cosine.at(6) == doctest::Approx(0.2).epsilon(1e-12));
  CHECK(std::abs(cosine.at(10)) < 1e-12);
  CHECK(std::abs(cosine.at(1000)) < 1e-12);
  CHECK(Schedule{.learning_rate = 0.4, .total_steps = 4}.at(0) == doctest::Approx(0.4).epsilon(1e-12));
}

TEST_CASE("MovingAverage: forgets the start, then decays as asked, over parameters and buffers") {
  Bare module(1);
  MovingAverage average(module, 0.3);
  double expected = 1;
  for (int t = 0; t < 6; ++t) {
    const double now = 2 + t, decay = std::min(0.3, (1.0 + t) / (10 + t));
    module.w.set_value(Tensor::full({2, 3}, now));
    module.b.set_value(Tensor::full({4}, -now));
    module.running = Tensor::full({2}, now);
    average.update();
    expected = decay * expected + (1 - decay) * now;
    {
      const MovingAverage::Use averaged(average);
      CHECK(module.w.value().data()[5] == doctest::Approx(expected));
      CHECK(module.running.data()[1] == doctest::Approx(expected));
      CHECK(module.b.value().data()[0] < 0);
    }
    CHECK(values(module.w.value()) == std::vector<double>(6, now));
    CHECK(values(module.running) == std::vector<double>(2, now));
  }
}

TEST_CASE("MovingAverage: the weights are back after an exception") {
  Bare module(1);
  MovingAverage average(module, 0.9);
  module.w.set_value(Tensor::full({2, 3}, 7));
  CHECK(message<ValueError>([&] {
          const MovingAverage::Use averaged(average);
          CHECK(module.w.value().data()[0] == 1);
          fail<ValueError>("evaluation failed");
        }) == "evaluation failed");
  CHECK(values(module.w.value()) == std::vector<double>(6, 7));
}

TEST_CASE("MovingAverage: a constant keeps its bytes, through updates and scopes") {
  Bare module(1);
  const std::vector<double> before = values(module.order);
  MovingAverage average(module, 0.9);
  for (int t = 0; t < 50; ++t) {
    average.update();
    {
      const MovingAverage::Use averaged(average);
      CHECK(values(module.order) == before);
    }
    CHECK(values(module.order) == before);
  }
  // One that is set anew, as by loading a checkpoint, is the new one within the scope too.
  module.order = Tensor::from({4}, {0, 1, 2, 3});
  average.update();
  const MovingAverage::Use averaged(average);
  CHECK(values(module.order) == std::vector<double>{0, 1, 2, 3});
}

TEST_CASE("module: buffers and constants are listed alike, and told apart") {
  const Bare module;
  const auto buffers = module.buffers();
  REQUIRE(buffers.size() == 2);
  CHECK(buffers[0].name == "running");
  CHECK_FALSE(buffers[0].constant);
  CHECK(buffers[1].name == "order");
  CHECK(buffers[1].tensor == &module.order);
  CHECK(buffers[1].constant);
}
