// The Jacobians of a model's layers as matrices, in the order of variables that shows their structure.
#include "apps/inspect/subject.hpp"
#include "flows/invertible_conv.hpp"

#include <cmath>
#include <numeric>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using bijou_inspect::LayerJacobian;
using bijou_inspect::ModelJacobians;
using bijou_inspect::PlainMatrix;
using bijou_inspect::PlainPoints;
using bijou_inspect::PlaneFrame;

using Order = std::vector<size_t>;

double at(const PlainMatrix& m, size_t i, size_t j) { return m.values[i * m.columns + j]; }

// Row i holds nothing but m(i, i).
bool only_diagonal(const PlainMatrix& m, size_t i) {
  for (size_t j = 0; j < m.columns; ++j) {
    if (j != i && at(m, i, j) != 0) return false;
  }
  return at(m, i, i) != 0;
}

Order identity_order(size_t n) {
  Order order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  return order;
}

PlainMatrix arranged(const PlainMatrix& m, const Order& rows, const Order& columns) {
  PlainMatrix out{{}, rows.size(), columns.size()};
  for (const size_t i : rows) {
    for (const size_t j : columns) out.values.push_back(at(m, i, j));
  }
  return out;
}

// For each column the row of its only entry, when the matrix is a permutation's: one 1 in each row and column.
Order permutation_rows(const PlainMatrix& m) {
  Order row_of(m.columns, m.rows);
  for (size_t i = 0; i < m.rows; ++i) {
    size_t ones = 0;
    for (size_t j = 0; j < m.columns; ++j) {
      if (at(m, i, j) == 0) continue;
      if (at(m, i, j) != 1 || row_of[j] != m.rows) return {};
      row_of[j] = i;
      ++ones;
    }
    if (ones != 1) return {};
  }
  return row_of;
}

bool lower_triangular(const PlainMatrix& m) {
  for (size_t i = 0; i < m.rows; ++i) {
    for (size_t j = i + 1; j < m.columns; ++j) {
      if (at(m, i, j) != 0) return false;
    }
  }
  return true;
}

// By the exact zeros of the matrix alone.
void arrange(LayerJacobian& layer) {
  const PlainMatrix& m = layer.natural;
  const Order natural = identity_order(m.rows);
  const auto use = [&](const Order& rows, const Order& columns, const char* words) {
    layer.ordered = arranged(m, rows, columns);
    layer.order = words;
  };
  Order kept, moved;
  for (const size_t i : natural) (only_diagonal(m, i) && at(m, i, i) == 1 ? kept : moved).push_back(i);
  const bool all_diagonal = std::ranges::all_of(natural, [&](size_t i) { return only_diagonal(m, i); });
  Order kept_first = kept;
  kept_first.insert(kept_first.end(), moved.begin(), moved.end());
  if (moved.empty()) return use(natural, natural, "the same: the identity");
  if (all_diagonal) return use(natural, natural, "the same: diagonal");
  if (const Order rows = permutation_rows(m); !rows.empty()) {
    return use(rows, natural, "outputs in the order of the inputs they take");
  }
  if (!kept.empty() && lower_triangular(arranged(m, kept_first, kept_first))) {
    return use(kept_first, kept_first, "kept variables first: [I 0; dy2/dx1 diag]");
  }
  use(natural, natural, lower_triangular(m) ? "the same: lower triangular" : "the same");
}

// A 1x1 convolution: W again and again.
void add_block(LayerJacobian& layer, const Flow& flow) {
  const bool conv =
      dynamic_cast<const InvertibleConv*>(&flow) != nullptr || dynamic_cast<const InvertibleConvPLU*>(&flow) != nullptr;
  if (!conv) return;
  const auto channels = static_cast<size_t>(flow.input_shape()[-1]);
  const Order first = identity_order(channels);
  layer.part = arranged(layer.natural, first, first);
  const Tensor w = Tensor::from({flow.input_shape()[-1], flow.input_shape()[-1]}, layer.part.values);
  const auto det = math::slogdet(w, false);
  layer.order = text("pixel by pixel: blocks W [", channels, ", ", channels, "]");
  layer.part_note = text("one block: W, det W = ", det.sign * std::exp(det.log_abs), ", the same at each of ",
                         layer.natural.rows / channels, " places");
}

// "flow.images.scales.0.squeeze" -> "scales.0.squeeze"
std::string short_name(const Flow& flow) {
  std::string name = flow.path();
  for (const char* container : {"flow.", "images.", "vectors."}) {
    if (name.starts_with(container)) name.erase(0, std::string(container).size());
  }
  return name;
}

