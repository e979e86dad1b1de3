#include "tests/tables/flows.hpp"

#include "flows/batch_norm.hpp"
#include "flows/coupling.hpp"
#include "flows/multiscale.hpp"
#include "flows/preprocess.hpp"
#include "flows/squeeze.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// --- couplings, and who stays in them, written without the partitions' code ---------------------------------------

using Stays = std::function<bool(int64_t)>;

// By channels (or columns): the first floor(C/2), or the rest.
Stays channels(int64_t c, Keep keep) {
  return [=](int64_t i) { return (i % c < c / 2) == (keep == Keep::first); };
}
// By pixels: row + column even, or odd.
Stays checkerboard(const Shape& image, Keep keep) {
  return [=, width = image[1], c = image[2]](int64_t i) {
    return ((i / c) / width + (i / c) % width) % 2 == (keep == Keep::first ? 0 : 1);
  };
}
Stays parity(Keep keep) {
  return [=](int64_t i) { return i % 2 == (keep == Keep::first ? 0 : 1); };
}

std::unique_ptr<Network> small_network(const Shape& input, const Partition& partition, Rng& rng) {
  const int64_t in = partition.network_inputs(), out = 2 * partition.transformed();
  if (input.rank() == 3) return std::make_unique<ResNet>(in, 3, out, 1, rng);
  return std::make_unique<Mlp>(in, std::vector<int64_t>{6, 5}, out, rng);
}

std::unique_ptr<AffineCoupling> coupling(const Shape& input, std::unique_ptr<Partition> partition, Rng& rng) {
  auto network = small_network(input, *partition, rng);
  return std::make_unique<AffineCoupling>(input, std::move(partition), std::move(network));
}

std::unique_ptr<AffineCoupling> channel_coupling(const Shape& s, Keep keep, Rng& rng) {
  return coupling(s, channel_partition(s[-1], keep), rng);
}
std::unique_ptr<AffineCoupling> checkerboard_coupling(const Shape& s, Keep keep, Rng& rng) {
  return coupling(s, checkerboard_partition(s[0], s[1], s[2], keep), rng);
}
std::unique_ptr<AffineCoupling> odd_even_coupling(const Shape& s, Keep keep, Rng& rng) {
  return coupling(s, odd_even_partition(s[0], keep), rng);
}

// --- compositions -------------------------------------------------------------------------------------------------

std::unique_ptr<Flow> sequence(const Shape& input, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  flow->append("first", channel_coupling(input, Keep::first, rng));
  flow->then<BatchNormFlow>("norm");
  flow->append("second", channel_coupling(input, Keep::second, rng));
  return flow;
}

enum class Scales { squeezed, plain };

// Each scale but the last: a checkerboard coupling, then a squeeze and a channel coupling, or neither.
std::unique_ptr<Flow> scales(const Shape& input, int count, Scales kind, Rng& rng) {
  std::vector<std::unique_ptr<Sequential>> all;
  Shape at = input;
  for (int i = 0; i < count; ++i) {
    auto scale = std::make_unique<Sequential>(at);
    scale->append("checkerboard", checkerboard_coupling(at, i % 2 ? Keep::second : Keep::first, rng));
    if (kind == Scales::squeezed && i + 1 < count) {
      scale->then<Squeeze>("squeeze");
      scale->append("channels", channel_coupling(scale->output_shape(), Keep::first, rng));
    }
    if (i + 1 < count) at = MultiScale::kept(scale->output_shape());
    all.push_back(std::move(scale));
  }
  return std::make_unique<MultiScale>(input, std::move(all));
}

// --- the rows -----------------------------------------------------------------------------------------------------

template <class F, class... Args>
std::function<std::unique_ptr<Flow>(Rng&)> plain(const Shape& input, Args... args) {
  return [=](Rng&) { return std::make_unique<F>(input, args...); };
}

// [3, 4, 3] -> "3x4x3", [5] -> "5-D": a comma in a name would cut doctest's filters.
std::string by(const Shape& s) {
  if (s.rank() == 1) return text(s[0], "-D");
  std::string sizes;
  for (const int64_t d : s) sizes += (sizes.empty() ? "" : "x") + text(d);
  return sizes;
}

