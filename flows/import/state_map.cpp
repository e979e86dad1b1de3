#include "flows/import/state_map.hpp"

#include <algorithm>
#include <regex>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// y[i_axes[0], i_axes[1], ...] = x[i_0, i_1, ...]
Tensor with_axes(const Tensor& x, const Axes& axes) {
  check(x.rank() == static_cast<int>(axes.size()), "with_axes", "expects ", axes.size(), " axes, got ", x.shape());
  Shape shape;
  std::vector<int64_t> step(axes.size(), 1);  // of x's axes
  for (size_t a = axes.size() - 1; a-- > 0;) step[a] = step[a + 1] * x.shape()[static_cast<int>(a) + 1];
  for (const int a : axes) shape.append(x.shape()[a]);
  Tensor y(shape);
  const std::span<Real> out = y.mutable_data();
  for (int64_t k = 0; k < y.numel(); ++k) {
    int64_t rest = k, from = 0;
    for (size_t a = axes.size(); a-- > 0;) {
      const int64_t size = shape[static_cast<int>(a)];
      from += rest % size * step[static_cast<size_t>(axes[a])];
      rest /= size;
    }
    out[k] = x.data()[from];
  }
  return y;
}

std::vector<int64_t> without_ones(const Shape& shape) {
  std::vector<int64_t> sizes;
  for (const int64_t d : shape) {
    if (d != 1) sizes.push_back(d);
  }
  return sizes;
}

}  // namespace

Tensor to_ours(const Tensor& theirs, const Axes& axes) {
  return axes.empty() ? theirs.reshape({theirs.numel()}) : with_axes(theirs, axes);
}

Tensor to_theirs(const Tensor& ours, const Axes& axes) {
  if (axes.empty()) return ours;
  Axes back(axes.size());
  for (size_t a = 0; a < axes.size(); ++a) back[static_cast<size_t>(axes[a])] = static_cast<int>(a);
  return with_axes(ours, back);
}

Tensor every_second(const Tensor& rows, int64_t first) {
  const int64_t pairs = rows.shape()[0] / 2;
  return math::slice(rows.reshape({pairs, 2, Tensor::kInfer}), 1, first, first + 1)
      .reshape(rows.shape().with(0, pairs));
}

StateMap::StateMap(const TensorFile& theirs, const Module& ours) : file_(theirs) {
  add("", ours);
  for (const auto& [name, tensor] : theirs.tensors) {
    theirs_[name] = &tensor;
    left_.insert(name);
  }
}

void StateMap::add(const std::string& prefix, const Module& ours) {
  for (const auto& p : ours.parameters()) parameters_[prefix + p.name] = p.variable, unset_.insert(prefix + p.name);
  for (const auto& b : ours.buffers()) buffers_[prefix + b.name] = b.tensor, unset_.insert(prefix + b.name);
}

void StateMap::complain(const std::string& what) {
  if (std::ranges::find(complaints_, what) == complaints_.end()) complaints_.push_back(what);
}

const Tensor* StateMap::find(const std::string& theirs) {
  left_.erase(theirs);
  const auto at = theirs_.find(theirs);
  if (at != theirs_.end()) return at->second;
  complain("missing " + theirs);
  return nullptr;
}

std::optional<Shape> StateMap::shape_of(const std::string& ours) const {
  if (const auto p = parameters_.find(ours); p != parameters_.end()) return p->second->shape();
  if (const auto b = buffers_.find(ours); b != buffers_.end()) return b->second->shape();
  return std::nullopt;
}

bool StateMap::fits(const std::string& theirs, const Tensor& tensor, int64_t values) {
  if (without_ones(tensor.shape()) == without_ones(Shape{values})) return true;
  complain(text(theirs, " has shape ", tensor.shape(), ", the model wants ", values, " values"));
  return false;
}

void StateMap::set(const std::string& ours, const Tensor& value) {
  require(unset_.erase(ours) == 1, "StateMap", "no ", ours, " is left to be set");
  if (const auto p = parameters_.find(ours); p != parameters_.end()) return p->second->set_value(value.clone());
  *buffers_.at(ours) = value.clone();
}

void StateMap::same(const std::string& theirs, const std::string& ours, const Axes& axes) {
  const std::optional<Shape> shape = shape_of(ours);
  require(shape.has_value(), "StateMap", "the model has no ", ours, " for ", theirs);
  const Tensor* tensor = find(theirs);
  if (tensor == nullptr) {
    unset_.erase(ours);
    return;
  }
  Shape wanted;  // in their layout
  if (axes.empty()) wanted = *shape;
  else
    for (size_t a = 0; a < axes.size(); ++a)
      wanted.append((*shape)[static_cast<int>(std::ranges::find(axes, static_cast<int>(a)) - axes.begin())]);
  const bool alike = axes.empty() ? without_ones(tensor->shape()) == without_ones(wanted) : tensor->shape() == wanted;
  if (alike) return set(ours, to_ours(*tensor, axes).reshape(*shape));
  unset_.erase(ours);
  complain(text(theirs, " has shape ", tensor->shape(), ", the model wants ", wanted));
}

