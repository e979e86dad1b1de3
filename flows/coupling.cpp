#include "flows/coupling.hpp"

namespace bijou::inline BIJOU_SCALAR {

Coupling::Coupling(const Shape& input, std::unique_ptr<Partition> partition, std::unique_ptr<Network> network,
                   std::unique_ptr<CouplingLaw> law)
    : Flow(input, input),
      partition_(std::move(partition)),
      network_(adopt("net", std::move(network))),
      law_(adopt("law", std::move(law))) {}

// m(x1): the network sees x1, and of what it makes, the values at x2's places are used. By a checkerboard it sees x1 in
// its place, zeros elsewhere. With a binary mask b, 1 where x stays, RealNVP writes that as one formula, eq. (9):
//
//   y = b * x + (1 - b) * (x * exp(s(b * x)) + t(b * x)),    b * x = embed(x1),    (1 - b) * s = select(s)
//
// [RealNVP eq. 9]
Variable Coupling::m(const Variable& x1) const { return partition_->select(network_(partition_->embed(x1))); }

// General coupling layer: NICE section 3.2                     x = (x1, x2) = (x_I1, x_I2) by partition_
//
//   y1 = x1                      dy/dx = [    I         0     ]         log|det dy/dx| = log|det dy2/dx2|
//   y2 = g(x2; m(x1))                    [ dy2/dx1   dy2/dx2  ]
//
//   x1 = y1,   x2 = g^-1(y2; m(y1))
//
// The network m is never inverted, and its derivative dy2/dx1 is not in the determinant: m may be any function.
FlowResult Coupling::transform(const Variable& x) const {
  const auto [x1, x2] = partition_->split(x);
  // [NICE section 3.2: general coupling]
  const auto [y2, log_det] = law_.forward(x2, m(x1));
  // [RealNVP eq. 4] [RealNVP eq. 7]
  return {partition_->merge(x1, y2), log_det};
}

Tensor Coupling::invert(const Tensor& y) const {
  const auto [y1, y2] = partition_->split(y);
  // [NICE section 3.2: inverse of the general coupling]
  return partition_->merge(y1, law_.inverse(y2.value(), m(y1).value())).value();
}

// As x1 = y1, the network runs once for both ways: what is recorded of it at y1 inverts the law, and then carries the law's
// gradient back. dx = (dx1, dx2), put together as x is, for merge is a permutation of the values.
std::optional<Flow::PulledBack> Coupling::pull_back(const Tensor& y, const Tensor& dy, const Tensor& dlog_det,
                                                    const Trust& trust) const {
  const auto [y1, y2] = partition_->split(y);
  const Variable x1(y1.value(), true);
  Tape tape;
  const Variable m = [&] {
    const Tape::Recording on(tape);
    return this->m(x1);
  }();
  const Variable x2(law_.inverse(y2.value(), m.value()), true);
  const Tensor x = partition_->merge(x1, x2).value();
  if (!trust(x)) return std::nullopt;
  const auto [z, log_det] = [&]() -> FlowResult {
    const Tape::Recording on(tape);
    const auto [z2, log_det] = law_.forward(x2, m);
    return {partition_->merge(x1, z2), log_det};
  }();
  tape.backward({z, log_det}, {dy, dlog_det});
  return PulledBack{x, partition_->merge(x1.gradient(), x2.gradient()).value()};
}

Tensor Coupling::initialize(const Tensor& x) {
  const auto [x1, x2] = partition_->split(x);
  const Variable m = partition_->select(network_.initialize(partition_->embed(x1).value()));
  return partition_->merge(x1, law_.forward(x2, m).y).value();
}

std::string Coupling::describe() const { return text("Coupling, ", law_.describe(), ", by ", partition_->describe()); }

}  // namespace bijou
