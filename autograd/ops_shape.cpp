// Values that move but do not change: the gradients move back.
#include "autograd/ops.hpp"

namespace bijou::inline BIJOU_SCALAR {

Variable reshape(const Variable& x, const Shape& shape) {
  return record("reshape", x.value().reshape(shape),
                wrt(x, [s = x.shape()](const Tensor& dy) { return dy.reshape(s); }));
}

std::vector<Variable> split(const Variable& x, int axis, std::initializer_list<int64_t> sizes) {
  axis = x.shape().axis(axis, "split");
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (int64_t size : sizes) {
    check(at + size <= x.shape()[axis], "split", "parts of more than axis ", axis, " of ", x.shape());
    parts.push_back(math::slice(x.value(), axis, at, at + size));
    at += size;
  }
  check(at == x.shape()[axis], "split", "parts of ", at, " in all along axis ", axis, " of ", x.shape());
  return record_many("split", parts, {x}, [axis] {
    return [axis](const std::vector<Tensor>& dy) -> std::vector<Tensor> { return {math::concat(dy, axis)}; };
  });
}

Variable concat(const std::vector<Variable>& parts, int axis) {
  check(!parts.empty(), "concat", "nothing to concatenate");
  axis = parts[0].shape().axis(axis, "concat");
  std::vector<Tensor> values;
  for (const Variable& p : parts) values.push_back(p.value());
  const Tensor joined = math::concat(values, axis);
  std::vector<Wrt> inputs;
  int64_t at = 0;
  for (const Variable& p : parts) {
    const int64_t begin = at, end = at += p.shape()[axis];
    inputs.push_back(wrt(p, [=](const Tensor& dy) { return math::slice(dy, axis, begin, end); }));
  }
  return record("concat", joined, std::move(inputs));
}

// dx[index[i]] = dy[i]: again a `take`, by the inverse of the index
Variable take(const Variable& x, int axis, const std::vector<int64_t>& index) {
  const int64_t size = x.shape()[x.shape().axis(axis, "take")];
  std::vector<int64_t> inverse(static_cast<size_t>(size), -1);
  for (size_t i = 0; i < index.size(); ++i) {
    if (index[i] == -1) continue;
    check(0 <= index[i] && index[i] < size, "take", "index ", index[i], " along axis ", axis, " of ", x.shape());
    require(inverse[index[i]] == -1, "take", "index ", index[i], " occurs twice");
    inverse[index[i]] = static_cast<int64_t>(i);
  }
  return record("take", math::take(x.value(), axis, index),
                wrt(x, [axis, inverse](const Tensor& dy) { return math::take(dy, axis, inverse); }));
}

Variable pad(const Variable& x, int axis, int64_t before, int64_t after) {
  require(before >= 0 && after >= 0, "pad", "cannot pad by ", before, " and ", after);
  std::vector<int64_t> index(static_cast<size_t>(before), -1);
  for (int64_t i = 0; i < x.shape()[x.shape().axis(axis, "pad")]; ++i) index.push_back(i);
  index.insert(index.end(), static_cast<size_t>(after), -1);
  return take(x, axis, index);
}

Variable crop(const Variable& x, int axis, int64_t begin, int64_t end) {
  check(0 <= begin && begin <= end && end <= x.shape()[x.shape().axis(axis, "crop")], "crop", "[", begin, ", ", end,
        ") along axis ", axis, " of ", x.shape());
  std::vector<int64_t> index;
  for (int64_t i = begin; i < end; ++i) index.push_back(i);
  return take(x, axis, index);
}

Variable permute_channels(const Variable& x, const std::vector<int64_t>& order) {
  check(x.shape().rank() >= 1 && static_cast<int64_t>(order.size()) == x.shape()[-1], "permute_channels", order.size(),
        " channels for ", x.shape());
  for (int64_t c : order) require(c >= 0, "permute_channels", "not a permutation: holds ", c);
  return take(x, -1, order);
}

Variable transpose(const Variable& a) {
  return record("transpose", math::transpose(a.value()), wrt(a, [](const Tensor& dy) { return math::transpose(dy); }));
}

Variable squeeze2d(const Variable& x, int64_t factor) {
  return record("squeeze2d", math::squeeze2d(x.value(), factor),
                wrt(x, [factor](const Tensor& dy) { return math::unsqueeze2d(dy, factor); }));
}

Variable unsqueeze2d(const Variable& x, int64_t factor) {
  return record("unsqueeze2d", math::unsqueeze2d(x.value(), factor),
                wrt(x, [factor](const Tensor& dy) { return math::squeeze2d(dy, factor); }));
}

}  // namespace bijou