void StateMap::scale_and_loc(const std::string& theirs, const std::string& ours) {
  const Tensor *scale = find(theirs + ".scale"), *loc = find(theirs + ".loc");
  const Shape shape = shape_of(ours + ".log_s").value();
  if (scale == nullptr || loc == nullptr || !fits(theirs + ".scale", *scale, shape.numel()) ||
      !fits(theirs + ".loc", *loc, shape.numel())) {
    unset_.erase(ours + ".log_s"), unset_.erase(ours + ".b");
    return;
  }
  const Tensor s = to_ours(*scale, kFlat);
  if (std::ranges::any_of(s.data(), [](Real v) { return !(v > 0); }))
    complain(theirs + ".scale holds a number that is not positive, for which there is no counterpart here");
  set(ours + ".log_s", math::log(s));
  set(ours + ".b", math::multiply(s, to_ours(*loc, kFlat)));
}

void StateMap::permutation_matrix(const std::string& theirs, const std::string& ours) {
  const Tensor* P = find(theirs);
  const int64_t c = shape_of(ours).value().numel();
  if (P == nullptr || P->shape() != Shape{c, c}) {
    if (P != nullptr) complain(text(theirs, " has shape ", P->shape(), ", the model wants ", Shape{c, c}));
    unset_.erase(ours);
    return;
  }
  std::vector<int> rows(static_cast<size_t>(c), 0), columns(static_cast<size_t>(c), 0);
  Tensor index = Tensor::zeros({c});
  bool binary = true;
  for (int64_t k = 0; k < c * c; ++k) {
    binary = binary && (P->data()[k] == 0 || P->data()[k] == 1);
    if (P->data()[k] != 1) continue;
    ++rows[static_cast<size_t>(k / c)], ++columns[static_cast<size_t>(k % c)];
    index.mutable_data()[k / c] = static_cast<Real>(k % c);
  }
  const auto once = [](int count) { return count == 1; };
  if (!binary || !std::ranges::all_of(rows, once) || !std::ranges::all_of(columns, once))
    complain(theirs + " is no permutation matrix");
  set(ours, index);
}

void StateMap::softplus_scale(const std::string& theirs, const std::string& ours, double eps) {
  const Tensor* u = find(theirs);
  const Shape shape = shape_of(ours).value();
  if (u != nullptr && fits(theirs, *u, shape.numel()))
    return set(ours, math::log(math::scale_offset(math::softplus(to_ours(*u, kFlat)), 1, eps)));
  unset_.erase(ours);
}

void StateMap::normed_numbers(const std::string& theirs, const std::string& ours) {
  const Tensor *g = find(theirs + ".weight_g"), *v = find(theirs + ".weight_v");
  const Shape shape = shape_of(ours).value();
  if (g != nullptr && v != nullptr && fits(theirs + ".weight_g", *g, shape.numel()) &&
      fits(theirs + ".weight_v", *v, shape.numel())) {
    const Tensor direction = to_ours(*v, kFlat);
    return set(ours, math::multiply(to_ours(*g, kFlat), math::divide(direction, math::abs(direction))));
  }
  unset_.erase(ours);
}

void StateMap::made_of(const std::vector<std::pair<std::string, Shape>>& theirs, const std::string& ours,
                       const Make& make) {
  std::vector<Tensor> found;
  for (const auto& [name, shape] : theirs) {
    const Tensor* tensor = find(name);
    if (tensor != nullptr && tensor->shape() == shape) found.push_back(*tensor);
    else if (tensor != nullptr) complain(text(name, " has shape ", tensor->shape(), ", the model wants ", shape));
  }
  if (found.size() == theirs.size()) return set(ours, make(found));
  unset_.erase(ours);
}

void StateMap::constant(const std::string& theirs, const Tensor& values) {
  const Tensor* tensor = find(theirs);
  if (tensor == nullptr || !fits(theirs, *tensor, values.numel())) return;
  if (!std::ranges::equal(tensor->data(), values.data()))
    complain(theirs + " holds other values than this architecture has");
}

void StateMap::finish() const {
  std::vector<std::string> all = complaints_;
  for (const std::string& name : left_) all.push_back(text("left over ", name, " ", theirs_.at(name)->shape()));
  for (const std::string& name : unset_) all.push_back("nothing for our " + name);
  if (all.empty()) return;
  std::string list;
  for (const std::string& complaint : all) list += (list.empty() ? "" : "; ") + complaint;
  fail<CheckpointError>(file_.path, ": ", all.size(), " tensors do not fit: ", printable(list, list.size()));
}

int count_of(const TensorFile& file, const std::string& prefix, int step) {
  int count = 0;
  const auto begins = [&](const auto& tensor) { return tensor.first.starts_with(text(prefix, count * step, ".")); };
  while (std::ranges::any_of(file.tensors, begins)) ++count;
  return count;
}

bool holds(const TensorFile& file, const std::string& name) {
  return std::ranges::any_of(file.tensors, [&](const auto& tensor) { return tensor.first == name; });
}

bool holds_any(const TensorFile& file, const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [&](const std::string& name) { return holds(file, name); });
}

void refuse_foreign(const TensorFile& file, std::span<const Foreign> kinds, const std::string& importable) {
  std::string found;
  for (const Foreign& kind : kinds) {
    const std::regex pattern(kind.names);
    const auto of_kind = [&](const auto& tensor) { return std::regex_search(tensor.first, pattern); };
    const auto at = std::ranges::find_if(file.tensors, of_kind);
    if (at != file.tensors.end()) found += text(found.empty() ? "" : "; ", kind.what, " (", at->first, ")");
  }
  if (!found.empty()) fail<CheckpointError>(file.path, ": cannot be imported: ", found, "; known are ", importable);
}

}  // namespace bijou