std::function<std::unique_ptr<Flow>(Rng&)> multi_scale(const Shape& input, int count, Scales kind) {
  return [=](Rng& rng) { return scales(input, count, kind, rng); };
}

void add_couplings(std::vector<FlowCase>& rows, int64_t n) {
  for (const Keep keep : {Keep::first, Keep::second}) {
    const auto row = [&](const char* partition, const Shape& s, auto make, const Stays& stays) {
      const std::string name = text("coupling by ", partition, keep == Keep::first ? " first " : " second ", by(s));
      rows.push_back({.name = name,
                      .covers = "AffineCoupling",
                      .batch = n,
                      .layer = [=](Rng& rng) { return make(s, keep, rng); },
                      .stays = stays});
    };
    for (const Shape& s : {Shape{2}, Shape{5}, Shape{3, 4, 3}}) {
      row("channel", s, channel_coupling, channels(s[-1], keep));
    }
    for (const Shape& s : {Shape{1, 2, 1}, Shape{4, 6, 1}, Shape{3, 5, 2}}) {  // 3 x 5: 8 pixels against 7
      row("checkerboard", s, checkerboard_coupling, checkerboard(s, keep));
    }
    for (const Shape& s : {Shape{4}, Shape{5}}) row("odd_even", s, odd_even_coupling, parity(keep));
  }
}

void add_layers(std::vector<FlowCase>& rows, int64_t n) {
  // clang-format off
  const FlowCase layers[] = {
      {"squeeze 4x6x1", "Squeeze", n, plain<Squeeze>({4, 6, 1})},
      {"squeeze 2x4x3", "Squeeze", n, plain<Squeeze>({2, 4, 3})},
      {"batch norm 5-D", "BatchNormFlow", n, plain<BatchNormFlow>({5})},
      {"batch norm 3x4x2", "BatchNormFlow", n, plain<BatchNormFlow>({3, 4, 2})},
      {"rescale 2x3x1", "Rescale", n, plain<Rescale>({2, 3, 1}, 17), {0, 17}},
      {"logit 5-D", "Logit", n, plain<Logit>({5}, 0.05), {0, 1}},
      {"logit 2x2x2", "Logit", n, plain<Logit>({2, 2, 2}, 1e-6), {0.02, 0.98}},
      {"standardize 3-D", "Standardize", n, plain<Standardize>({3})},
      {"sequential of none 3-D", "Sequential", n, plain<Sequential>({3})},
      {"sequential 5-D", "Sequential", n, [](Rng& rng) { return sequence({5}, rng); }},
      {"sequential 2x3x3", "Sequential", n, [](Rng& rng) { return sequence({2, 3, 3}, rng); }},
      {"multi-scale 2 scales 4x4x1", "MultiScale", n, multi_scale({4, 4, 1}, 2, Scales::squeezed)},
      {"multi-scale 3 scales 4x8x1", "MultiScale", n, multi_scale({4, 8, 1}, 3, Scales::squeezed)},
      {"multi-scale odd channels 2x3x5", "MultiScale", n, multi_scale({2, 3, 5}, 3, Scales::plain)},
  };
  // clang-format on
  rows.insert(rows.end(), std::begin(layers), std::end(layers));
}

void add_models(std::vector<FlowCase>& rows, int64_t n) {
  const auto row = [&](const char* name, const RealNVPConfig& config) {
    // Between the pixels' integers, away from where a logit with a small alpha has its poles.
    rows.push_back({.name = text("RealNVP ", name),
                    .covers = "Sequential",
                    .batch = n,
                    .range = {0.05 * config.levels, 0.95 * config.levels},
                    .model = config});
  };
  row("8x8x1", {.input = {8, 8, 1}, .levels = 17, .scales = 2, .features = 3, .blocks = 1});
  row("4x8x3", {.input = {4, 8, 3}, .levels = 4, .scales = 2, .features = 3, .blocks = 1});
  row("6x10x1", {.input = {6, 10, 1}, .levels = 256, .alpha = 1e-6, .scales = 2, .features = 3, .blocks = 0});
  row("real values 4x4x2", {.input = {4, 4, 2}, .scales = 1, .features = 3, .blocks = 2});
  row("2-D", {.input = {2}, .couplings = 4, .hidden = {10, 8}});
  row("3-D", {.input = {3}, .couplings = 3, .hidden = {7}});
  row("standardized 5-D", {.input = {5}, .standardize = true, .couplings = 4, .hidden = {9, 8}});
}

}  // namespace

