// Every layer of a model, at the input that it really gets: is its log-determinant that of its Jacobian, are its
// gradients those of the function, and does its inverse lead back?
#include "apps/inspect/differences.hpp"
#include "apps/inspect/subject.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using bijou_inspect::LayerCheck;
using bijou_inspect::LogDet;
using bijou_inspect::ModelCheck;
using bijou_inspect::ParameterCheck;

constexpr int64_t kExamples = 2;
constexpr double kExact = 1e-9, kDifferences = 1e-6, kFloat = 1e-3;
constexpr int64_t kMostForWhole = 1024;  // dimensions: the Jacobian of all layers at once
constexpr int64_t kLarge = 256;          // dimensions: beyond, only the first example's Jacobian is looked at

// --- log-determinants ----------------------------------------------------------------------------------------------

double log_abs_det(const Tensor& jacobian) {
  try {
    return math::slogdet(jacobian, false).log_abs;
  } catch (const ValueError&) {
    return -INFINITY;  // singular
  }
}

double relative_to_one(double a, double b) { return std::abs(a - b) / std::max(1.0, std::abs(a)); }

// Of example i. Differences are of the first one alone: they cost the most.
LogDet log_det_at(const Flow& flow, const Tensor& batch, int64_t i, const LayerCheck& what) {
  const Tape::Pause pause;
  const Tensor x = batch.rows(i, i + 1);
  LogDet d;
  d.formula = flow.forward(x).log_det.item();
  d.by_autodiff = what.by_autodiff && (i == 0 || x.numel() <= kLarge);
  d.by_differences = what.by_differences && i == 0;
  if (d.by_autodiff) {
    d.autodiff = log_abs_det(jacobian_by_autodiff(flow, x));
    d.autodiff_error = relative_to_one(d.formula, d.autodiff);
  }
  if (d.by_differences) {
    d.differences = log_abs_det(jacobian_by_differences([&](const Tensor& t) { return flow.forward(t).y.value(); }, x));
    d.differences_error = relative_to_one(d.formula, d.differences);
  }
  return d;
}

// --- gradients -----------------------------------------------------------------------------------------------------

// What a parameter moves, and the weights by which the outputs become one number.
struct Outputs {
  std::function<std::vector<Variable>()> f;  // reads the parameters anew at each call
  std::vector<Tensor> weights;
};

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (size_t i = 0; i < a.data().size(); ++i) sum += static_cast<double>(a.data()[i]) * b.data()[i];
  return sum;
}

Outputs weighted(std::function<std::vector<Variable>()> f, uint64_t seed) {
  Rng rng(seed, stream("projections"));
  Outputs outputs{std::move(f), {}};
  for (const Variable& y : outputs.f()) outputs.weights.push_back(Tensor::randn(y.shape(), rng));
  return outputs;
}

std::vector<Tensor> gradients(const Outputs& outputs, const std::vector<Module::NamedParameter>& parameters) {
  std::vector<Variable> leaves, on_tape;
  std::vector<Tensor> seeds;
  for (const auto& p : parameters) leaves.push_back(*p.variable);
  Tape tape;
  std::vector<Variable> y;
  {
    const Tape::Recording on(tape);
    y = outputs.f();
  }
  for (size_t i = 0; i < y.size(); ++i) {
    if (!y[i].requires_grad()) continue;  // a constant: log_det of an additive coupling
    on_tape.push_back(y[i]);
    seeds.push_back(outputs.weights[i]);
  }
  if (!on_tape.empty()) return tape.gradients(on_tape, seeds, leaves);
  for (const Variable& leaf : leaves) seeds.push_back(Tensor::zeros(leaf.shape()));
  return seeds;
}

// A parameter that is moved: along a direction, or in one entry (in place: matrices may be large).
class Mover {
 public:
  explicit Mover(Variable& parameter) : parameter_(parameter), at_(parameter.value()) {}
  ~Mover() { parameter_.set_value(at_); }
  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;

  void along(const Tensor& direction, double h) {
    parameter_.set_value(math::add(at_, math::scale_offset(direction, h, 0)));
  }
  void entry(size_t i, double h) {
    if (!in_place_) parameter_.set_value(at_.clone());
    in_place_ = true;
    parameter_.mutable_value().mutable_data()[i] = at_.data()[i] + static_cast<Real>(h);
  }

