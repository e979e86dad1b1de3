#include "tests/tables/operations.hpp"

#include "autograd/kernels/branches.hpp"
#include "tests/tables/door.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using In = const std::vector<Variable>&;
using enum Domain;
using math::Triangle;

Sets with_bias(Sets sets) {
  for (Arguments& arguments : sets) arguments.push_back({arguments[1][3]});
  return sets;
}

// The shapes are local, since the table is read while the program's other static objects are still being made.
// clang-format off
std::vector<OperationCase> build_table() {
  const Sets kElementwise = {{{}}, {{5}}, {{2, 3}}, {{2, 1, 3, 2}}};
  const Sets kManyBlocks = {{{3, 7001}}};
  const Sets kPairs = {{{}, {}},     {{2, 3}, {2, 3}},    {{4, 1}, {3}},    {{3}, {4, 1}},
                       {{}, {2, 2}}, {{2, 1, 3}, {4, 1}}, {{2, 1, 3}, {4, 3}}, {{3, 1}, {1, 1}},
                       {{2, 3, 1}, {2, 1, 4}}};
  const Sets kCubes = {{{2, 3, 4}}, {{3, 1, 2}}, {{2, 2, 1, 3}}};
  const Sets kChannels = {{{5, 2}}, {{2, 3, 2, 3}}, {{7, 1}}, {{1, 4}}};
  const Sets kTriangular = {{{1, 1}, {1, 3}}, {{2, 2}, {2, 1}}, {{4, 4}, {4, 3}}};
  const Sets kTriangularLarge = {{{30, 30}, {30, 20}}};
  const Sets kImages = {{{1, 2, 2, 1}}, {{2, 4, 2, 3}}, {{1, 2, 6, 2}}};
  const Sets kPerChannel = {{{5, 2}, {2}, {2}}, {{2, 3, 2, 3}, {3}, {3}}, {{7, 1}, {1}, {1}}, {{6, 4}, {4}, {4}}};
  const Sets kPerChannelLarge = {{{4, 60, 50, 3}, {3}, {3}}, {{130, 600}, {600}, {600}}, {{700, 100}, {100}, {100}}};
  const Sets kLinear = {{{2, 3}, {3, 2}, {2}}, {{1, 4}, {4, 3}, {3}}, {{5, 2}, {2, 1}, {1}}};
  // Odd and even kernels, 1x1, kernels wider than the image, H != W, one image, one channel.
  const Sets kConvolutions = {{{1, 2, 3, 1}, {3, 3, 1, 1}}, {{1, 3, 4, 2}, {3, 3, 2, 2}}, {{2, 4, 3, 1}, {2, 2, 1, 3}},
                              {{2, 2, 3, 3}, {1, 1, 3, 2}}, {{1, 5, 1, 2}, {5, 5, 2, 1}}, {{1, 3, 3, 1}, {4, 3, 1, 2}}};

  return {
    // Arithmetic
    {"add", "operator+(a, b)", kPairs, {}, [](In v) { return v[0] + v[1]; }, {{{300, 70}, {70}}}},
    {"subtract", "operator-(a, b)", kPairs, {}, [](In v) { return v[0] - v[1]; }},
    {"multiply", "operator*(a, b)", kPairs, {}, [](In v) { return v[0] * v[1]; },
     {{{300, 70}, {300, 1}}, {{9, 40, 70}, {70}}}},
    {"divide", "operator/(a, b)", kPairs, {any, nonzero}, [](In v) { return v[0] / v[1]; }},
    {"negate", "operator-(x)", kElementwise, {}, [](In v) { return -v[0]; }},
    {"add_scalar", "operator+(x, c)", kElementwise, {}, [](In v) { return v[0] + 1.5; }},
    {"subtract_scalar", "operator-(x, c)", kElementwise, {}, [](In v) { return v[0] - 1.5; }},
    {"multiply_by_scalar", "operator*(x, c)", kElementwise, {}, [](In v) { return v[0] * -1.5; }},
    {"divide_by_scalar", "operator/(x, c)", kElementwise, {}, [](In v) { return v[0] / -1.5; }},
    {"scalar_add", "operator+(c, x)", kElementwise, {}, [](In v) { return 1.5 + v[0]; }},
    {"scalar_subtract", "operator-(c, x)", kElementwise, {}, [](In v) { return 1.5 - v[0]; }},
    {"scalar_multiply", "operator*(c, x)", kElementwise, {}, [](In v) { return -1.5 * v[0]; }},

    // Element by element
    {"exp", "exp(x)", kElementwise, {}, [](In v) { return exp(v[0]); }, kManyBlocks},
    {"log", "log(x)", kElementwise, {positive}, [](In v) { return log(v[0]); }},
    {"tanh", "tanh(x)", kElementwise, {}, [](In v) { return tanh(v[0]); }, kManyBlocks},
    {"sigmoid", "sigmoid(x)", kElementwise, {}, [](In v) { return sigmoid(v[0]); }},
    {"softplus", "softplus(x)", kElementwise, {}, [](In v) { return softplus(v[0]); }},
    {"relu", "relu(x)", kElementwise, {nonzero}, [](In v) { return relu(v[0]); }, kManyBlocks},
    {"square", "square(x)", kElementwise, {}, [](In v) { return square(v[0]); }},
    {"sqrt", "sqrt(x)", kElementwise, {positive}, [](In v) { return sqrt(v[0]); }},
    {"abs", "abs(x)", kElementwise, {nonzero}, [](In v) { return abs(v[0]); }},

    // Sums
    {"sum", "sum(x)", kElementwise, {}, [](In v) { return sum(v[0]); }, {{{70000}}}},
    {"sum_over_axes", "sum(x, axes)", kCubes, {}, [](In v) { return sum(v[0], {0, 2}); }, {{{40, 30, 50}}}},
    {"sum_over_the_middle_axis", "sum(x, axes)", kCubes, {}, [](In v) { return sum(v[0], {1}); }},
    {"sum_over_the_last_axis", "sum(x, axes)", kCubes, {}, [](In v) { return sum(v[0], {-1}); }},
    {"sum_over_the_first_axes", "sum(x, axes)", kCubes, {}, [](In v) { return sum(v[0], {1, 0}); }},
    {"mean", "mean(x)", kElementwise, {}, [](In v) { return mean(v[0]); }},
    {"mean_over_axes", "mean(x, axes)", kCubes, {}, [](In v) { return mean(v[0], {0, -1}); }},
    {"sum_per_sample", "sum_per_sample(x)", kCubes, {}, [](In v) { return sum_per_sample(v[0]); },
     {{{4, 90, 90}}}},
    {"logsumexp", "logsumexp(x)", {{{1}}, {{4}}, {{2, 3}}, {{2, 3, 5}}}, {},
     [](In v) { return logsumexp(v[0]); }, {{{300, 20}}}},

    // Per channel
    {"moments", "moments(x)", kChannels, {},
     [](In v) { auto [m, s] = moments(v[0]); return concat({m, s}, 0); }, {{{4, 60, 50, 3}}}},
    {"mean_of_moments", "moments(x)", kChannels, {}, [](In v) { return moments(v[0]).mean; }},
    {"normalize", "normalize(x, mean, variance, eps)",
     {{{5, 2}, {2}, {2}}, {{2, 3, 2, 3}, {3}, {3}}, {{3, 1}, {1}, {1}}}, {any, any, positive},
     [](In v) { return normalize(v[0], v[1], v[2], 0.1); }, {{{4, 60, 50, 3}, {3}, {3}}}},
    {"training form of batch normalisation", "normalize(x, mean, variance, eps)",
     {{{5, 2}}, {{2, 3, 2, 3}}, {{7, 1}}}, {},
     [](In v) { auto [m, s] = moments(v[0]); return normalize(v[0], m, s, 1e-5); }},

    // Shapes
    {"reshape", "reshape(x, shape)", {{{4}}, {{2, 3}}, {{2, 1, 3, 2}}}, {},
     [](In v) { return reshape(v[0], {2, Tensor::kInfer}); }},
    // The middle part is not used.
    {"split", "split(x, axis, sizes)", {{{4}}, {{2, 6}}, {{2, 3, 5}}}, {}, [](In v) {
       auto p = split(v[0], -1, {1, 2, v[0].shape()[-1] - 3});
       return concat({p[2] * 2.0, p[0]}, -1);
     }},
    {"split_rows", "split(x, axis, sizes)", {{{4}}, {{3, 2}}, {{5, 2, 3}}}, {},
     [](In v) { auto p = split(v[0], 0, {2, v[0].shape()[0] - 2}); return concat({square(p[1]), p[0]}, 0); }},
    {"concat", "concat(parts, axis)", {{{2}, {3}}, {{2, 1}, {2, 3}}, {{2, 2, 2}, {2, 1, 2}}}, {},
     [](In v) { return concat({v[0], v[1], v[0]}, v[0].shape().rank() == 1 ? 0 : 1); }},
    {"concat_channels", "concat(parts, axis)",
     {{{1}, {2}, {3}}, {{2, 1}, {2, 3}, {2, 2}}, {{2, 1, 3}, {2, 1, 1}, {2, 1, 2}}}, {},
     [](In v) { return concat({v[2], v[0], v[1]}, -1); }},
    {"take", "take(x, axis, index)", {{{2, 4}}, {{1, 5, 2}}, {{2, 4, 1, 3}}}, {},
     [](In v) { return take(v[0], 1, {2, -1, 0, 1}); }},
    {"take_channels", "take(x, axis, index)", {{{4}}, {{3, 4}}, {{2, 2, 5}}}, {},
     [](In v) { return take(v[0], -1, {-1, -1, 3, 1, 2}); }},
    {"pad", "pad(x, axis, before, after)", {{{3}}, {{2, 3}}, {{2, 2, 3}}}, {},
     [](In v) { return pad(v[0], -1, 2, 1); }},
    {"pad_rows", "pad(x, axis, before, after)", {{{3}}, {{2, 3}}, {{2, 2, 3}}}, {},
     [](In v) { return pad(v[0], 0, 0, 2); }},
    {"crop", "crop(x, axis, begin, end)", {{{3}}, {{4, 2}}, {{5, 2, 3}}}, {},
     [](In v) { return crop(v[0], 0, 1, 3); }},
    {"permute_channels", "permute_channels(x, order)", {{{4}}, {{3, 4}}, {{1, 2, 2, 4}}}, {},
     [](In v) { return permute_channels(v[0], {2, 3, 1, 0}); }},
    {"transpose", "transpose(a)", {{{1, 4}}, {{3, 3}}, {{2, 5}}}, {}, [](In v) { return transpose(v[0]); }},
    {"squeeze2d", "squeeze2d(x, factor)", kImages, {}, [](In v) { return squeeze2d(v[0], 2); }},
    {"unsqueeze2d", "unsqueeze2d(x, factor)", {{{1, 1, 1, 4}}, {{2, 2, 1, 8}}, {{1, 1, 3, 4}}}, {},
     [](In v) { return unsqueeze2d(v[0], 2); }},

    // Linear algebra and convolution
    {"matmul", "matmul(a, b)", {{{2, 3}, {3, 2}}, {{1, 4}, {4, 3}}, {{5, 2}, {2, 1}}}, {},
     [](In v) { return matmul(v[0], v[1]); },
     {{{200, 150}, {150, 160}}, {{100, 200}, {200, 260}}, {{300, 1}, {1, 70}}, {{300, 70}, {70, 3}}}},
    {"slogdet", "slogdet(a)", {{{1, 1}}, {{2, 2}}, {{3, 3}}, {{6, 6}}}, {regular},
     [](In v) { return slogdet(v[0]); }, {{{40, 40}}}},
    {"solve_triangular_lower", "solve_triangular(a, b, part)", kTriangular, {regular},
     [](In v) { return solve_triangular(v[0], v[1], Triangle::lower); }, kTriangularLarge},
    {"solve_triangular_upper", "solve_triangular(a, b, part)", kTriangular, {regular},
     [](In v) { return solve_triangular(v[0], v[1], Triangle::upper); }, kTriangularLarge},
    {"solve_triangular_unit_lower", "solve_triangular(a, b, part)", kTriangular, {regular},
     [](In v) { return solve_triangular(v[0], v[1], Triangle::unit_lower); }, kTriangularLarge},
    {"solve_triangular_unit_upper", "solve_triangular(a, b, part)", kTriangular, {regular},
     [](In v) { return solve_triangular(v[0], v[1], Triangle::unit_upper); }, kTriangularLarge},
    {"conv2d", "conv2d(x, w)", kConvolutions, {}, [](In v) { return conv2d(v[0], v[1]); },
     {{{4, 28, 28, 16}, {5, 5, 16, 16}}, {{2, 20, 20, 8}, {1, 1, 8, 8}}, {{1, 9, 9, 48}, {1, 1, 48, 70}},
      {{2, 9, 7, 7}, {3, 3, 7, 4}}, {{2, 9, 7, 8}, {3, 3, 8, 70}}, {{2, 9, 7, 3}, {3, 3, 3, 9}}}},
    {"conv2d_bias", "conv2d(x, w, bias, activation)", with_bias(kConvolutions), {},
     [](In v) { return conv2d(v[0], v[1], v[2]); }, {{{2, 17, 19, 5}, {3, 3, 5, 7}, {7}}}},
    {"conv2d_bias_relu", "conv2d(x, w, bias, activation)", with_bias(kConvolutions), {},
     [](In v) { return conv2d(v[0], v[1], v[2], Activation::relu); }, {},
     [](In v) { return conv2d(v[0], v[1], v[2]); }},
    {"add_conv2d", "add_conv2d(r, x, w, bias)",
     {{{1, 3, 2, 4}, {1, 3, 2, 1}, {1, 1, 1, 4}, {4}}, {{1, 3, 3, 2}, {1, 3, 3, 2}, {3, 3, 2, 2}, {2}},
      {{1, 2, 3, 2}, {1, 2, 3, 3}, {5, 3, 3, 2}, {2}}}, {},
     [](In v) { return add_conv2d(v[0], v[1], v[2], v[3]); },
     {{{2, 5, 6, 7}, {2, 5, 6, 6}, {3, 3, 6, 7}, {7}}, {{2, 17, 19, 7}, {2, 17, 19, 5}, {3, 3, 5, 7}, {7}},
      {{1, 9, 9, 70}, {1, 9, 9, 48}, {1, 1, 48, 70}, {70}}}},

    // Fused
    {"affine_coupling", "affine_coupling(x, s, t)", {{{5}, {5}, {5}}, {{2, 3}, {2, 3}, {2, 3}},
     {{2, 3, 2, 3}, {2, 3, 2, 3}, {2, 3, 2, 3}}}, {}, [](In v) { return affine_coupling(v[0], v[1], v[2]); },
     {{{3, 13001}, {3, 13001}, {3, 13001}}}},
    {"channel_affine", "channel_affine(x, s, b, activation)", kPerChannel, {},
     [](In v) { return channel_affine(v[0], v[1], v[2]); }, kPerChannelLarge},
    {"channel_affine_relu", "channel_affine(x, s, b, activation)", kPerChannel, {},
     [](In v) { return channel_affine(v[0], v[1], v[2], Activation::relu); }, {},
     [](In v) { return channel_affine(v[0], v[1], v[2]); }},
    {"batch_norm", "batch_norm(x, gain, offset, eps, activation)", kPerChannel, {},
     [](In v) { return batch_norm(v[0], v[1], v[2], 0.1).y; }, kPerChannelLarge},
    {"batch_norm_relu", "batch_norm(x, gain, offset, eps, activation)", kPerChannel, {},
     [](In v) { return batch_norm(v[0], v[1], v[2], 0.1, Activation::relu).y; }, {},
     [](In v) { return batch_norm(v[0], v[1], v[2], 0.1).y; }},
    {"linear", "linear(x, w, b, activation)", kLinear, {}, [](In v) { return linear(v[0], v[1], v[2]); },
     {{{200, 150}, {150, 260}, {260}}}},
    {"linear_relu", "linear(x, w, b, activation)", kLinear, {},
     [](In v) { return linear(v[0], v[1], v[2], Activation::relu); }, {},
     [](In v) { return linear(v[0], v[1], v[2]); }},
    {"weight_norm", "weight_norm(v, gain)", {{{4, 1}, {1}}, {{3, 3, 2, 2}, {2}}, {{1, 1, 5, 3}, {3}}}, {},
     [](In v) { return weight_norm(v[0], v[1]); }, {{{3, 3, 70, 60}, {60}}}},
  };
}
// clang-format on

}  // namespace

