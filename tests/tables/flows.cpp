#include "tests/tables/flows.hpp"

#include "flows/actnorm.hpp"
#include "flows/batch_norm.hpp"
#include "flows/coupling_laws.hpp"
#include "flows/diagonal_scale.hpp"
#include "flows/invertible_conv.hpp"
#include "flows/learned_prior.hpp"
#include "flows/multiscale.hpp"
#include "flows/permutation.hpp"
#include "flows/preprocess.hpp"
#include "flows/squeeze.hpp"
#include "flows/whitening.hpp"

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

std::unique_ptr<Network> small_network(const Shape& input, int64_t in, int64_t out, Rng& rng) {
  if (input.rank() == 3) return std::make_unique<ResNet>(in, 3, out, 1, rng);
  return std::make_unique<Mlp>(in, std::vector<int64_t>{6, 5}, out, rng);
}

using MakePartition = std::unique_ptr<Partition> (*)(const Shape&, Keep);

std::unique_ptr<Partition> by_channel(const Shape& s, Keep keep) { return channel_partition(s[-1], keep); }
std::unique_ptr<Partition> by_checkerboard(const Shape& s, Keep keep) {
  return checkerboard_partition(s[0], s[1], s[2], keep);
}
std::unique_ptr<Partition> by_odd_even(const Shape& s, Keep keep) { return odd_even_partition(s[0], keep); }

std::unique_ptr<Coupling> coupling(const Shape& s, MakePartition make, Keep keep, std::unique_ptr<CouplingLaw> law,
                                   Rng& rng) {
  auto partition = make(s, keep);
  auto network = small_network(s, partition->network_inputs(), law->outputs() * partition->transformed(), rng);
  return std::make_unique<Coupling>(s, std::move(partition), std::move(network), std::move(law));
}
std::unique_ptr<Coupling> affine(const Shape& s, MakePartition make, Keep keep, Rng& rng) {
  return coupling(s, make, keep, std::make_unique<AffineLaw>(), rng);
}

// --- compositions -------------------------------------------------------------------------------------------------

std::unique_ptr<Flow> sequence(const Shape& input, Rng& rng) {
  auto flow = std::make_unique<Sequential>(input);
  flow->append("first", affine(input, by_channel, Keep::first, rng));
  flow->then<BatchNormFlow>("norm");
  flow->append("second", affine(input, by_channel, Keep::second, rng));
  return flow;
}

enum class Scales { squeezed, plain };

