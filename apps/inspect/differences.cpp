#include "apps/inspect/differences.hpp"

#include "autograd/math.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

namespace {

constexpr double kAgreement = 1e-7;
constexpr double kRatio = 0.25;  // of a step to the one before

// Of central differences by h and h / 4, the error of second order cancels.
double extrapolated(double coarse, double fine) { return (16 * fine - coarse) / 15; }

}  // namespace

double relative_error(double a, double b, double floor) {
  return std::abs(a - b) / std::max({std::abs(a), std::abs(b), floor});
}

std::optional<double> derivative(const std::function<double(double)>& spread, double expected, double floor) {
  constexpr int kSteps = 6;
  double h = 4e-5, before = spread(h) / (2 * h);
  if (relative_error(before, expected, floor) < kAgreement) return before;
  for (int i = 1; i < kSteps; ++i) {
    h *= kRatio;
    const double quotient = spread(h) / (2 * h);
    if (relative_error(quotient, before, floor) < kAgreement) return extrapolated(before, quotient);
    before = quotient;
  }
  return std::nullopt;
}

namespace {

// One column on its way to a derivative.
struct Column {
  int64_t index;
  double step;
  std::vector<double> before{}, best{};
  double change = INFINITY;
};

// The central difference quotients of some columns, each by its own step: a row for each column.
Tensor quotients(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const std::vector<Column*>& columns) {
  const int64_t rows = static_cast<int64_t>(columns.size());
  std::vector<double> between(columns.size());  // the steps as they are once they were rounded
  const auto at = [&](double sign) {
    Tensor copies = x.rows(std::vector<int64_t>(columns.size(), 0));
    auto values = copies.mutable_data();
    for (size_t k = 0; k < columns.size(); ++k) {
      Real& value = values[k * static_cast<size_t>(x.numel()) + static_cast<size_t>(columns[k]->index)];
      value += static_cast<Real>(sign * columns[k]->step);
      between[k] += sign * static_cast<double>(value);
    }
    return f(copies).reshape({rows, Tensor::kInfer});
  };
  const Tensor plus = at(1), minus = at(-1);
  return math::divide(math::subtract(plus, minus), Tensor::from({rows, 1}, between));
}

// Takes the quotients of the next step into a column; true when they have settled.
bool refine(Column& column, std::span<const Real> quotient) {
  constexpr double kFloor = 1e-2;
  double change = 0;
  std::vector<double> next(quotient.begin(), quotient.end()), better = next;
  for (size_t i = 0; i < next.size() && !column.before.empty(); ++i) {
    const bool finite = std::isfinite(next[i]) && std::isfinite(column.before[i]);  // else beyond where f is defined
    change = finite ? std::max(change, relative_error(next[i], column.before[i], kFloor)) : INFINITY;
    better[i] = extrapolated(column.before[i], next[i]);
    if (!finite) break;
  }
  const bool second = !column.before.empty();
  if (column.best.empty() || change < column.change) column.best = std::isfinite(change) ? better : next;
  if (second) column.change = std::min(column.change, change);
  column.before = std::move(next);
  column.step *= kRatio;
  return second && change < kAgreement;
}

}  // namespace

Tensor jacobian_by_differences(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  constexpr int kSteps = 10;
  constexpr double kFirst = 1e-5;
  constexpr int64_t kAtOnce = 16;  // columns; what their networks need at once stays in bounds
  const int64_t inputs = x.numel(), outputs = f(x).numel();
  Tensor jacobian({outputs, inputs});
  auto entries = jacobian.mutable_data();
  for (int64_t begin = 0; begin < inputs; begin += kAtOnce) {
    std::vector<Column> columns;
    for (int64_t j = begin; j < std::min(begin + kAtOnce, inputs); ++j) {
      columns.push_back({j, kFirst * std::max(1.0, std::abs(static_cast<double>(x.data()[static_cast<size_t>(j)])))});
    }
    std::vector<Column*> open;
    for (Column& column : columns) open.push_back(&column);
    for (int i = 0; i < kSteps && !open.empty(); ++i) {
      const Tensor q = quotients(f, x, open);
      std::vector<Column*> still;
      for (size_t k = 0; k < open.size(); ++k) {
        const auto row = q.data().subspan(k * static_cast<size_t>(outputs), static_cast<size_t>(outputs));
        if (!refine(*open[k], row)) still.push_back(open[k]);
      }
      open = still;
    }
    for (const Column& column : columns) {
      for (int64_t i = 0; i < outputs; ++i) entries[i * inputs + column.index] = static_cast<Real>(column.best[i]);
    }
  }
  return jacobian;
}

}  // namespace bijou