LayerJacobian jacobian_of(const Layer& layer) {
  const Flow& flow = *layer.flow;
  const Tensor x = layer.x.rows(0, 1), j = jacobian_by_autodiff(flow, x);
  const auto n = static_cast<size_t>(x.numel());
  LayerJacobian out;
  out.short_name = short_name(flow);
  out.name = flow.path();
  out.description = flow.describe();
  out.equation = flow.equation();
  out.natural = {{j.data().begin(), j.data().end()}, n, n};
  const auto det = math::slogdet(j, false);
  out.sign = det.sign;
  out.log_det = det.log_abs;
  out.formula = flow.forward(x).log_det.item();
  arrange(out);
  add_block(out, flow);
  out.diagonal_is_det = lower_triangular(out.ordered);
  for (size_t i = 0; i < n; ++i) {
    const double d = at(out.ordered, i, i);
    out.diagonal += std::log(std::abs(d));
    if (d < 0) out.diagonal_sign = -out.diagonal_sign;
  }
  return out;
}

// --- the plane, layer by layer -------------------------------------------------------------------------------------

PlainPoints points_of(const Tensor& t) {
  PlainPoints points;
  for (int64_t i = 0; i < t.shape()[0]; ++i) points.push_back({double(t.data()[2 * i]), double(t.data()[2 * i + 1])});
  return points;
}

// Points and lines as they go through the layers.
struct Plane {
  Tensor points;
  std::vector<Tensor> vertical, horizontal;

  PlaneFrame frame(const std::string& title) const {
    PlaneFrame f{title, points_of(points), {}, {}};
    for (const Tensor& line : vertical) f.vertical.push_back(points_of(line));
    for (const Tensor& line : horizontal) f.horizontal.push_back(points_of(line));
    return f;
  }
  void through(const Flow& flow) {
    const auto map = [&](Tensor& t) { t = flow.forward(t).y.value(); };
    map(points);
    for (Tensor& line : vertical) map(line);
    for (Tensor& line : horizontal) map(line);
  }
};

// A grid of straight lines around the points.
Plane straight(const Tensor& points) {
  constexpr int kLines = 17, kSteps = 600;
  double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
  for (size_t i = 0; i < points.data().size(); ++i) {
    low[i % 2] = std::min(low[i % 2], double(points.data()[i]));
    high[i % 2] = std::max(high[i % 2], double(points.data()[i]));
  }
  const auto place = [&](int axis, double t) {
    const double margin = 0.08 * (high[axis] - low[axis]);
    return low[axis] - margin + t * (high[axis] - low[axis] + 2 * margin);
  };
  Plane plane{points, {}, {}};
  for (int i = 0; i < kLines; ++i) {
    std::vector<double> vertical, horizontal;
    for (int k = 0; k <= kSteps; ++k) {
      const double across = double(i) / (kLines - 1), along = double(k) / kSteps;
      vertical.insert(vertical.end(), {place(0, across), place(1, along)});
      horizontal.insert(horizontal.end(), {place(0, along), place(1, across)});
    }
    plane.vertical.push_back(Tensor::from({kSteps + 1, 2}, vertical));
    plane.horizontal.push_back(Tensor::from({kSteps + 1, 2}, horizontal));
  }
  return plane;
}

// Of many layers every second, third, ... is shown, and the last.
std::vector<PlaneFrame> film(const FlowModel& model, const DataSpec& data, const std::vector<Layer>& layers,
                             uint64_t seed) {
  constexpr int64_t kPoints = 1200;
  constexpr size_t kFrames = 9;
  const size_t stride = (layers.size() + kFrames - 1) / kFrames;
  Plane plane = straight(draw_examples(model, data, kPoints, seed));
  std::vector<PlaneFrame> frames = {plane.frame("x = g(z)")};
  for (size_t i = 0; i < layers.size(); ++i) {
    plane.through(*layers[i].flow);
    const bool last = i + 1 == layers.size();
    if (last || (i + 1) % stride == 0)
      frames.push_back(plane.frame(last ? "latents z" : "after " + short_name(*layers[i].flow)));
  }
  return frames;
}

ModelJacobians jacobians(const bijou_inspect::Source& source, const std::string& name,
                         const bijou_inspect::SeeJacobian& see) {
  const Subject subject = load_subject(source);
  const FlowModel& model = *subject.model;
  const auto layers = layers_of(model.bijection(), draw_examples(model, data_of(subject.config), 1, source.seed));
  ModelJacobians result{model.title(), subject.notes, {}};
  bool seen = false;
  std::string known;
  for (const Layer& layer : layers) {
    const std::string path = layer.flow->path();
    known += (known.empty() ? "" : ", ") + path;
    if (!name.empty() && name != path && name != short_name(*layer.flow)) continue;
    see(jacobian_of(layer));
    seen = true;
  }
  if (!seen) fail<UsageError>("--layer ", name, ": ", model.title(), " has no such layer; there are: ", known);
  if (name.empty() && model.bijection().input_shape() == Shape{2})
    result.film = film(model, data_of(subject.config), layers, source.seed);
  return result;
}

}  // namespace
}  // namespace bijou

namespace bijou_inspect {

ModelJacobians BIJOU_DOOR(jacobians)(const Source& source, const std::string& layer, const SeeJacobian& see) {
  return bijou::at_the_door([&] { return bijou::jacobians(source, layer, see); });
}

}  // namespace bijou_inspect
