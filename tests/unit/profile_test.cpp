// The profile: every operation is there, forward and backward, and no time is lost between them.
#include "autograd/ops.hpp"
#include "autograd/profile.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace bijou;

namespace {

const Profile::Row* find(const std::vector<Profile::Row>& rows, std::string_view operation, Profile::Phase phase) {
  for (const auto& row : rows) {
    if (row.operation == operation && row.phase == phase) return &row;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("profile: calls, time and work of each operation, forward and backward") {
  Rng rng(3);
  const Variable a(Tensor::randn({60, 50}, rng), true), b(Tensor::randn({50, 40}, rng), true);
  const auto start = std::chrono::steady_clock::now();
  Profile profile;
  for (int i = 0; i < 3; ++i) {
    Tape tape;
    Variable loss;
    {
      const Tape::Recording on(tape);
      loss = sum(relu(matmul(a, b)));
    }
    tape.backward(loss);
    Profile::report("update", Profile::Phase::step);
  }
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto rows = profile.rows();

  using enum Profile::Phase;
  const Profile::Row *product = find(rows, "matmul", forward), *gradient = find(rows, "matmul", backward);
  REQUIRE(product);
  REQUIRE(gradient);
  CHECK(product->calls == 3);
  CHECK(product->flops == 3 * 2 * 60 * 50 * 40);
  CHECK(gradient->flops == 2 * product->flops);
  for (const char* name : {"relu", "sum"}) {
    CHECK(find(rows, name, forward));
    CHECK(find(rows, name, backward));
  }
  REQUIRE(find(rows, "update", step));
  CHECK(find(rows, "update", step)->calls == 3);

  CHECK(profile.seconds() > 0);
  CHECK(profile.seconds() <= wall);
  for (size_t i = 1; i < rows.size(); ++i) CHECK(rows[i - 1].seconds >= rows[i].seconds);
}

TEST_CASE("profile: scopes nest, and nothing is counted outside of them") {
  const Variable x = Tensor::full({4}, 1);
  const Profile outer;
  {
    const Profile inner;
    x + x;
    CHECK(inner.rows().size() == 1);
  }
  CHECK(outer.rows().empty());
  x* x;
  CHECK(outer.rows().size() == 1);
}
