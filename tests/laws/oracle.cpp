#include "tests/laws/oracle.hpp"

#include <regex>

using namespace bijou;

namespace bijou_tests {
namespace {

// y[i_axes[0], i_axes[1], ...] = x[i_0, i_1, ...]
Tensor with_axes(const Tensor& x, const Axes& axes) {
  REQUIRE(x.rank() == static_cast<int>(axes.size()));
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

double largest(const Tensor& x) {
  double most = 0;
  for (const Real v : x.data()) most = std::max(most, std::abs(v));
  return most;
}

void compare(const std::string& name, const Tensor& ours, const Tensor& theirs, double scale) {
  double worst = 0;
  int64_t where = 0;
  for (int64_t i = 0; i < theirs.numel(); ++i) {
    const double difference = std::abs(ours.data()[i] - theirs.data()[i]);
    if (difference <= worst) continue;
    worst = difference, where = i;
    if (std::isnan(difference)) break;
  }
  CHECK_MESSAGE(worst <= kOracleBound * scale, name, " ", theirs.shape(), ", value ", where, ": ours ",
                ours.data()[where], ", theirs ", theirs.data()[where], ", ", worst / scale, " of the largest apart");
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

void Oracle::found(const std::string& name, const Tensor& ours) { found_zero(name, ours, at(name)); }

void Oracle::found_zero(const std::string& name, const Tensor& ours, const Tensor& terms) {
  const Shape shape = at(name).shape();
  require(ours.numel() == shape.numel(), "Oracle::found", name, " is ", shape, ", ours ", ours.shape());
  require(findings_.emplace(name, Finding{ours.reshape(shape), largest(terms)}).second, "Oracle::found", name,
          " was found before");
}

std::string Oracle::group_of(const std::string& name, const std::string& layer) const {
  if (name.starts_with("param:")) return "weights";
  if (!name.starts_with("grad:")) return name;
  std::smatch match;
  const std::string rest = name.substr(5);
  const bool matches = std::regex_search(rest, match, std::regex(layer), std::regex_constants::match_continuous);
  return "gradient of " + (matches ? match.str() : rest);
}

void Oracle::check_group(const std::string& group, const std::string& layer) const {
  for (const auto& tensor : file_.tensors) {
    const std::string& name = tensor.first;
    if (group_of(name, layer) != group) continue;
    const auto finding = findings_.find(name);
    CHECK_MESSAGE(finding != findings_.end(), name, " of ", file_.path, " was compared with nothing");
    if (finding != findings_.end()) compare(name, finding->second.ours, tensor.second, finding->second.scale);
  }
}

Weights::Weights(Oracle& oracle, const Module& ours) : oracle_(oracle) {
  for (const auto& p : ours.parameters()) parameters_[p.name] = p.variable;
  for (const auto& b : ours.buffers()) buffers_[b.name] = b.tensor;
  for (const auto& [name, variable] : parameters_) unset_.insert(name);
  for (const auto& [name, tensor] : buffers_) unset_.insert(name);
}

void Weights::same(const std::string& name, const std::string& ours, const Axes& axes) {
  set(ours, to_ours(theirs(name), axes));
  const auto p = parameters_.find(ours);
  const bool learned = p != parameters_.end();
  const Variable* variable = learned ? p->second : nullptr;
  const Tensor* buffer = learned ? nullptr : buffers_.at(ours);
  back([=](Oracle& oracle) {
    oracle.found("param:" + name, to_theirs(learned ? variable->value() : *buffer, axes));
    if (learned) oracle.found("grad:" + name, to_theirs(variable->gradient(), axes));
  });
}

void Weights::set(const std::string& ours, const Tensor& value) {
  require(unset_.erase(ours) == 1, "Weights", "no ", ours, " is left to be set");
  if (const auto p = parameters_.find(ours); p != parameters_.end()) return p->second->set_value(value.clone());
  check(value.shape() == buffers_.at(ours)->shape(), "Weights", ours, " is ", buffers_.at(ours)->shape(), ", not ",
        value.shape());
  *buffers_.at(ours) = value.clone();
}

const Variable& Weights::parameter(const std::string& ours) const { return *parameters_.at(ours); }

void Weights::report() const {
  require(unset_.empty(), "Weights", unset_.size(), " of ours were not set, of these ", *unset_.begin());
  for (const Back& back : back_) back(oracle_);
}

Tensor whole_log_det(const Flow& flow, const Tensor& x, int64_t n) {
  Tensor all({n});
  for (int64_t i = 0; i < n; ++i) {
    all.mutable_data()[i] = math::slogdet(jacobian_at(flow, x.rows(i, i + 1)), false).log_abs;
  }
  return all;
}

}  // namespace bijou_tests
