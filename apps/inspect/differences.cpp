#include "apps/inspect/differences.hpp"

#include "autograd/math.hpp"

#include <cmath>
#include <numeric>

namespace bijou::inline BIJOU_SCALAR {

namespace {

constexpr double kAgreement = 1e-8;

// (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h
double fourth_order(double inner, double outer, double h) { return (8 * inner - outer) / (12 * h); }

}  // namespace

double relative_error(double a, double b, double floor) {
  return std::abs(a - b) / std::max({std::abs(a), std::abs(b), floor});
}

std::optional<double> derivative(const std::function<double(double)>& spread, double floor) {
  constexpr int kHalvings = 7;
  double h = 2e-4, outer = spread(2 * h);
  std::optional<double> before;
  for (int i = 0; i < kHalvings; ++i, h /= 2) {
    const double inner = spread(h), quotient = fourth_order(inner, outer, h);
    if (before && relative_error(quotient, *before, floor) < kAgreement) return *before;
    before = quotient;
    outer = inner;
  }
  return std::nullopt;
}

namespace {

// f(x + h e_j) - f(x - h e_j) for some columns j, each with its own h: a row for each.
Tensor spreads(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, std::span<const int64_t> columns,
               std::span<const double> h) {
  const auto at = [&](double sign) {
    Tensor copies = x.rows(std::vector<int64_t>(columns.size(), 0));
    auto values = copies.mutable_data();
    for (size_t k = 0; k < columns.size(); ++k) {
      values[k * static_cast<size_t>(x.numel()) + static_cast<size_t>(columns[k])] += static_cast<Real>(sign * h[k]);
    }
    const Tensor y = f(copies);
    return y.reshape({static_cast<int64_t>(columns.size()), Tensor::kInfer});
  };
  return math::subtract(at(1), at(-1));
}

// One column on its way to a derivative.
struct Column {
  std::vector<Real> outer, best;  // f(x + 2h) - f(x - 2h), and the last quotient
  double step = 1e-3, change = INFINITY;
};

// Takes the spread at half of its step into a column; true when its quotients have settled.
bool refine(Column& column, std::span<const Real> inner) {
  constexpr double kFloor = 1e-2;
  const double h = column.step;
  double change = 0;
  std::vector<Real> quotient(inner.size());
  for (size_t i = 0; i < inner.size(); ++i) {
    quotient[i] = static_cast<Real>(fourth_order(inner[i], column.outer[i], h));
    if (column.best.empty()) continue;
    if (!std::isfinite(quotient[i]) || !std::isfinite(column.best[i])) change = INFINITY;  // beyond where f is defined
    else change = std::max(change, relative_error(quotient[i], column.best[i], kFloor));
  }
  const bool first = column.best.empty();
  if (first || change <= column.change || std::isinf(column.change)) column.best = quotient;
  if (!first) column.change = std::min(column.change, change);
  column.outer.assign(inner.begin(), inner.end());
  return !first && change < kAgreement;
}

}  // namespace

Tensor jacobian_by_differences(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  constexpr int kHalvings = 20;
  constexpr size_t kAtOnce = 128;  // columns; what their networks need at once stays in bounds
  const int64_t inputs = x.numel(), outputs = f(x).numel();
  Tensor jacobian({outputs, inputs});
  auto entries = jacobian.mutable_data();
  for (int64_t begin = 0; begin < inputs; begin += kAtOnce) {
    std::vector<int64_t> open(static_cast<size_t>(std::min<int64_t>(kAtOnce, inputs - begin)));
    std::iota(open.begin(), open.end(), begin);
    std::vector<Column> columns(open.size());
    for (int i = 0; i <= kHalvings && !open.empty(); ++i) {
      std::vector<double> h;
      for (const int64_t j : open) h.push_back(columns[static_cast<size_t>(j - begin)].step);
      const Tensor inner = spreads(f, x, open, h);
      std::vector<int64_t> still;
      for (size_t k = 0; k < open.size(); ++k) {
        Column& column = columns[static_cast<size_t>(open[k] - begin)];
        const auto row = inner.data().subspan(k * static_cast<size_t>(outputs), static_cast<size_t>(outputs));
        bool settled = false;
        if (i == 0) column.outer.assign(row.begin(), row.end());
        else settled = refine(column, row);
        column.step /= 2;
        if (!settled) still.push_back(open[k]);
      }
      open = still;
    }
    for (size_t k = 0; k < columns.size(); ++k) {
      for (int64_t i = 0; i < outputs; ++i) entries[i * inputs + begin + static_cast<int64_t>(k)] = columns[k].best[i];
    }
  }
  return jacobian;
}

}  // namespace bijou
