#include "apps/inspect/subject.hpp"

#include "autograd/gradcheck.hpp"
#include "flows/checkpoint.hpp"
#include "flows/multiscale.hpp"
#include "nn/batch_statistics.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Noise on everything that training moves, so that no layer is the identity; smaller for weights that many values
// meet and in models of hundreds of layers, so that the model stays well-conditioned and the checks are about formulas, not about rounding.
void add_noise(const Module& module, uint64_t seed) {
  const auto parameters = module.parameters();
  const double depth = std::min(1.0, 400 / static_cast<double>(std::max<size_t>(1, parameters.size())));
  const double vectors = 0.1 * depth, matrices = 0.2 * depth;
  Rng rng(seed, stream("noise"));
  for (const auto& p : parameters) {
    const Shape shape = p.variable->shape();
    const double fan_in = shape.rank() > 1 ? static_cast<double>(shape.numel()) / static_cast<double>(shape[-1]) : 1;
    const double size = shape.rank() > 1 ? matrices / std::sqrt(fan_in) : vectors;
    const Tensor noise = math::scale_offset(Tensor::randn(shape, rng), size, 0);
    p.variable->set_value(math::add(p.variable->value(), noise));
  }
  for (const auto& b : module.buffers()) {
    // Permutations, signs, an orthogonal basis, frequencies: other numbers would make no such layer.
    if (b.constant && !b.name.ends_with("mean") && !b.name.ends_with("deviation")) continue;
    const bool positive = b.name.ends_with("variance") || b.name.ends_with("deviation");
    *b.tensor = positive ? Tensor::uniform(b.tensor->shape(), rng, 0.7, 1.5)
                         : math::scale_offset(Tensor::randn(b.tensor->shape(), rng), 0.2, 0);
  }
}

// As training does: layers that take their scales or moments from data see values like a data set's, so that neither
// direction of a deep model runs off to infinity.
void initialize(const Subject& subject, uint64_t seed) {
  constexpr int64_t kBatch = 16;
  const DataSpec& data = data_of(subject.config);
  Rng rng(seed, stream("data"));
  Shape batch{kBatch};
  for (const int64_t d : data.input) batch.append(d);
  const Tensor x = data.levels > 0 ? Tensor::uniform(batch, rng, 0, data.levels) : Tensor::randn(batch, rng);
  subject.model->bijection().initialize(x);
  const BatchStatistics statistics;
  subject.model->bijection().forward(x);
  statistics.commit(1);
}

// The same values in another model of the same architecture; false when a shape differs.
bool copy_state(const FlowModel& from, const FlowModel& to) {
  const auto p = from.parameters(), q = to.parameters();
  const auto b = from.buffers(), c = to.buffers();
  const auto alike = [](const auto& left, const auto& right, const auto& shape) {
    return std::ranges::equal(left, right, [&](const auto& l, const auto& r) { return shape(l) == shape(r); });
  };
  if (!alike(p, q, [](const auto& e) { return e.variable->shape(); })) return false;
  if (!alike(b, c, [](const auto& e) { return e.tensor->shape(); })) return false;
  for (size_t i = 0; i < p.size(); ++i) q[i].variable->set_value(p[i].variable->value());
  for (size_t i = 0; i < b.size(); ++i) *c[i].tensor = *b[i].tensor;
  return true;
}

// Images of the smallest size of at least 8 x 8 that can be halved as often as the scales ask.
void make_smaller(Subject& subject) {
  const Shape input = data_of(subject.config).input;
  if (input.rank() != 3) return;
  const int scales = scales_of(subject.config);
  const int64_t size = std::max<int64_t>(8, int64_t{1} << scales);
  if (scales > 0 && size <= input[0] && size <= input[1] && size * size < input[0] * input[1]) {
    FlowConfig config = subject.config;
    data_of(config).input = {size, size, input[2]};
    std::unique_ptr<FlowModel> smaller = build_flow(config, 0);
    if (copy_state(*subject.model, *smaller)) {
      subject.model = std::move(smaller);
      subject.config = config;
      subject.notes.push_back(text("on images ", data_of(config).input, " in place of ", input,
                                   ": the weights are the same, convolutions do not care about the size"));
      return;
    }
  }
  subject.notes.push_back(text("on images ", input, ", the model's own size"));
}

