// The tape: what is recorded, what flows where, and what stays as it was.
#include "autograd/gradcheck.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace bijou;
using bijou_tests::message;
using bijou_tests::values;

namespace {

Variable leaf(std::initializer_list<double> v) { return {Tensor::from({static_cast<int64_t>(v.size())}, v), true}; }

}  // namespace

TEST_CASE("tape: a chain of a million operations runs backward, and is freed") {
  const int64_t before = storage_statistics().bytes_in_use;
  {
    const Variable x(Tensor::scalar(2), true);
    Tape tape;
    Variable y = x;
    {
      const Tape::Recording on(tape);
      for (int i = 0; i < 1'000'000; ++i) y = i % 2 ? y + 1e-6 : y * (1 + 1e-6);
    }
    CHECK(tape.size() == 1'000'000);
    tape.backward(y);
    CHECK(tape.size() == 0);
    CHECK(x.gradient().item() == doctest::Approx(std::exp(0.5)).epsilon(1e-6));
  }
  CHECK(storage_statistics().bytes_in_use == before);
}

TEST_CASE("tape: a long recording that never runs backward is freed, too") {
  const int64_t before = storage_statistics().bytes_in_use;
  {
    Tape tape;
    const Tape::Recording on(tape);
    Variable y(Tensor::scalar(0.5), true);
    for (int i = 0; i < 200'000; ++i) y = tanh(y);
    CHECK(tape.size() == 200'000);
  }
  CHECK(storage_statistics().bytes_in_use == before);
}

TEST_CASE("tape: backward gives back what the operations kept") {
  constexpr int64_t kSize = 1000, kBytes = kSize * static_cast<int64_t>(sizeof(Real));
  Rng rng(1);
  const Variable x(Tensor::randn({kSize}, rng), true);
  Tape tape;
  const int64_t before = storage_statistics().bytes_in_use;
  {
    Variable loss = [&] {
      const Tape::Recording on(tape);
      return sum(exp(tanh(x)));
    }();
    CHECK(storage_statistics().bytes_in_use >= before + 2 * kBytes);
    tape.backward(loss);
  }
  const int64_t gradient_only = storage_statistics().bytes_in_use - before;
  CHECK(gradient_only < 2 * kBytes);
}

TEST_CASE("tape: backward frees as it goes") {
  constexpr int64_t kSize = 1000, kBytes = kSize * static_cast<int64_t>(sizeof(Real));
  Rng rng(1);
  const Variable x(Tensor::randn({kSize}, rng), true);
  int64_t halfway = 0;
  Tape tape;
  std::vector<Variable> loss;
  {
    const Tape::Recording on(tape);
    const Variable probe = record("probe", x.value(), wrt(x, [&](const Tensor& dy) {
                                    halfway = storage_statistics().bytes_in_use;
                                    return dy;
                                  }));
    loss.push_back(sum(tanh(tanh(tanh(tanh(tanh(tanh(tanh(tanh(probe))))))))));
  }
  const int64_t before = storage_statistics().bytes_in_use;
  tape.backward(loss[0]);
  CHECK(halfway <= before - 6 * kBytes);
}

TEST_CASE("tape: x + x, x * x and x - x count both uses") {
  const Variable x = leaf({1, -2, 3});
  const auto gradient_of = [&](const Function& f) {
    x.slot()->gradient = Tensor();
    Tape tape;
    std::vector<Variable> loss;
    {
      const Tape::Recording on(tape);
      loss.push_back(sum(f({x})));
    }
    tape.backward(loss[0]);
    return values(x.gradient());
  };
  CHECK(gradient_of([](const auto& v) { return v[0] + v[0]; }) == std::vector<double>{2, 2, 2});
  CHECK(gradient_of([](const auto& v) { return v[0] * v[0]; }) == std::vector<double>{2, -4, 6});
  CHECK(gradient_of([](const auto& v) { return v[0] - v[0]; }) == std::vector<double>{0, 0, 0});
  CHECK(gradient_of([](const auto& v) { return v[0] + v[0] + v[0]; }) == std::vector<double>{3, 3, 3});
  CHECK(gradient_of([](const auto& v) { return concat({v[0], v[0]}, 0); }) == std::vector<double>{2, 2, 2});
}

TEST_CASE("tape: a second backward adds to the leaves' gradients") {
  const Variable x = leaf({1, 2});
  for (const double expected : {3.0, 6.0}) {
    Tape tape;
    std::vector<Variable> loss;
    {
      const Tape::Recording on(tape);
      loss.push_back(sum(x * 3));
    }
    tape.backward(loss[0]);
    CHECK(values(x.gradient()) == std::vector<double>{expected, expected});
  }
}

// The two inputs of an addition get the very tensor that arrived: adding to one must not reach the other, nor
// the seed.
TEST_CASE("tape: gradients that share storage are not overwritten") {
  const Variable a = leaf({1, 2}), b = leaf({3, 4});
  const Tensor seed = Tensor::from({2}, {1, 10});
  Tape tape;
  std::vector<Variable> outputs;
  {
    const Tape::Recording on(tape);
    const Variable y = a + b;
    outputs = {y * a, y, reshape(y, {2})};  // y's slot takes several gradients, the seed itself among them
  }
  tape.backward(outputs, {seed, seed, seed});
  CHECK(values(seed) == std::vector<double>{1, 10});
  CHECK(values(b.gradient()) == std::vector<double>{1 * 1 + 2, 10 * 2 + 20});
  CHECK(values(a.gradient()) == std::vector<double>{1 * 1 + 2 + 4, 10 * 2 + 20 + 60});

  // A gradient that someone holds stays what it was when the next one is added.
  const Tensor held = a.gradient();
  const auto before = values(held);
  Tape again;
  std::vector<Variable> loss;
  {
    const Tape::Recording on(again);
    loss.push_back(sum(a));
  }
  again.backward(loss[0]);
  CHECK(values(held) == before);
  CHECK(values(a.gradient()) == std::vector<double>{before[0] + 1, before[1] + 1});
}

TEST_CASE("tape: an output of several that nobody used has a zero gradient") {
  const Variable x = leaf({1, 2, 3});
  std::vector<Tensor> arrived;
  Tape tape;
  std::vector<Variable> loss;
  {
    const Tape::Recording on(tape);
    const Tensor& X = x.value();
    auto pair = record_many("pair", {math::exp(X), Tensor::zeros({2, 2})}, {x}, [&] {
      return [&](const std::vector<Tensor>& dy) -> std::vector<Tensor> {
        arrived = dy;
        return {dy[0]};
      };
    });
    loss.push_back(sum(pair[0]));
  }
  tape.backward(loss[0]);
  REQUIRE(arrived.size() == 2);
  CHECK(values(arrived[0]) == std::vector<double>{1, 1, 1});
  CHECK(arrived[1].shape() == Shape{2, 2});
  CHECK(values(arrived[1]) == std::vector<double>{0, 0, 0, 0});
}

TEST_CASE("tape: an input of several whose gradient is undefined gets none") {
  const Variable x = leaf({1, 2}), w = leaf({5});
  Tape tape;
  std::vector<Variable> y;
  {
    const Tape::Recording on(tape);
    y = record_many("half", {x.value()}, {x, w}, [] {
      return [](const std::vector<Tensor>& dy) -> std::vector<Tensor> { return {dy[0], Tensor()}; };
    });
  }
  tape.backward(y, {Tensor::full({2}, 1)});
  CHECK(values(x.gradient()) == std::vector<double>{1, 1});
  CHECK_FALSE(w.gradient().defined());
}

TEST_CASE("tape: with no active tape, under Pause, or with constants only, nothing is recorded") {
  const Variable x = leaf({1, 2}), constant(Tensor::from({2}, {1, 2}));
  CHECK(Tape::active() == nullptr);
  CHECK_FALSE((x * 2).requires_grad());
  Tape tape;
  {
    const Tape::Recording on(tape);
    CHECK(Tape::active() == &tape);
    {
      const Tape::Pause pause;
      CHECK(Tape::active() == nullptr);
      CHECK_FALSE(exp(x).requires_grad());
      CHECK_FALSE(moments(x).mean.requires_grad());
    }
    CHECK_FALSE(exp(constant).requires_grad());
    CHECK_FALSE(split(constant, 0, {1, 1})[0].requires_grad());
    CHECK_FALSE(exp(x.detach()).requires_grad());
    CHECK(tape.size() == 0);
    CHECK(exp(x).requires_grad());
    CHECK(tape.size() == 1);
  }
  CHECK(Tape::active() == nullptr);
}

TEST_CASE("tape: a wrt that is not needed keeps nothing alive") {
  Rng rng(1);
  const Variable x(Tensor::randn({100}, rng), true), constant(Tensor::randn({100}, rng));
  Tape tape;
  const Tape::Recording on(tape);
  const Variable y = x * constant;  // needs the constant for x's gradient, but x itself for nobody's
  CHECK(x.value().unique());
  CHECK_FALSE(constant.value().unique());
}

TEST_CASE("tape: recordings nest, and each gets its own operations") {
  const Variable x = leaf({2});
  Tape outer, inner;
  std::vector<Variable> y;
  {
    const Tape::Recording on(outer);
    y.push_back(square(x));
    {
      const Tape::Recording nested(inner);
      const Variable z(Tensor::from({1}, {5}), true);
      const Variable loss = square(z) * 3;
      CHECK(inner.size() == 2);
      inner.backward(loss);  // pauses, so that nothing of it lands on the outer tape
      CHECK(values(z.gradient()) == std::vector<double>{30});
      CHECK(Tape::active() == &inner);
    }
    CHECK(Tape::active() == &outer);
    y.push_back(y[0] * 10);
  }
  CHECK(outer.size() == 2);
  outer.backward(y[1]);
  CHECK(values(x.gradient()) == std::vector<double>{40});
}

TEST_CASE("tape: an inner tape's gradients flow into values of the outer one") {
  const Variable x = leaf({2});
  Tape outer;
  std::vector<Variable> outputs;
  {
    const Tape::Recording on(outer);
    const Variable y = square(x);
    outputs.push_back(y);
    Tape inner;
    const Tape::Recording nested(inner);
    inner.backward(y * 7);
  }
  outer.backward(outputs, {Tensor::from({1}, {1})});  // 1 from here and 7 from within
  CHECK(values(x.gradient()) == std::vector<double>{8 * 4});
}

TEST_CASE("tape: an error inside a recording leaves no tape active") {
  Tape tape;
  CHECK_THROWS_AS(
      [&] {
        const Tape::Recording on(tape);
        matmul(leaf({1}), leaf({2}));
      }(),
      ShapeError);
  CHECK(Tape::active() == nullptr);
}

TEST_CASE("tape: gradients() may be asked again, and touches no leaf") {
  const Variable x = leaf({1, 2}), w = leaf({3, 4}), v = leaf({5, 6});
  x.slot()->gradient = Tensor::from({2}, {100, 200});
  w.slot()->gradient = Tensor::from({2}, {300, 400});
  Tape tape;
  std::vector<Variable> y;
  std::vector<Variable> middle;
  {
    const Tape::Recording on(tape);
    middle.push_back(x * w);
    y.push_back(square(middle[0]) + v);
  }
  const Tensor seed = Tensor::from({2}, {1, 10});
  for (int again = 0; again < 2; ++again) {
    CHECK(values(tape.gradients(y, {seed}, {x})[0]) == std::vector<double>{2 * 3 * 3, 10 * 2 * 8 * 4});
    CHECK(values(tape.gradients(y, {seed}, middle)[0]) == std::vector<double>{2 * 3, 10 * 2 * 8});
    const auto both = tape.gradients(y, {seed}, {middle[0], x, x});  // an input may be named twice
    CHECK(values(both[0]) == std::vector<double>{2 * 3, 10 * 2 * 8});
    CHECK(values(both[1]) == std::vector<double>{2 * 3 * 3, 10 * 2 * 8 * 4});
    CHECK(values(both[2]) == values(both[1]));
    CHECK(values(x.gradient()) == std::vector<double>{100, 200});
    CHECK(values(w.gradient()) == std::vector<double>{300, 400});
    CHECK_FALSE(v.gradient().defined());
    CHECK_FALSE(middle[0].gradient().defined());
    CHECK_FALSE(y[0].gradient().defined());
    CHECK(tape.size() == 3);
  }
  tape.backward(y, {seed});  // and backward still runs
  CHECK(values(x.gradient()) == std::vector<double>{100 + 18, 200 + 640});
  CHECK(values(w.gradient()) == std::vector<double>{300 + 6, 400 + 320});
  CHECK(values(v.gradient()) == std::vector<double>{1, 10});
}

TEST_CASE("tape: gradients() with respect to what the outputs do not depend on, or are themselves") {
  const Variable x = leaf({1, 2}), other = leaf({3, 4, 5});
  Tape tape;
  std::vector<Variable> y;
  {
    const Tape::Recording on(tape);
    y.push_back(x * 2);
  }
  const Tensor seed = Tensor::from({2}, {1, 10});
  const auto g = tape.gradients({y[0], x}, {seed, seed}, {x, other, y[0]});
  CHECK(values(g[0]) == std::vector<double>{3, 30});
  CHECK(values(g[1]) == std::vector<double>{0, 0, 0});
  CHECK(values(g[2]) == std::vector<double>{1, 10});
}

TEST_CASE("tape: a gradient of the wrong shape dies at the sink, with both shapes named") {
  const Variable x = leaf({1, 2});
  Tape tape;
  std::vector<Variable> y;
  {
    const Tape::Recording on(tape);
    y.push_back(sum(record("wrong", x.value(), wrt(x, [](const Tensor&) { return Tensor::zeros({3}); }))));
  }
  CHECK(message<ShapeError>([&] { tape.backward(y[0]); }) == "wrong: its gradient has shape [3], the input has [2]");

  Tape joint;
  {
    const Tape::Recording on(joint);
    y = record_many("short", {x.value()}, {x},
                    [] { return [](const std::vector<Tensor>&) -> std::vector<Tensor> { return {}; }; });
  }
  CHECK(message<ValueError>([&] { joint.backward(y, {Tensor::zeros({2})}); }) ==
        "short: its gradient returned 0 values for 1 inputs");
}

TEST_CASE("tape: backward wants one value, or seeds, and something to flow to") {
  const Variable x = leaf({1, 2});
  Tape tape;
  std::vector<Variable> y;
  {
    const Tape::Recording on(tape);
    y.push_back(x * 2);
  }
  CHECK(message<ShapeError>([&] { tape.backward(y[0]); }) ==
        "Tape::backward: the loss must be one value, got shape [2]");
  CHECK(message<ShapeError>([&] { tape.backward(y, {Tensor::zeros({3})}); }) ==
        "Tape::backward: its gradient has shape [3], the input has [2]");
  CHECK(message<ValueError>([&] { tape.backward(y, {}); }) == "Tape::backward: 1 outputs but 0 seeds");
  CHECK(message<ValueError>([&] { tape.backward(Variable(Tensor::scalar(1))); }) ==
        "Tape::backward: the loss depends on nothing that requires a gradient (was it recorded?)");
  CHECK(message<ValueError>([&] { tape.gradients(y, {}, {x}); }) == "Tape::gradients: 1 outputs but 0 seeds");
  CHECK(message<ValueError>([&] { tape.gradients(y, {Tensor::zeros({2})}, {Variable(Tensor::scalar(1))}); }) ==
        "Tape::gradients: an input of shape [] does not require a gradient");
  tape.backward(y, {Tensor::from({2}, {1, 2})});  // none of these errors spoilt it
  CHECK(values(x.gradient()) == std::vector<double>{2, 4});
}

TEST_CASE("tape: jacobian and jacobian_of_one agree with each other and with the formula") {
  Rng rng(5);
  const Tensor x = Tensor::randn({1, 4}, rng), w = Tensor::randn({4, 3}, rng);
  const auto f = [&](const Variable& v) { return tanh(matmul(v, w)); };
  const Tensor full = jacobian(f, x), one = jacobian_of_one(f, x), y = f(x).value();
  REQUIRE(full.shape() == Shape{3, 4});
  REQUIRE(one.shape() == Shape{3, 4});
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 4; ++j) {
      const double expected = (1 - y.data()[i] * y.data()[i]) * w.data()[j * 3 + i];
      CHECK(full.data()[i * 4 + j] == doctest::Approx(expected).epsilon(1e-12));
      CHECK(one.data()[i * 4 + j] == doctest::Approx(expected).epsilon(1e-12));
    }
  }
  CHECK(message<ShapeError>([&] {
          jacobian_of_one(f, Tensor::zeros({2, 4}));
        }) == "jacobian_of_one: expects one example [1, ...], got [2, 4]");
}