const std::vector<OperationCase>& operations() {
  static const std::vector<OperationCase> table = build_table();
  return table;
}

const OperationCase& operation(const std::string& name) {
  for (const OperationCase& op : operations()) {
    if (op.name == name) return op;
  }
  fail<ValueError>("operation: no row is called ", name);
}

namespace {

Tensor draw(const Shape& shape, Domain domain, Rng& rng) {
  Tensor x =
      domain == positive || domain == nonzero ? Tensor::uniform(shape, rng, 0.5, 2.5) : Tensor::randn(shape, rng);
  const auto values = x.mutable_data();
  if (domain == nonzero) {
    for (Real& v : values) v *= rng.below(2) ? 1 : -1;
  }
  if (domain == regular) {
    const int64_t n = shape[0];
    for (Real& v : values) v *= static_cast<Real>(0.3 / std::sqrt(static_cast<double>(n)));
    for (int64_t i = 0; i < n; ++i) values[i * n + i] += static_cast<Real>(rng.below(2) ? 1.5 : -1.5);
  }
  return x;
}

// Whether a difference quotient stays on one side of the kink; both sides must occur.
bool away_from_zero(const Tensor& x) {
  const auto values = x.data();
  return std::ranges::none_of(values, [](Real v) { return std::abs(v) < 0.02; }) &&
         std::ranges::any_of(values, [](Real v) { return v < 0; }) &&
         std::ranges::any_of(values, [](Real v) { return v > 0; });
}

}  // namespace