void collect(const Flow& flow, const Tensor& x, std::vector<Layer>& layers) {
  if (const auto* sequence = dynamic_cast<const Sequential*>(&flow)) {
    Tensor h = x;
    for (const Flow* layer : sequence->layers()) {
      collect(*layer, h, layers);
      h = layer->forward(h).y.value();
    }
  } else if (dynamic_cast<const MultiScale*>(&flow) != nullptr) {
    Tensor h = x;
    for (const auto& child : flow.children()) {
      const auto& scale = dynamic_cast<const Flow&>(*child);
      collect(scale, h, layers);
      if (child == flow.children().back()) break;
      const Tensor y = scale.forward(h).y.value();
      h = math::slice(y, -1, 0, MultiScale::kept(scale.output_shape())[2]);
    }
  } else {
    layers.push_back({&flow, x});
  }
}

}  // namespace

Subject load_subject(const bijou_inspect::Source& source) {
  Subject subject;
  if (source.checkpoint.empty()) {
    subject.config = flow_preset(source.family, source.preset);
    subject.model = build_flow(subject.config, source.seed);
    add_noise(*subject.model, source.seed);
    subject.notes.push_back(text("weights: random, seed ", source.seed, " (preset ", source.preset, ", untrained)"));
  } else {
    SavedFlow saved = load_flow(source.checkpoint);
    subject.config = saved.config;
    subject.model = std::move(saved.model);
    subject.notes.push_back("weights: " + source.checkpoint);
  }
  make_smaller(subject);
  if (source.checkpoint.empty()) initialize(subject, source.seed);
  return subject;
}

std::vector<Layer> layers_of(const Flow& flow, const Tensor& x) {
  const FiniteWatch watch;
  std::vector<Layer> layers;
  collect(flow, x, layers);
  return layers;
}

// Some rows at a time, each an example in a batch: what the networks need at once stays in bounds.
Tensor jacobian_by_autodiff(const Flow& flow, const Tensor& x) {
  constexpr int64_t kAtOnce = 16;
  std::vector<Tensor> rows;
  for (int64_t begin = 0; begin < x.numel(); begin += kAtOnce) {
    const int64_t end = std::min(begin + kAtOnce, x.numel());
    const auto f = [&](const Variable& v) {
      return crop(reshape(flow.forward(v).y, {v.shape()[0], x.numel()}), 1, begin, end);
    };
    rows.push_back(jacobian_of_one(f, x));
  }
  return math::concat(rows, 0);
}

// A model that is broken, or saturates its logit, makes no examples of its own: then numbers of the data's range do, so
// that each layer is still judged by itself.
Tensor draw_examples(const FlowModel& model, const DataSpec& data, int64_t n, uint64_t seed) {
  Rng rng(seed, stream("inspect"));
  const double top = data.levels;
  try {
    const FiniteWatch watch;
    const Tensor x = model.sample(n, rng);
    const bool inside = std::ranges::all_of(x.data(), [top](Real v) { return top == 0 || (v > 0 && v < top); });
    if (inside && math::all_finite(model.bijection().forward(Variable(x)).y.value())) return x;
  } catch (const NonFiniteError&) {}
  Shape shape{n};
  for (const int64_t d : data.input) shape.append(d);
  return data.levels > 0 ? Tensor::uniform(shape, rng, 0.05 * top, 0.95 * top) : Tensor::randn(shape, rng);
}

bijou_inspect::PlainModel plain(const FlowModel& model, const FlowConfig& config) {
  bijou_inspect::PlainModel out{family_of(config), config_to_json(config), {}};
  const auto add = [&](const Tensor& t) { out.tensors.emplace_back(t.data().begin(), t.data().end()); };
  for (const auto& p : model.parameters()) add(p.variable->value());
  for (const auto& b : model.buffers()) add(*b.tensor);
  return out;
}

std::unique_ptr<FlowModel> from_plain(const bijou_inspect::PlainModel& plain) {
  auto model = build_flow(config_from_json(plain.family, plain.config, "the model to inspect"), 0);
  auto next = plain.tensors.begin();
  for (const auto& p : model->parameters()) p.variable->set_value(Tensor::from(p.variable->shape(), *next++));
  for (const auto& b : model->buffers()) *b.tensor = Tensor::from(b.tensor->shape(), *next++);
  return model;
}

}  // namespace bijou
