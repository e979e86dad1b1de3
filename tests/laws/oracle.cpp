#include "tests/laws/oracle.hpp"

#include <regex>

using namespace bijou;

namespace bijou_tests {
namespace {

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

TensorFile state_of(const TensorFile& oracle) {
  TensorFile state{.tensors = {}, .metadata = {}, .path = oracle.path};
  for (const auto& [name, tensor] : oracle.tensors) {
    if (name.starts_with("param:")) state.tensors.emplace_back(name.substr(6), tensor);
  }
  return state;
}

Tensor Weights::given(const std::string& theirs) const { return to_ours(oracle_.at("param:" + theirs), kFlat); }

void Weights::same(const std::string& name, const std::string& ours, const Axes& axes) {
  StateMap::same(name, ours, axes);
  const auto p = parameters_.find(ours);
  const bool learned = p != parameters_.end();
  const Variable* variable = learned ? p->second : nullptr;
  const Tensor* buffer = learned ? nullptr : buffers_.at(ours);
  back([=](Oracle& oracle) {
    oracle.found("param:" + name, to_theirs(learned ? variable->value() : *buffer, axes));
    if (learned) oracle.found("grad:" + name, to_theirs(variable->gradient(), axes));
  });
}

// log_s = log scale, b = scale loc, so that dL/dscale = dL/dlog_s / scale + dL/db loc,  dL/dloc = dL/db scale.
void Weights::scale_and_loc(const std::string& theirs, const std::string& ours) {
  StateMap::scale_and_loc(theirs, ours);
  const Tensor loc = given(theirs + ".loc");
  const Variable &log_s = *parameters_.at(ours + ".log_s"), &b = *parameters_.at(ours + ".b");
  back([=, &log_s, &b](Oracle& oracle) {
    const Tensor s = math::exp(log_s.value());
    oracle.found("param:" + theirs + ".scale", s);
    oracle.found("param:" + theirs + ".loc", math::divide(b.value(), s));
    oracle.found("grad:" + theirs + ".scale",
                 math::add(math::divide(log_s.gradient(), s), math::multiply(b.gradient(), loc)));
    oracle.found("grad:" + theirs + ".loc", math::multiply(b.gradient(), s));
  });
}

void Weights::permutation_matrix(const std::string& theirs, const std::string& ours) {
  StateMap::permutation_matrix(theirs, ours);
  const Tensor* p = buffers_.at(ours);
  back([=](Oracle& oracle) {
    const int64_t c = p->numel();
    Tensor again = Tensor::zeros({c, c});
    for (int64_t i = 0; i < c; ++i) again.mutable_data()[i * c + static_cast<int64_t>(p->data()[i])] = 1;
    oracle.found("param:" + theirs, again);
  });
}

// log_s = log(softplus(u) + eps), so that dL/du = dL/dlog_s sigmoid(u) / s.
void Weights::softplus_scale(const std::string& theirs, const std::string& ours, double eps) {
  StateMap::softplus_scale(theirs, ours, eps);
  const Tensor u = given(theirs);
  const Variable& log_s = *parameters_.at(ours);
  back([=, &log_s](Oracle& oracle) {
    const Tensor s = math::exp(log_s.value());
    const Tensor softplus_u = math::scale_offset(s, 1, -eps);  // u = log(exp(softplus u) - 1)
    oracle.found("param:" + theirs, math::log(math::scale_offset(math::exp(softplus_u), 1, -1)));
    oracle.found("grad:" + theirs, math::multiply(log_s.gradient(), math::divide(math::sigmoid(u), s)));
  });
}

// c = g v / |v|, one number v for each channel.  So dL/dg = dL/dc v / |v|, and
// dL/dv = dL/dc g (1 / |v| - v v / |v|^3) = 0: what is in the file is the rounding of two equal terms.
void Weights::normed_numbers(const std::string& theirs, const std::string& ours) {
  StateMap::normed_numbers(theirs, ours);
  const Tensor g = given(theirs + ".weight_g"), v = given(theirs + ".weight_v");
  const Tensor norm = math::abs(v), sign = math::divide(v, norm);
  const Variable& c = *parameters_.at(ours);
  back([=, &c](Oracle& oracle) {
    oracle.found("param:" + theirs + ".weight_g", math::abs(c.value()));
    oracle.found("param:" + theirs + ".weight_v", math::divide(math::multiply(g, v), math::abs(c.value())));
    oracle.found("grad:" + theirs + ".weight_g", math::multiply(c.gradient(), sign));
    const Tensor term = math::divide(math::multiply(c.gradient(), g), norm);
    const Tensor other = math::multiply(term, math::square(sign));
    oracle.found_zero("grad:" + theirs + ".weight_v", math::subtract(term, other), term);
  });
}

void Weights::constant(const std::string& theirs, const Tensor& values) {
  StateMap::constant(theirs, values);
  back([=](Oracle& oracle) { oracle.found("param:" + theirs, values); });
}

void Weights::report() const {
  finish();
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
