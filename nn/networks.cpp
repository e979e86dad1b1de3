#include "nn/networks.hpp"

namespace bijou::inline BIJOU_SCALAR {

Mlp::Mlp(int64_t in, const std::vector<int64_t>& hidden, int64_t out, Rng& rng, Units units)
    : in_(in), out_(out), units_(units) {
  int64_t width = in;
  for (size_t i = 0; i < hidden.size(); ++i) {
    layers_.push_back(&child<Linear>(text("layers.", i), width, hidden[i], rng));
    width = hidden[i];
  }
  layers_.push_back(&child<Linear>(text("layers.", hidden.size()), width, out, rng, Start::zero));
}

Variable Mlp::operator()(const Variable& x) const {
  Variable h = x;
  for (size_t i = 0; i + 1 < layers_.size(); ++i) {
    h = units_ == Units::relu ? (*layers_[i])(h, Activation::relu) : tanh((*layers_[i])(h));
  }
  return (*layers_.back())(h);
}

std::string Mlp::describe() const {
  return text(units_ == Units::tanh ? "tanh " : "", "MLP ", in_, " -> ", out_, ", ", layers_.size(), " layers");
}

TwoMlps::TwoMlps(int64_t in, const std::vector<int64_t>& hidden, int64_t out_of_each, Rng& rng, Mlp::Units units_of_s)
    : s_(child<Mlp>("s", in, hidden, out_of_each, rng, units_of_s)),
      t_(child<Mlp>("t", in, hidden, out_of_each, rng)) {}

ResidualMlp::ResidualMlp(int64_t in, int64_t width, int64_t out, int64_t blocks, Rng& rng)
    : in_(in), width_(width), out_(out) {
  first_ = &child<Linear>("first", in, width, rng);
  for (int64_t i = 0; i < blocks; ++i) {
    const std::string block = text("blocks.", i, ".");
    Linear* linear1 = &child<Linear>(block + "linear1", width, width, rng);
    blocks_.push_back({linear1, &child<Linear>(block + "linear2", width, width, rng)});
  }
  last_ = &child<Linear>("last", width, out, rng, Start::zero);
}

Variable ResidualMlp::operator()(const Variable& x) const {
  Variable h = (*first_)(x);
  for (const Block& b : blocks_) h = h + (*b.linear2)((*b.linear1)(relu(h), Activation::relu));
  return (*last_)(h);
}

std::string ResidualMlp::describe() const {
  return text("residual MLP ", in_, " -> ", out_, ", width ", width_, ", ", blocks_.size(), " blocks");
}

ResNet::ResNet(int64_t in, int64_t features, int64_t out, int64_t blocks, Rng& rng, WeightNormConv2d::Affine inner,
               double eps)
    : in_(in), features_(features), out_(out) {
  using Affine = WeightNormConv2d::Affine;
  stem_ = &child<WeightNormConv2d>("stem", in, features, 3, rng, Affine::yes);
  stem_skip_ = &child<WeightNormConv2d>("stem_skip", features, features, 1, rng, Affine::yes);
  for (int64_t i = 0; i < blocks; ++i) {
    const std::string block = text("blocks.", i, ".");
    blocks_.push_back({&child<BatchNorm>(block + "norm1", features, eps),
                       &child<BatchNorm>(block + "norm2", features, eps),
                       &child<WeightNormConv2d>(block + "conv1", features, features, 3, rng, inner),
                       &child<WeightNormConv2d>(block + "conv2", features, features, 3, rng, Affine::yes),
                       &child<WeightNormConv2d>(block + "skip", features, features, 1, rng, Affine::yes)});
  }
  last_norm_ = &child<BatchNorm>("last_norm", features, eps);
  last_ = &child<WeightNormConv2d>("last", features, out, 1, rng, Affine::yes, Start::zero);
}

namespace {

// relu(bn(conv(x))). Outside of training bn is s x + b of each channel, and s (x * w + c) + b = x * (s w) + (s c + b)
// needs no pass over what the convolution gives.
Variable normalized(const BatchNorm& norm, const WeightNormConv2d& conv, const Variable& x) {
  if (BatchStatistics::active()) return norm(conv(x), Activation::relu);
  const auto [s, b] = norm.running_affine();
  const Variable w = conv.w(), y = conv2d(x, w * s, conv.bias() * s + b, Activation::relu);
  FiniteWatch::see(conv, w);
  FiniteWatch::see(norm, y);
  return y;
}

}  // namespace

Variable ResNet::operator()(const Variable& x) const {
  Variable h = (*stem_)(x);
  Variable skips = (*stem_skip_)(h);
  for (const Block& b : blocks_) {
    h = b.conv2->added_to(h, normalized(*b.norm2, *b.conv1, (*b.norm1)(h, Activation::relu)));
    skips = b.skip->added_to(skips, h);
  }
  return (*last_)((*last_norm_)(skips, Activation::relu));
}

std::string ResNet::describe() const {
  return text("ResNet ", in_, " -> ", out_, ", ", features_, " features, ", blocks_.size(), " blocks");
}

MirroredInput::MirroredInput(int64_t channels, double factor, double eps)
    : factor_(factor), norm_(child<BatchNorm>("norm", channels, eps)) {}

Variable MirroredInput::operator()(const Variable& x) const {
  const Variable u = norm_(x) * factor_;
  return relu(concat({u, -u}, -1));
}

ConvNet::ConvNet(int64_t in, int64_t width, int64_t out, Rng& rng, Hidden hidden, ZeroConv2d::Padding padding)
    : in_(in), width_(width), out_(out) {
  const auto bias = hidden == Hidden::bias ? Conv2d::Bias::yes : Conv2d::Bias::no;
  const auto activation = hidden == Hidden::bias ? Activation::relu : Activation::none;
  conv1_ = &child<Conv2d>("conv1", in, width, 3, rng, Start::small, activation, bias);
  if (hidden == Hidden::actnorm) norm1_ = &child<ActNorm>("norm1", width);
  conv2_ = &child<Conv2d>("conv2", width, width, 1, rng, Start::small, activation, bias);
  if (hidden == Hidden::actnorm) norm2_ = &child<ActNorm>("norm2", width);
  last_ = &child<ZeroConv2d>("last", width, out, 3, padding);
}

namespace {

// relu(actnorm(conv(x))) without a pass over what the convolution gives: s (x * w) + b = x * (s w) + b
Variable normalized(const Conv2d& conv, const ActNorm& norm, const Variable& x) {
  const Variable y = conv2d(x, conv.weight() * norm.s(), norm.b(), Activation::relu);
  FiniteWatch::see(conv, y);
  return y;
}

}  // namespace

Variable ConvNet::operator()(const Variable& x) const {
  const Variable h1 = norm1_ ? normalized(*conv1_, *norm1_, x) : (*conv1_)(x);
  const Variable h2 = norm2_ ? normalized(*conv2_, *norm2_, h1) : (*conv2_)(h1);
  return (*last_)(h2);
}

Tensor ConvNet::initialize(const Tensor& x) {
  if (norm1_) {
    const Tensor h1 = math::relu(norm1_->initialize((*conv1_)(Variable(x)).value()));
    norm2_->initialize((*conv2_)(Variable(h1)).value());
  }
  return (*this)(Variable(x)).value();
}

std::string ConvNet::describe() const { return text("ConvNet ", in_, " -> ", width_, " -> ", width_, " -> ", out_); }

}  // namespace bijou
