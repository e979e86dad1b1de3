#include "autograd/tensor.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {

Tensor::Tensor(const Shape& shape) : shape_(shape), storage_(Storage::allocate(shape.numel())) {}

Tensor Tensor::full(const Shape& shape, double value) {
  Tensor t(shape);
  std::ranges::fill(t.mutable_data(), static_cast<Real>(value));
  return t;
}

Tensor Tensor::from(const Shape& shape, std::span<const double> values) {
  check(static_cast<int64_t>(values.size()) == shape.numel(), "Tensor::from", values.size(), " values for shape ",
        shape);
  Tensor t(shape);
  std::ranges::transform(values, t.mutable_data().begin(), [](double v) { return static_cast<Real>(v); });
  return t;
}

Tensor Tensor::randn(const Shape& shape, Rng& rng) {
  Tensor t(shape);
  rng.normals(t.mutable_data());
  return t;
}

Tensor Tensor::uniform(const Shape& shape, Rng& rng, double low, double high) {
  Tensor t(shape);
  for (Real& v : t.mutable_data()) v = static_cast<Real>(low + (high - low) * rng.uniform());
  return t;
}

std::span<Real> Tensor::mutable_data() {
  require(storage_ == nullptr || unique(), "Tensor::mutable_data",
          "these numbers are shared with another tensor; clone() first");
  return {pointer(), static_cast<size_t>(numel())};
}

double Tensor::item() const {
  check(defined() && numel() == 1, "Tensor::item", "expects one value, got shape ", shape_);
  return data()[0];
}

Tensor Tensor::reshape(const Shape& shape) const {
  Shape to = shape;
  for (int i = 0; i < to.rank(); ++i) {
    if (to[i] != kInfer) continue;
    const int64_t rest = to.with(i, 1).numel();
    check(rest > 0 && numel() % rest == 0, "reshape", shape_, " cannot fill axis ", i, " of the new shape");
    to = to.with(i, numel() / rest);
  }
  check(to.numel() == numel(), "reshape", "from ", shape_, " to ", to, ": the numbers of elements differ");
  Tensor t = *this;
  t.shape_ = to;
  return t;
}

Tensor Tensor::clone() const {
  Tensor t(shape_);
  std::ranges::copy(data(), t.mutable_data().begin());
  return t;
}

Tensor Tensor::rows(int64_t begin, int64_t end) const {
  check(rank() >= 1 && 0 <= begin && begin <= end && end <= shape_[0], "Tensor::rows", "[", begin, ", ", end, ") of ",
        shape_);
  Tensor t(shape_.with(0, end - begin));
  const int64_t row = shape_.from(1).numel();
  std::copy_n(pointer() + begin * row, (end - begin) * row, t.mutable_data().begin());
  return t;
}

Tensor Tensor::rows(std::span<const int64_t> index) const {
  Tensor t(shape_.with(0, static_cast<int64_t>(index.size())));
  const int64_t row = shape_.from(1).numel();
  auto out = t.mutable_data().begin();
  for (int64_t i : index) {
    check(0 <= i && i < shape_[0], "Tensor::rows", "index ", i, " of ", shape_);
    out = std::copy_n(pointer() + i * row, row, out);
  }
  return t;
}

}  // namespace bijou