const std::vector<FlowCase>& flow_cases() {
  static const std::vector<FlowCase> rows = [] {
    std::vector<FlowCase> all;
    for (const int64_t n : {1, 3}) {
      const size_t begin = all.size();
      add_couplings(all, n);
      add_layers(all, n);
      add_models(all, n);
      for (size_t i = begin; i < all.size(); ++i) all[i].name += text(" batch ", n);
    }
    return all;
  }();
  return rows;
}

const FlowCase& flow_case(const std::string& name) {
  for (const FlowCase& row : flow_cases()) {
    if (row.name == name) return row;
  }
  fail<ValueError>("flow_case: no row is called ", name);
}

void add_noise(const Module& module, uint64_t seed, double parameters) {
  Rng rng(seed, stream("noise"));
  for (const auto& p : module.parameters()) {
    const Tensor noise = math::scale_offset(Tensor::randn(p.variable->shape(), rng), parameters, 0);
    p.variable->set_value(math::add(p.variable->value(), noise));
  }
  for (const auto& b : module.buffers()) {
    const bool positive = b.name.ends_with("variance") || b.name.ends_with("deviation");
    *b.tensor = positive ? Tensor::uniform(b.tensor->shape(), rng, 0.4, 2)
                         : math::scale_offset(Tensor::randn(b.tensor->shape(), rng), 0.5, 0);
  }
}

FlowInstance make_flow(const FlowCase& row) {
  Rng rng(1, stream("layer"));
  FlowInstance made{};
  if (row.model) {
    auto model = build_realnvp(*row.model, 1);
    made.flow = &model->bijection();
    made.owner = std::move(model);
  } else {
    auto flow = row.layer(rng);
    made.flow = flow.get();
    made.owner = std::move(flow);
  }
  add_noise(*made.owner, 2);
  return made;
}

namespace {

Shape batch_of(int64_t n, const Shape& example) {
  Shape s{n};
  for (const int64_t d : example) s.append(d);
  return s;
}

Tensor draw(const FlowCase& row, const Flow& flow, Rng& rng) {
  const Shape shape = batch_of(row.batch, flow.input_shape());
  const auto [low, high] = row.range;
  return low < high ? Tensor::uniform(shape, rng, low, high) : Tensor::randn(shape, rng);
}

}  // namespace

Tensor draw_data(const FlowCase& row, const Flow& flow, uint64_t seed) {
  Rng rng(seed, stream("data"));
  return draw(row, flow, rng);
}

// What other data give, moved a little: the inverse of any latents may lie where a logit has no numbers left.
Tensor draw_latents(const FlowCase& row, const Flow& flow) {
  Rng rng(3, stream("latents"));
  const Tensor y = flow.forward(draw(row, flow, rng)).y.value();
  return math::add(y, math::scale_offset(Tensor::randn(y.shape(), rng), 0.01, 0));
}

}  // namespace bijou

namespace bijou_door {

std::vector<double> BIJOU_DOOR(flow_values)(const std::string& name) {
  using namespace bijou;
  const FlowCase& row = flow_case(name);
  const FlowInstance made = make_flow(row);
  const auto [y, log_det] = made.flow->forward(draw_data(row, *made.flow));
  std::vector<double> values;
  for (const Tensor& t : {y.value(), log_det.value(), made.flow->inverse(draw_latents(row, *made.flow))}) {
    values.insert(values.end(), t.data().begin(), t.data().end());
  }
  return values;
}

}  // namespace bijou_door
