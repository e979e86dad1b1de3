// The optimisers' part of math.hpp.
#include "autograd/kernels/counters.hpp"
#include "autograd/kernels/update.hpp"
#include "autograd/math.hpp"

namespace bijou::inline BIJOU_SCALAR::math {
namespace {

Real real(double x) { return static_cast<Real>(x); }

// touched: how many values of memory a step reads and writes for each parameter.
std::vector<kernels::Parameter> pointers(std::span<const Parameter> parameters, int64_t touched) {
  std::vector<kernels::Parameter> p;
  for (const Parameter& t : parameters) {
    for (const Tensor* other : {t.first, t.second, t.weights}) {
      check(other->shape() == t.gradient.shape(), "optimiser", "a gradient ", t.gradient.shape(), " for weights ",
            other->shape());
    }
    p.push_back({t.gradient.numel(), t.gradient.data().data(), t.first->mutable_data().data(),
                 t.second->mutable_data().data(), t.weights->mutable_data().data(), real(t.keep)});
    kernels::count_values(touched * t.gradient.numel());
  }
  return p;
}

}  // namespace

void adam(const AdamRule& r, std::span<const Parameter> parameters) {
  kernels::adam(pointers(parameters, 7), {real(r.beta1), real(r.beta2), real(r.rate), real(r.root_correction),
                                          real(r.eps), real(r.gradient_scale)});
}

void adamax(const AdamaxRule& r, std::span<const Parameter> parameters) {
  kernels::adamax(pointers(parameters, 7),
                  {real(r.beta1), real(r.beta2), real(r.rate), real(r.eps), real(r.gradient_scale)});
}

double sum_squares_of_gradients(std::span<const Parameter> parameters) {
  return kernels::sum_squares_of_gradients(pointers(parameters, 1));
}

void move_averages(std::span<const Average> averages, double rate) {
  std::vector<kernels::Average> p;
  for (const Average& a : averages) {
    check(a.average->shape() == a.now->shape(), "move_averages", "from ", a.average->shape(), " to ", a.now->shape());
    p.push_back({a.now->numel(), a.average->mutable_data().data(), a.now->data().data()});
    kernels::count_values(3 * a.now->numel());
  }
  kernels::move_averages(p, real(rate));
}

}  // namespace bijou
