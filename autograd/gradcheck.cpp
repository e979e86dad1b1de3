#include "autograd/gradcheck.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.numel(); ++i) sum += static_cast<double>(a.data()[i]) * b.data()[i];
  return sum;
}

Tensor moved(const Tensor& x, int64_t entry, double by) {
  Tensor y = x.clone();
  y.mutable_data()[entry] += static_cast<Real>(by);
  return y;
}

// Takes the worst of a gradient's entries into `worst`.
void compare(GradientError& worst, int64_t entry, double g, double fd) {
  const double error = std::abs(g - fd) / std::max({std::abs(g), std::abs(fd), 1e-3});
  if (error > worst.error || std::isnan(error)) worst = {worst.argument, worst.shape, error, entry, g, fd};
}

}  // namespace

std::vector<GradientError> check_gradients(const Function& f, const std::vector<Tensor>& inputs,
                                           GradcheckOptions options) {
  std::vector<Variable> leaves;
  for (const Tensor& x : inputs) leaves.emplace_back(x, true);
  Tape tape;
  Variable result;
  {
    const Tape::Recording on(tape);
    result = f(leaves);
  }
  const Tensor value = result.value();
  Rng rng(options.seed, stream("gradcheck"));
  std::vector<Tensor> seeds = {Tensor::randn(value.shape(), rng)};
  int64_t entries = 0;
  for (const Tensor& x : inputs) entries += x.numel();
  if (entries * value.numel() <= options.full) {
    for (int64_t i = 0; i < value.numel(); ++i) seeds.push_back(moved(Tensor::zeros(value.shape()), i, 1));
  }
  std::vector<std::vector<Tensor>> gradients;
  for (const Tensor& seed : seeds) gradients.push_back(tape.gradients({result}, {seed}, leaves));

  std::vector<GradientError> errors;
  for (size_t a = 0; a < inputs.size(); ++a) {
    GradientError worst{static_cast<int>(a), inputs[a].shape(), 0, 0, 0, 0};
    for (int64_t i = 0; i < inputs[a].numel(); ++i) {
      const auto at = [&](double by) {
        std::vector<Variable> xs(inputs.begin(), inputs.end());
        xs[a] = Variable(moved(inputs[a], i, by));
        return f(xs).value();
      };
      const double h = options.h;
      const Tensor p1 = at(h), m1 = at(-h), p2 = at(2 * h), m2 = at(-2 * h);
      for (size_t s = 0; s < seeds.size(); ++s) {
        const double fd =
            (8 * (dot(seeds[s], p1) - dot(seeds[s], m1)) - (dot(seeds[s], p2) - dot(seeds[s], m2))) / (12 * h);
        compare(worst, i, gradients[s][a].data()[i], fd);
      }
    }
    errors.push_back(worst);
  }
  return errors;
}

Tensor jacobian(const std::function<Variable(const Variable&)>& f, const Tensor& x) {
  const Variable leaf(x, true);
  Tape tape;
  Variable y;
  {
    const Tape::Recording on(tape);
    y = f(leaf);
  }
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < y.shape().numel(); ++i) {
    const Tensor seed = moved(Tensor::zeros(y.shape()), i, 1);
    rows.push_back(tape.gradients({y}, {seed}, {leaf})[0].reshape({1, x.numel()}));
  }
  return math::concat(rows, 0);
}

Tensor jacobian_of_one(const std::function<Variable(const Variable&)>& f, const Tensor& x) {
  check(x.rank() >= 1 && x.shape()[0] == 1, "jacobian_of_one", "expects one example [1, ...], got ", x.shape());
  const int64_t rows = f(Variable(x)).shape().numel();
  const Variable copies(x.rows(std::vector<int64_t>(static_cast<size_t>(rows), 0)), true);
  Tape tape;
  Variable y;
  {
    const Tape::Recording on(tape);
    y = f(copies);
  }
  Tensor seed = Tensor::zeros(y.shape());  // example i asks for output i
  for (int64_t i = 0; i < rows; ++i) seed.mutable_data()[i * rows + i] = 1;
  return tape.gradients({y}, {seed}, {copies})[0].reshape({rows, x.numel()});
}

}  // namespace bijou