std::vector<Tensor> draw_inputs(const OperationCase& op, int set) {
  for (uint64_t attempt = 0;; ++attempt) {
    Rng rng(attempt, stream(op.name, static_cast<uint64_t>(set)));
    std::vector<Tensor> inputs;
    for (const Shape& shape : op.arguments(set)) {
      const size_t i = inputs.size();
      inputs.push_back(draw(shape, i < op.domains.size() ? op.domains[i] : any, rng));
    }
    if (!op.kink || away_from_zero(op.kink({inputs.begin(), inputs.end()}).value())) return inputs;
    require(attempt < 100, "draw_inputs", "no inputs of ", op.name, " lie away from its kink");
  }
}

Tensor draw_projection(const Shape& result, int set) {
  Rng rng(4, stream("projection", static_cast<uint64_t>(set)));
  return Tensor::randn(result, rng);
}

}  // namespace bijou

namespace bijou_door {

std::vector<double> BIJOU_DOOR(gradients)(const std::string& name, int set) {
  using namespace bijou;
  const OperationCase& op = operation(name);
  std::vector<Variable> inputs;
  for (const Tensor& x : draw_inputs(op, set)) inputs.emplace_back(x, true);
  Tape tape;
  std::vector<Variable> result;
  {
    const Tape::Recording on(tape);
    result.push_back(op.f(inputs));
  }
  tape.backward(result, {draw_projection(result[0].shape(), set)});
  std::vector<double> gradients;
  for (const Variable& x : inputs) {
    const Tensor g = x.gradient().defined() ? x.gradient() : Tensor::zeros(x.shape());
    gradients.insert(gradients.end(), g.data().begin(), g.data().end());
  }
  return gradients;
}

std::vector<std::string> BIJOU_DOOR(untaken_branches)() {
  using namespace bijou;
  for (auto& count : kernels::branch_counts) count = 0;
  for (const OperationCase& op : operations()) {
    for (int set = 0; set < op.sets(); ++set) BIJOU_DOOR(gradients)(op.name, set);
  }
  std::vector<std::string> untaken;
  for (int b = 0; b < kernels::kBranches; ++b) {
    if (kernels::branch_counts[b] == 0) untaken.emplace_back(kernels::kBranchNames[b]);
  }
  return untaken;
}

}  // namespace bijou_door
