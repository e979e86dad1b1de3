// Flow: an invertible map with its log-determinant. Direction and sign are stated here, once.
//
//   forward:  x -> z, the papers' f, from data to latents          log p(x) = log p_Z(f(x)) + log|det df/dx|
//   inverse:  z -> x, the papers' g = f^-1, from latents to data   (change of variables: NICE eq. 1, RealNVP eqs. 2-3)
//
// log_det is always log|det df/dx| of the forward direction, in nats, one number for each example: shape [N].
// forward is a pure function of x and the parameters (in training, batch normalisation adds an explicit scope:
// nn/batch_statistics.hpp). No random numbers, no lazy initialisation, no flag that turns it round.
#pragma once
#include "nn/module.hpp"

#include <optional>

namespace bijou::inline BIJOU_SCALAR {

struct FlowResult {
  Variable y;
  Variable log_det;  // [N]
};

class Flow : public Module {
 public:
  // Shapes of one example, without the batch axis: [H, W, C] or [D]. Both hold the same number of values.
  Flow(const Shape& input, const Shape& output) : input_(input), output_(output) {}
  const Shape& input_shape() const { return input_; }
  const Shape& output_shape() const { return output_; }

  FlowResult forward(const Variable& x) const;  // x [N, input] -> y [N, output]; ShapeError names the layer
  Tensor inverse(const Tensor& y) const;        // y [N, output] -> x [N, input]; nothing is recorded

  // The forward map in a line, and where it comes from: for tables and the captions of pictures.
  virtual std::string equation() const = 0;

  // Explicit initialisation from data, for layers that have one: takes a batch, returns it as the next layer sees it.
  virtual Tensor initialize(const Tensor& x) { return forward(Variable(x)).y.value(); }

  // Backward without what forward kept (memory.hpp): x from y, and its gradient from those of y and of log_det; the
  // parameters' gradients grow. Before anything flows, trust(x) is asked; when it says no, nothing has happened.
  struct PulledBack {
    Tensor x, dx;
  };
  using Trust = std::function<bool(const Tensor& x)>;
  virtual std::optional<PulledBack> pull_back(const Tensor& y, const Tensor& dy, const Tensor& dlog_det,
                                              const Trust& trust) const;
  virtual bool composite() const { return false; }  // made of flows, each of which sees to its own memory

 protected:
  virtual FlowResult transform(const Variable& x) const = 0;
  // Nothing is recorded: compute on Tensors, or with the operations and .value(). An iterative inverse runs in double.
  virtual Tensor invert(const Tensor& y) const = 0;
  virtual FlowResult keep_less(const Variable& x) const;  // transform, when a MemoryScope asks for less than the tape

  Shape input_, output_;
};

// While it lives, each flow of this thread that is not made of others hands over its log-determinant: the sum of what is
// seen is that of the whole.
class LogDetWatch {
 public:
  using See = std::function<void(const Flow& flow, const Tensor& log_det)>;
  explicit LogDetWatch(See see);
  ~LogDetWatch();
  LogDetWatch(const LogDetWatch&) = delete;
  LogDetWatch& operator=(const LogDetWatch&) = delete;
  static void see(const Flow& flow, const Variable& log_det);

 private:
  See see_;
  LogDetWatch* before_;
};

// A constant log-determinant, the same for each of the batch's examples: [N].
inline Variable constant_log_det(const Variable& x, double value) { return Tensor::full({x.shape()[0]}, value); }

}  // namespace bijou