// Each scale but the last: a checkerboard coupling, then a squeeze and a channel coupling, or neither.
std::unique_ptr<Flow> scales(const Shape& input, int count, Scales kind, Rng& rng) {
  return std::make_unique<MultiScale>(input, count, [&](const Shape& at, int i, bool last) {
    auto scale = std::make_unique<Sequential>(at);
    scale->append("checkerboard", affine(at, by_checkerboard, i % 2 ? Keep::second : Keep::first, rng));
    if (kind == Scales::squeezed && !last) {
      scale->then<Squeeze>("squeeze");
      scale->append("channels", affine(scale->output_shape(), by_channel, Keep::first, rng));
    }
    return scale;
  });
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

// Layers whose weights start at random.
template <class F, class... Args>
std::function<std::unique_ptr<Flow>(Rng&)> random(const Shape& input, Args... args) {
  return [=](Rng& rng) { return std::make_unique<F>(input, args..., rng); };
}

void add_couplings(std::vector<FlowCase>& rows, int64_t n) {
  for (const Keep keep : {Keep::first, Keep::second}) {
    const auto row = [&](const char* partition, const Shape& s, MakePartition make, const Stays& stays) {
      const std::string name = text("coupling by ", partition, keep == Keep::first ? " first " : " second ", by(s));
      rows.push_back({.name = name,
                      .covers = "Coupling",
                      .batch = n,
                      .layer = [=](Rng& rng) { return affine(s, make, keep, rng); },
                      .stays = stays});
    };
    for (const Shape& s : {Shape{2}, Shape{5}, Shape{3, 4, 3}}) row("channel", s, by_channel, channels(s[-1], keep));
    for (const Shape& s : {Shape{1, 2, 1}, Shape{4, 6, 1}, Shape{3, 5, 2}}) {  // 3 x 5: 8 pixels against 7
      row("checkerboard", s, by_checkerboard, checkerboard(s, keep));
    }
    for (const Shape& s : {Shape{4}, Shape{5}}) row("odd_even", s, by_odd_even, parity(keep));
  }
}

// Each coupling law, and each scale law, on a vector and on an image.
void add_laws(std::vector<FlowCase>& rows, int64_t n) {
  using MakeLaw = std::unique_ptr<CouplingLaw> (*)();
  const auto row = [&](const char* law, MakeLaw make, bool keeps_volume = false) {
    for (const Shape& s : {Shape{5}, Shape{2, 3, 3}}) {
      rows.push_back({.name = text("coupling law ", law, " ", by(s)),
                      .covers = "Coupling",
                      .batch = n,
                      .layer = [=](Rng& rng) { return coupling(s, by_channel, Keep::second, make(), rng); },
                      .stays = channels(s[-1], Keep::second),
                      .keeps_volume = keeps_volume});
    }
  };
  row(
      "AdditiveLaw", [] { return std::unique_ptr<CouplingLaw>(new AdditiveLaw); }, true);
  row("MultiplicativeLaw", [] { return std::unique_ptr<CouplingLaw>(new MultiplicativeLaw); });
  row("AffineLaw ExpScale", [] { return std::unique_ptr<CouplingLaw>(new AffineLaw(std::make_unique<ExpScale>())); });
  row("AffineLaw SigmoidScale",
      [] { return std::unique_ptr<CouplingLaw>(new AffineLaw(std::make_unique<SigmoidScale>())); });
  row("ShiftThenScaleLaw TanhScale", [] { return std::unique_ptr<CouplingLaw>(new ShiftThenScaleLaw); });
  row("ConditionalNormalLaw", [] { return std::unique_ptr<CouplingLaw>(new ConditionalNormalLaw); });
}

// Whitening has its moments from data: here from a covariance that is far from diagonal.
std::unique_ptr<Flow> whitening(Rng& rng) {
  constexpr int64_t d = 5;
  auto zca = std::make_unique<ZCA>(Shape{d});
  const Tensor a = Tensor::randn({d, d}, rng), mean = Tensor::randn({d}, rng);
  const Tensor c = math::matmul(a, a, math::Trans::no, math::Trans::yes);
  zca->set(std::vector<double>(mean.data().begin(), mean.data().end()),
           std::vector<double>(c.data().begin(), c.data().end()));
  return zca;
}

// The network of Glow's couplings inside a coupling, with a prior behind it that takes part of the channels.
std::unique_ptr<Flow> conv_net_coupling(const Shape& s, ConvNet::Hidden hidden, ZeroConv2d::Padding padding, Rng& rng) {
  auto partition = by_channel(s, Keep::second);
  auto net =
      std::make_unique<ConvNet>(partition->network_inputs(), 4, 2 * partition->transformed(), rng, hidden, padding);
  return std::make_unique<Coupling>(s, std::move(partition), std::move(net),
                                    std::make_unique<AffineLaw>(std::make_unique<SigmoidScale>()));
}

// Layers that only move values: their log-determinant is exactly zero.
void add_movers(std::vector<FlowCase>& rows, int64_t n) {
  // clang-format off
  FlowCase layers[] = {
      {"squeeze 4x6x1", "Squeeze", n, plain<Squeeze>({4, 6, 1})},
      {"squeeze 2x4x3", "Squeeze", n, plain<Squeeze>({2, 4, 3})},
      {"squeeze by channels 2x4x3", "Squeeze", n, plain<Squeeze>({2, 4, 3}, SqueezeOrder::channels)},
      {"squeeze by diagonals 4x2x3", "Squeeze", n, plain<Squeeze>({4, 2, 3}, SqueezeOrder::diagonal)},
      {"unsqueeze 2x3x4", "Unsqueeze", n, plain<Unsqueeze>({2, 3, 4})},
      {"unsqueeze by channels 1x2x12", "Unsqueeze", n, plain<Unsqueeze>({1, 2, 12}, SqueezeOrder::channels)},
      {"unsqueeze by diagonals 2x1x12", "Unsqueeze", n, plain<Unsqueeze>({2, 1, 12}, SqueezeOrder::diagonal)},
      {"flatten 2x3x2", "Flatten", n, plain<Flatten>({2, 3, 2})},
      {"permutation reversed 2x3x5", "Permutation", n, plain<Permutation>({2, 3, 5}, Permutation::reversed(5))},
      {"permutation 4-D", "Permutation", n, plain<Permutation>({4}, std::vector<int64_t>{2, 0, 3, 1})},
      {"sequential of none 3-D", "Sequential", n, plain<Sequential>({3})},
  };
  // clang-format on
  for (FlowCase& layer : layers) layer.keeps_volume = true;
  rows.insert(rows.end(), std::begin(layers), std::end(layers));
}

void add_layers(std::vector<FlowCase>& rows, int64_t n) {
  // clang-format off
  const FlowCase layers[] = {
      {"batch norm 5-D", "BatchNormFlow", n, plain<BatchNormFlow>({5})},
      {"batch norm 3x4x2", "BatchNormFlow", n, plain<BatchNormFlow>({3, 4, 2})},
      {"actnorm 5-D", "ActNormFlow", n, plain<ActNormFlow>({5})},
      {"actnorm 3x4x3", "ActNormFlow", n, plain<ActNormFlow>({3, 4, 3})},
      {"1x1 convolution 5-D", "InvertibleConv", n, random<InvertibleConv>({5})},
      {"1x1 convolution 3x2x3", "InvertibleConv", n, random<InvertibleConv>({3, 2, 3})},
      {"1x1 convolution PLU 5-D", "InvertibleConvPLU", n, random<InvertibleConvPLU>({5})},
      {"1x1 convolution PLU 3x2x3", "InvertibleConvPLU", n, random<InvertibleConvPLU>({3, 2, 3})},
      {"diagonal scale 5-D", "DiagonalScale", n, plain<DiagonalScale>({5})},
      {"diagonal scale from data 4-D", "DiagonalScale", n, plain<DiagonalScale>({4}, DiagonalScale::From::data)},
      {"ZCA whitening 5-D", "ZCA", n, whitening},
      {"triangular whitening 4-D", "TriangularWhitening", n, plain<TriangularWhitening>({4})},
      {"learned prior 4-D", "LearnedPrior", n, plain<LearnedPrior>({4})},
      {"learned prior 2x3x3", "LearnedPrior", n, plain<LearnedPrior>({2, 3, 3})},
      {"learned prior by a convolution 3x4x2", "LearnedPrior", n, [](Rng&) {
         auto net = std::make_unique<ZeroConvNet>(2, 4, 3, ZeroConv2d::Padding::ones);
         return std::make_unique<LearnedPrior>(Shape{3, 4, 2}, std::move(net)); }},
      {"coupling with Glow's network 4x3x3", "Coupling", n, [](Rng& rng) {
         return conv_net_coupling({4, 3, 3}, ConvNet::Hidden::actnorm, ZeroConv2d::Padding::zeros, rng); }},
      {"coupling with Glow's network padded by ones 2x3x4", "Coupling", n, [](Rng& rng) {
         return conv_net_coupling({2, 3, 4}, ConvNet::Hidden::bias, ZeroConv2d::Padding::ones, rng); }},
      {"coupling with a residual MLP 5-D", "Coupling", n, [](Rng& rng) {
         return std::make_unique<Coupling>(Shape{5}, channel_partition(5, Keep::first),
                                           std::make_unique<ResidualMlp>(2, 6, 6, 2, rng),
                                           std::make_unique<AffineLaw>()); }},
      {"coupling with RealNVP's released network 3x4x2", "Coupling", n, [](Rng& rng) {
         return std::make_unique<Coupling>(Shape{3, 4, 2}, checkerboard_partition(3, 4, 2, Keep::second),
                                           std::make_unique<Chain>(
                                               std::make_unique<MirroredInput>(2, 2.0),
                                               std::make_unique<ResNet>(4, 3, 4, 1, rng,
                                                                        WeightNormConv2d::Affine::gain, 1e-5)),
                                           std::make_unique<ShiftThenScaleLaw>(std::make_unique<TanhScale>(2))); }},
      {"rescale 2x3x1", "Rescale", n, plain<Rescale>({2, 3, 1}, 17), {0, 17}},
      {"rescale from -1 4-D", "Rescale", n, plain<Rescale>({4}, 256, -1.0), {0, 256}},
      {"logit 5-D", "Logit", n, plain<Logit>({5}, 0.05), {0, 1}},
      {"logit 2x2x2", "Logit", n, plain<Logit>({2, 2, 2}, 1e-6), {0.02, 0.98}},
      {"standardize 3-D", "Standardize", n, plain<Standardize>({3})},
      {"sequential 5-D", "Sequential", n, [](Rng& rng) { return sequence({5}, rng); }},
      {"sequential 2x3x3", "Sequential", n, [](Rng& rng) { return sequence({2, 3, 3}, rng); }},
      {"multi-scale 2 scales 4x4x1", "MultiScale", n, multi_scale({4, 4, 1}, 2, Scales::squeezed)},
      {"multi-scale 3 scales 4x8x1", "MultiScale", n, multi_scale({4, 8, 1}, 3, Scales::squeezed)},
      {"multi-scale odd channels 2x3x5", "MultiScale", n, multi_scale({2, 3, 5}, 3, Scales::plain)},
  };
  // clang-format on
  rows.insert(rows.end(), std::begin(layers), std::end(layers));
  for (FlowCase& row : rows) {  // with a gain of exp(3 g), larger g take the sigmoid to 0 exactly: no layer any more
    if (row.name.starts_with("coupling with Glow's network")) row.rough = 1;
  }
}

void add_models(std::vector<FlowCase>& rows, int64_t n) {
  const auto row = [&](const char* name, const FlowConfig& config) {
    // Between the pixels' integers, away from where a logit with a small alpha has its poles.
    const int levels = data_of(config).levels;
    rows.push_back({.name = family_title(family_of(config)) + " " + name,
                    .covers = "Sequential",
                    .batch = n,
                    .range = {0.05 * levels, 0.95 * levels},
                    .model = config});
  };
  const auto realnvp = [&](const char* name, const RealNVPConfig& config) { row(name, config); };
  realnvp("8x8x1", {.data = {.input = {8, 8, 1}, .levels = 17}, .scales = 2, .features = 3, .blocks = 1});
  realnvp("4x8x3", {.data = {.input = {4, 8, 3}, .levels = 4}, .scales = 2, .features = 3, .blocks = 1});
  realnvp("6x10x1",
          {.data = {.input = {6, 10, 1}, .levels = 256, .alpha = 1e-6}, .scales = 2, .features = 3, .blocks = 0});
  realnvp("real values 4x4x2", {.data = {.input = {4, 4, 2}}, .scales = 1, .features = 3, .blocks = 2});
  realnvp("as a vector 3x4x1",
          {.data = {.input = {3, 4, 1}, .levels = 17}, .scales = 0, .couplings = 3, .hidden = {7, 6}});
  realnvp("2-D", {.data = {.input = {2}}, .couplings = 4, .hidden = {10, 8}});
  realnvp("3-D", {.data = {.input = {3}}, .couplings = 3, .hidden = {7}});
  realnvp("standardized 5-D", {.data = {.input = {5}, .standardize = true}, .couplings = 4, .hidden = {9, 8}});

  using NICE = NICEConfig;
  const auto nice = [&](const char* name, const NICEConfig& config) { row(name, config); };
  nice("3x4x1", {.data = {.input = {3, 4, 1}, .levels = 17, .alpha = 0}, .depths = {2, 1, 0, 2}, .width = 6});
  nice("7-D", {.data = {.input = {7}, .alpha = 0}, .depths = {1, 1, 1}, .width = 5, .prior = NICE::Prior::gaussian});
  nice("whitened 2x2x3", {.data = {.input = {2, 2, 3}, .levels = 256, .low = -1, .alpha = 0},
                          .whitening = NICE::Whitening::zca,
                          .halves = NICE::Halves::first_last,
                          .depths = {1, 2},
                          .width = 5});
  nice("whitening learned 5-D", {.data = {.input = {5}, .alpha = 0},
                                 .whitening = NICE::Whitening::triangular,
                                 .depths = {1, 1},
                                 .width = 4,
                                 .scale_from_data = true});

  using Glow = GlowConfig;
  const auto glow = [&](const char* name, const GlowConfig& config) { row(name, config); };
  glow("4x4x1", {.data = {.input = {4, 4, 1}, .levels = 17}, .scales = 2, .steps = 2, .width = 3});
  glow("2x4x3 PLU", {.data = {.input = {2, 4, 3}, .levels = 32, .alpha = 0},
                     .scales = 1,
                     .steps = 2,
                     .width = 3,
                     .mixing = Glow::Mixing::plu});
  rows.back().noise = 0.1;  // random triangular matrices are ill-conditioned: N(0, 0.3^2) costs digits in the inverse
  glow("real values 4x8x1", {.data = {.input = {4, 8, 1}}, .scales = 2, .steps = 1, .width = 3});
  rows.back().noise = 0.1;  // so are random matrices W
  glow("2x6x1 additive with classes", {.data = {.input = {2, 6, 1}, .levels = 17},
                                       .scales = 1,
                                       .steps = 2,
                                       .width = 3,
                                       .mixing = Glow::Mixing::shuffle,
                                       .law = Glow::Law::additive,
                                       .classes = 3});
  glow("3-D",
       {.data = {.input = {3}}, .steps = 2, .mixing = Glow::Mixing::plu, .scale = Glow::Scale::exp, .hidden = {7, 6}});
  glow("standardized 5-D with classes", {.data = {.input = {5}, .standardize = true},
                                         .steps = 2,
                                         .mixing = Glow::Mixing::reverse,
                                         .classes = 2,
                                         .hidden = {6}});
}

}  // namespace

const std::vector<FlowCase>& flow_cases() {
  static const std::vector<FlowCase> rows = [] {
    std::vector<FlowCase> all;
    for (const int64_t n : {1, 3}) {
      const size_t begin = all.size();
      add_couplings(all, n);
      add_laws(all, n);
      add_movers(all, n);
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
    // Permutations, signs, an orthogonal basis, frequencies: other numbers would make no such layer.
    if (b.constant && !b.name.ends_with("mean") && !b.name.ends_with("deviation")) continue;
    const bool positive = b.name.ends_with("variance") || b.name.ends_with("deviation");
    *b.tensor = positive ? Tensor::uniform(b.tensor->shape(), rng, 0.4, 2)
                         : math::scale_offset(Tensor::randn(b.tensor->shape(), rng), 0.5, 0);
  }
}

FlowInstance make_flow(const FlowCase& row, uint64_t seed) {
  Rng rng(1, stream("layer"));
  FlowInstance made{};
  if (row.model) {
    auto model = build_flow(*row.model, 1);
    made.flow = &model->bijection();
    made.owner = std::move(model);
  } else {
    auto flow = row.layer(rng);
    made.flow = flow.get();
    made.owner = std::move(flow);
  }
  add_noise(*made.owner, seed, row.noise);
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
