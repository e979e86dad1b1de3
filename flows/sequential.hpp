// Composition: f = f_K o ... o f_1. RealNVP section 3.5, eqs. (10)-(12)
//
//   df/dx = product of the layers' Jacobians    log|det df/dx| = sum_k log|det df_k|      f^-1 = f_1^-1 o ... o f_K^-1
#pragma once
#include "flows/flow.hpp"

namespace bijou::inline BIJOU_SCALAR {

class Sequential : public Flow {
 public:
  explicit Sequential(const Shape& input) : Flow(input, input) {}

  // Appends a layer; its first constructor argument is the shape that has been reached.
  template <class F, class... Args>
  F& then(std::string name, Args&&... args) {
    return append(std::move(name), std::make_unique<F>(output_, std::forward<Args>(args)...));
  }
  template <class F>
  F& append(std::string name, std::unique_ptr<F> layer) {
    check(layer->input_shape() == output_, "Sequential", name, " takes ", layer->input_shape(), " after ", output_);
    output_ = layer->output_shape();
    F& added = adopt(std::move(name), std::move(layer));
    layers_.push_back(&added);
    return added;
  }
  const std::vector<Flow*>& layers() const { return layers_; }

  Tensor initialize(const Tensor& x) override;
  bool composite() const override { return true; }
  std::string describe() const override;
  std::string equation() const override { return "f = f_K o ... o f_1    RealNVP eqs. (10)-(12)"; }

 protected:
  FlowResult transform(const Variable& x) const override;
  Tensor invert(const Tensor& y) const override;
  FlowResult keep_less(const Variable& x) const override;

 private:
  std::vector<Flow*> layers_;
};

}  // namespace bijou
