#include "nn/module.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

thread_local FiniteWatch* watching = nullptr;

std::string grouped(int64_t n) {  // 1234567 -> 1,234,567
  std::string s = text(n);
  for (int64_t i = static_cast<int64_t>(s.size()) - 3; i > 0; i -= 3) s.insert(static_cast<size_t>(i), ",");
  return s;
}

}  // namespace

Variable& Module::parameter(std::string name, Tensor initial, Role role) {
  parameters_.push_back({std::move(name), Variable(std::move(initial), true), role});
  return parameters_.back().variable;
}

Tensor& Module::buffer(std::string name, Tensor initial) {
  buffers_.push_back({std::move(name), std::move(initial), false});
  return buffers_.back().tensor;
}

Tensor& Module::constant(std::string name, Tensor initial) {
  buffers_.push_back({std::move(name), std::move(initial), true});
  return buffers_.back().tensor;
}

void Module::collect(const std::string& prefix, std::vector<NamedParameter>* parameters,
                     std::vector<NamedBuffer>* buffers) const {
  if (parameters) {
    for (auto& p : parameters_) parameters->push_back({prefix + p.name, &p.variable, p.role});
  }
  if (buffers) {
    for (auto& b : buffers_) buffers->push_back({prefix + b.name, &b.tensor, b.constant});
  }
  for (const auto& c : children_) c->collect(prefix + c->name_ + ".", parameters, buffers);
}

std::vector<Module::NamedParameter> Module::parameters() const {
  std::vector<NamedParameter> all;
  collect("", &all, nullptr);
  return all;
}

std::vector<Module::NamedBuffer> Module::buffers() const {
  std::vector<NamedBuffer> all;
  collect("", nullptr, &all);
  return all;
}

int64_t Module::parameter_count() const {
  int64_t n = 0;
  for (const auto& p : parameters()) n += p.variable->shape().numel();
  return n;
}

std::string Module::path() const {
  if (!parent_) return name_;
  const std::string above = parent_->path();
  return above.empty() ? name_ : above + "." + name_;
}

std::string Module::summary() const {
  std::string out;
  summarize(out, 0);
  return out;
}

void Module::summarize(std::string& out, int depth) const {
  std::string line =
      std::string(static_cast<size_t>(2 * depth), ' ') + (name_.empty() ? "" : name_ + ": ") + describe();
  const std::string count = grouped(parameter_count());
  constexpr size_t kWidth = 96;
  line.resize(std::max(line.size() + 2, kWidth - std::min(kWidth, count.size())), ' ');
  out += line + count + "\n";
  for (const auto& c : children_) c->summarize(out, depth + 1);
}

FiniteWatch::FiniteWatch(Show show) : show_(std::move(show)), before_(watching) { watching = this; }
FiniteWatch::~FiniteWatch() { watching = before_; }

void FiniteWatch::see(const Module& module, const Variable& output) {
  if (watching) watching->show_(module, output.value());
}

void FiniteWatch::throw_if_not_finite(const Module& module, const Tensor& output) {
  if (math::all_finite(output)) return;
  const std::string path = module.path();
  fail<NonFiniteError>("layer ", path.empty() ? "(the model itself)" : path, " (", module.describe(),
                       ") gave a value that is not finite");
}

}  // namespace bijou