 private:
  Variable& parameter_;
  Tensor at_;
  bool in_place_ = false;
};

// The derivative of the weighted sum when `move` has moved a parameter by h.
std::optional<double> difference(const Outputs& outputs, const std::function<void(double)>& move, double expected,
                                 double floor) {
  const auto spread = [&](double h) {
    move(h);
    const auto plus = outputs.f();
    move(-h);
    const auto minus = outputs.f();
    double sum = 0;
    for (size_t i = 0; i < plus.size(); ++i) {
      sum += dot(outputs.weights[i], math::subtract(plus[i].value(), minus[i].value()));
    }
    return sum;
  };
  return derivative(spread, expected, floor);
}

Tensor random_direction(const Shape& shape, Rng& rng) {
  const Tensor d = Tensor::randn(shape, rng);
  return math::scale_offset(d, 1 / std::sqrt(math::sum_squares(d)), 0);
}

// One random direction and five single entries. Where a kink is too close, others are drawn.
ParameterCheck check_parameter(const Outputs& outputs, const Module::NamedParameter& p, const Tensor& gradient,
                               Rng& rng) {
  constexpr double kFloor = 1e-3;
  constexpr int kEntries = 5, kDraws = 4;  // so many times as many are tried
  const Shape shape = p.variable->shape();
  ParameterCheck check{p.name, {shape.begin(), shape.end()}};
  const auto measure = [&](const std::function<void(double)>& move, double g) {
    const auto fd = difference(outputs, move, g, kFloor);
    if (!fd) return false;
    const double error = relative_error(g, *fd, kFloor);
    if (check.measured++ == 0 || !(error <= check.error)) {
      check.error = error, check.gradient = g, check.difference = *fd;
    }
    return true;
  };
  bool measured = false;
  for (int i = 0; i < kDraws && !measured; ++i) {
    Mover mover(*p.variable);
    const Tensor d = random_direction(shape, rng);
    measured = measure([&](double h) { mover.along(d, h); }, dot(gradient, d));
  }
  const std::vector<int64_t> order = rng.permutation(shape.numel());
  for (size_t i = 0, entries = 0; i < order.size() && i < kDraws * kEntries && entries < kEntries; ++i) {
    Mover mover(*p.variable);
    const auto at = static_cast<size_t>(order[i]);
    entries += measure([&](double h) { mover.entry(at, h); }, gradient.data()[at]);
  }
  return check;
}

void check_parameters(LayerCheck& check, const Module& module, const Outputs& outputs, uint64_t seed) {
  const auto parameters = module.parameters();
  if (parameters.empty()) return;
  const auto g = gradients(outputs, parameters);
  Rng rng(seed, stream("directions"));
  for (size_t i = 0; i < parameters.size(); ++i) {
    check.parameters.push_back(check_parameter(outputs, parameters[i], g[i], rng));
  }
}

// --- verdicts ------------------------------------------------------------------------------------------------------

void judge(LayerCheck& check) {
  const auto blame = [&](bool holds, const auto&... parts) {
    if (!holds) check.failures.push_back(text(parts...));
  };
  for (const LogDet& d : check.log_dets) {
    blame(d.autodiff_error <= kExact, "log|det| ", d.formula, " by the formula, ", d.autodiff, " by autodiff");
    blame(d.differences_error <= kDifferences, "log|det| ", d.formula, " by the formula, ", d.differences,
          " by differences");
  }
  for (const ParameterCheck& p : check.parameters) {
    blame(p.measured > 0, p.name, ": kinks everywhere, no gradient could be measured");
    blame(p.error <= kDifferences, p.name, ": gradient ", p.gradient, ", by differences ", p.difference);
  }
  const auto trip = [&](const char* what, const bijou_inspect::RoundTrip& t, double bound) {
    blame(t.error <= bound * std::max(1.0, t.largest), what, " is off by ", t.error);
  };
  if (!check.inverts) return;
  trip("x -> y -> x in double", check.in_double.x, kExact);
  trip("y -> x -> y in double", check.in_double.y, kExact);
  trip("x -> y -> x in float", check.in_float.x, kFloat);
  trip("y -> x -> y in float", check.in_float.y, kFloat);
}

