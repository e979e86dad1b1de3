// Variable: a tensor that gradients may flow to.
//
// The gradient lives in a Slot, apart from the value: the tape's nodes hold slots only, so that what an operation's
// gradient captures is the whole memory bill of that operation.
#pragma once
#include "autograd/math.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct Slot {
  Shape shape;      // of the value; a gradient of another shape is refused
  bool leaf;        // a parameter or an input, not the result of an operation
  Tensor gradient;  // undefined until something flows in
};

class Variable {
 public:
  Variable() = default;                               // of no tensor at all
  Variable(Tensor value, bool requires_grad = false)  // implicit: constants mix freely
      : value_(std::move(value)),
        slot_(requires_grad ? std::make_shared<Slot>(Slot{value_.shape(), true, {}}) : nullptr) {}
  Variable(Tensor value, std::shared_ptr<Slot> slot) : value_(std::move(value)), slot_(std::move(slot)) {}

  const Tensor& value() const { return value_; }
  const Shape& shape() const { return value_.shape(); }
  double item() const { return value_.item(); }

  bool requires_grad() const { return slot_ != nullptr; }
  const std::shared_ptr<Slot>& slot() const { return slot_; }
  Tensor gradient() const { return slot_ ? slot_->gradient : Tensor(); }  // undefined when nothing flowed in
  void clear_gradient() {
    if (slot_) slot_->gradient = Tensor();
  }
  Variable detach() const { return Variable(value_); }  // the same numbers, a constant

  void set_value(Tensor value) {  // of the same shape (optimisers, loading)
    check(value.shape() == shape(), "Variable::set_value", "from ", shape(), " to ", value.shape());
    value_ = std::move(value);
  }
  Tensor& mutable_value() { return value_; }  // in place, for optimisers

 private:
  Tensor value_;
  std::shared_ptr<Slot> slot_;
};

}  // namespace bijou
