#include "flows/flow.hpp"

#include "flows/memory.hpp"

#include <utility>

namespace bijou::inline BIJOU_SCALAR {
namespace {

Shape batch_of(const Tensor& x, const Shape& example) {
  Shape s{x.shape()[0]};
  for (int64_t d : example) s.append(d);
  return s;
}

void expect(const Flow& flow, const char* what, const Tensor& x, const Shape& example) {
  if (x.rank() == example.rank() + 1 && x.shape() == batch_of(x, example)) return;
  const std::string path = flow.path();
  fail<ShapeError>("Flow ", path.empty() ? "(model)" : path, " (", flow.describe(), "): ", what, " has shape ",
                   x.shape(), ", expected a batch of ", example);
}

thread_local LogDetWatch* watching = nullptr;

}  // namespace

LogDetWatch::LogDetWatch(See see) : see_(std::move(see)), before_(std::exchange(watching, this)) {}
LogDetWatch::~LogDetWatch() { watching = before_; }
void LogDetWatch::see(const Flow& flow, const Variable& log_det) {
  if (watching && !flow.composite()) watching->see_(flow, log_det.value());
}

FlowResult Flow::forward(const Variable& x) const {
  expect(*this, "the input of forward", x.value(), input_);
  const bool all = MemoryScope::way() == Memory::stored || !Tape::active();
  FlowResult result = all ? transform(x) : keep_less(x);
  expect(*this, "the result of forward", result.y.value(), output_);
  expect(*this, "the log-determinant", result.log_det.value(), {});
  FiniteWatch::see(*this, result.y);
  FiniteWatch::see(*this, result.log_det);
  LogDetWatch::see(*this, result.log_det);
  return result;
}

Tensor Flow::inverse(const Tensor& y) const {
  expect(*this, "the input of inverse", y, output_);
  const Tape::Pause pause;
  const Tensor x = invert(y);
  expect(*this, "the result of inverse", x, input_);
  FiniteWatch::see(*this, x);
  return x;
}

}  // namespace bijou