// --- the model -----------------------------------------------------------------------------------------------------

LayerCheck check_layer(const Layer& layer, uint64_t seed) {
  const Flow& flow = *layer.flow;
  LayerCheck check;
  check.name = flow.path();
  check.description = flow.describe();
  check.equation = flow.equation();
  check.dimensions = flow.input_shape().numel();
  for (int64_t i = 0; i < kExamples; ++i) check.log_dets.push_back(log_det_at(flow, layer.x, i, check));
  const auto f = [&]() -> std::vector<Variable> {
    const auto [y, log_det] = flow.forward(layer.x);
    return {y, log_det};
  };
  check_parameters(check, flow, weighted(f, seed), seed);
  return check;
}

LayerCheck check_whole(const FlowModel& model, const Tensor& x, const std::vector<LayerCheck>& layers) {
  const Flow& flow = model.bijection();
  LayerCheck check;
  check.name = "(all layers)";
  check.description = model.title();
  check.equation = flow.equation();
  check.dimensions = flow.input_shape().numel();
  check.by_autodiff = check.dimensions <= kMostForWhole;
  check.by_differences = false;
  for (int64_t i = 0; i < kExamples; ++i) {
    check.log_dets.push_back(log_det_at(flow, x, i, check));
    const double total = check.log_dets.back().formula;
    double sum = 0;
    for (const LayerCheck& layer : layers) sum += layer.log_dets[static_cast<size_t>(i)].formula;
    if (!(relative_to_one(total, sum) <= kExact)) {
      check.failures.push_back(text("log|det| ", total, " is not the layers' sum ", sum));
    }
  }
  return check;
}

LayerCheck check_base(const FlowModel& model, const Tensor& z, uint64_t seed) {
  LayerCheck check;
  check.name = model.base().path();
  check.description = model.base().describe();
  check.dimensions = z.shape()[1];
  check.by_autodiff = check.by_differences = check.inverts = false;
  const auto f = [&]() -> std::vector<Variable> { return {model.base().log_prob(z)}; };
  check_parameters(check, model.base(), weighted(f, seed), seed);
  return check;
}

ModelCheck check_model(const bijou_inspect::Source& source, const bijou_inspect::Progress& progress) {
  const Subject subject = load_subject(source);
  const FlowModel& model = *subject.model;
  ModelCheck result{model.title(), subject.notes, {}, {}, kExact, kDifferences, kFloat};
  const Tensor x = draw_examples(model, data_of(subject.config), kExamples, source.seed);
  const std::vector<Layer> layers = layers_of(model.bijection(), x);
  std::vector<std::vector<double>> inputs;
  for (const Layer& layer : layers) {
    progress(layer.flow->path());
    result.layers.push_back(check_layer(layer, source.seed));
    inputs.emplace_back(layer.x.data().begin(), layer.x.data().end());
  }
  progress("(all layers)");
  result.wholes.push_back(check_whole(model, x, result.layers));
  inputs.emplace_back(x.data().begin(), x.data().end());
  const auto same = plain(model, subject.config);
  const auto in_double = bijou_inspect::BIJOU_DOOR(round_trips)(same, inputs);
  const auto in_float = bijou_inspect::round_trips_f32(same, inputs);
  for (size_t i = 0; i < in_double.size(); ++i) {
    LayerCheck& check = i < layers.size() ? result.layers[i] : result.wholes.back();
    check.in_double = in_double[i];
    check.in_float = in_float[i];
  }
  if (!model.base().parameters().empty()) {
    result.wholes.push_back(check_base(model, model.bijection().forward(x).y.value(), source.seed));
  }
  for (LayerCheck& check : result.layers) judge(check);
  for (LayerCheck& check : result.wholes) judge(check);
  return result;
}

}  // namespace
}  // namespace bijou

namespace bijou_inspect {

ModelCheck BIJOU_DOOR(check_model)(const Source& source, const Progress& progress) {
  return bijou::at_the_door([&] { return bijou::check_model(source, progress); });
}

}  // namespace bijou_inspect
