// Tapes inside of tapes, and errors in the middle of a sweep: no gradient is lost, doubled, or left behind.
#include "autograd/ops.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

using namespace bijou;
using bijou_tests::values;

namespace {

Variable leaf(std::initializer_list<double> v) { return {Tensor::from({static_cast<int64_t>(v.size())}, v), true}; }

// What a node does that records and sweeps a tape of its own, with w among its inputs.
Variable again(const Variable& x, const Variable& w) {
  const Tensor X = x.value();
  return record_many("again", {math::multiply(X, w.value())}, {x, w}, [&] {
    return [X, w](const std::vector<Tensor>& dy) -> std::vector<Tensor> {
      const Variable input(X, true);
      Tape inner;
      const Variable y = [&] {
        const Tape::Recording on(inner);
        return input * w;
      }();
      inner.backward({y}, dy);
      return {input.gradient(), Tensor()};
    };
  })[0];
}

}  // namespace

TEST_CASE("tape: a node that sweeps a tape of its own counts each leaf's gradient once") {
  const Variable x = leaf({2, 3}), w = leaf({5, 7});
  Tape outer;
  std::vector<Variable> y;
  {
    const Tape::Recording on(outer);
    y.push_back(again(again(x, w), w) + w);  // x w^2 + w
  }
  const Tensor seed = Tensor::from({2}, {1, 10});
  for (int asked = 0; asked < 2; ++asked) {
    const auto g = outer.gradients(y, {seed}, {x, w});
    CHECK(values(g[0]) == std::vector<double>{25, 490});
    CHECK(values(g[1]) == std::vector<double>{2 * 2 * 5 + 1, 10 * (2 * 3 * 7 + 1)});
    const auto only_x = outer.gradients(y, {seed}, {x});  // w is not asked for, and gets nothing
    CHECK(values(only_x[0]) == std::vector<double>{25, 490});
    CHECK_FALSE(w.gradient().defined());
    CHECK_FALSE(x.gradient().defined());
  }
  outer.backward(y, {seed});
  CHECK(values(x.gradient()) == std::vector<double>{25, 490});
  CHECK(values(w.gradient()) == std::vector<double>{2 * 2 * 5 + 1, 10 * (2 * 3 * 7 + 1)});
}

TEST_CASE("tape: gradients() of an inner tape leaves the outer one's values without a gradient") {
  const Variable x = leaf({2});
  Tape outer, inner;
  const Tape::Recording on(outer);
  const Variable middle = square(x);
  const Variable y = [&] {
    const Tape::Recording nested(inner);
    return middle * x;
  }();
  CHECK(values(inner.gradients({y}, {Tensor::full({1}, 1)}, {x})[0]) == std::vector<double>{4});
  CHECK_FALSE(middle.gradient().defined());
}

namespace {

struct Stopped {};

// x -> x, through a node whose pull-back throws while `stops` is true.
Variable stopping(const Variable& x, const bool& stops) {
  return record("stopping", x.value(), wrt(x, [&](const Tensor& dy) {
                  if (stops) throw Stopped();
                  return dy;
                }));
}

}  // namespace

TEST_CASE("tape: an error in a pull-back leaves no gradient on the way") {
  const Variable x = leaf({1, 2}), w = leaf({3, 4});
  x.slot()->gradient = Tensor::from({2}, {100, 200});
  bool stops = true;
  Tape tape;
  Variable middle, y;
  {
    const Tape::Recording on(tape);
    middle = x * w;
    y = stopping(middle, stops) * w + middle;
  }
  const Tensor seed = Tensor::from({2}, {1, 10});
  CHECK_THROWS_AS(tape.gradients({y}, {seed}, {x, w}), Stopped);
  CHECK(values(x.gradient()) == std::vector<double>{100, 200});
  CHECK_FALSE(w.gradient().defined());
  CHECK_FALSE(middle.gradient().defined());
  CHECK_FALSE(y.gradient().defined());
  CHECK(Tape::active() == nullptr);

  stops = false;  // and it may be asked again
  CHECK(values(tape.gradients({y}, {seed}, {x})[0]) == std::vector<double>{3 * 4, 10 * 4 * 5});

  stops = true;
  CHECK_THROWS_AS(tape.backward({y}, {seed}), Stopped);
  CHECK_FALSE(middle.gradient().defined());
  CHECK(tape.size() == 0);
  CHECK(values(x.gradient()) == std::vector<double>{100, 200});
}

// Nobody else sees what has just arrived: then it takes the sum, and the shared one stays.
TEST_CASE("tape: a second gradient is added where nobody looks") {
  constexpr int64_t kSize = 1000, kBytes = kSize * static_cast<int64_t>(sizeof(Real));
  const Variable x(Tensor::full({kSize}, 2), true);
  const Tensor held = Tensor::full({kSize}, 3);
  x.slot()->gradient = held;
  Tape tape;
  Variable y;
  {
    const Tape::Recording on(tape);
    y = record("four", x.value(), wrt(x, [](const Tensor& dy) { return Tensor::full(dy.shape(), 4); }));
  }
  const Tensor seed = Tensor::full({kSize}, 1);
  const int64_t before = storage_statistics().bytes_in_use;
  reset_peak_storage();
  tape.backward({y}, {seed});
  CHECK(x.gradient().data()[0] == 7);
  CHECK(held.data()[0] == 3);
  CHECK(storage_statistics().peak_bytes_in_use - before < kBytes + kBytes / 2);
}

TEST_CASE("tape: a seed of the wrong shape spoils no other output's") {
  const Variable x = leaf({1, 2});
  Tape tape;
  Variable y, z;
  {
    const Tape::Recording on(tape);
    y = x * 2;
    z = x * 3;
  }
  CHECK_THROWS_AS(tape.backward({y, z}, {Tensor::full({2}, 1), Tensor::zeros({3})}), ShapeError);
  tape.backward({y, z}, {Tensor::full({2}, 1), Tensor::full({2}, 1)});
  CHECK(values(x.gradient()) == std::vector<double>{5, 5});
}
