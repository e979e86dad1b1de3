// Adam, Adamax, global-norm clipping, learning-rate schedules, and the exponential moving average of weights.
#pragma once
#include "nn/module.hpp"

namespace bijou::inline BIJOU_SCALAR {

// What must be kept to go on after a pause, besides the weights: tensors by name, and how many steps they saw.
struct SavedState {
  std::vector<std::pair<std::string, Tensor*>> tensors;
  int64_t* steps;
};

// The gradients of all parameters together are first scaled down to the norm `clip_norm` when they exceed it (Pascanu
// et al. 2013); 0 turns that off. The weights of linear layers and convolutions decay apart from the gradient: w is
// multiplied by 1 - lr weight_decay before each step (Loshchilov and Hutter 2019, algorithm 2). Biases and gains do not,
// nor what is under weight normalisation (a direction has no size), nor the flow's own layers.
struct OptimizerOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, clip_norm = 100, weight_decay = 0;
};

// What steps by two moments of the gradient, for each number of each parameter.
class Optimizer {
 public:
  Optimizer(const Module& model, OptimizerOptions options);
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  struct Report {
    double gradient_norm;
    bool clipped;
  };
  // Uses and clears the gradients. NonFiniteError, and nothing has changed, when they are not finite.
  Report step(double learning_rate);
  void clear_gradients();
  SavedState state();                    // "first.NAME" and "second.NAME" for each parameter
  virtual const char* name() const = 0;  // for messages

 protected:
  struct Step {
    int64_t t;  // 1, 2, ...
    double learning_rate, gradient_scale;
  };
  virtual void update(const Step& step, std::span<const math::Parameter> parameters) const = 0;
  OptimizerOptions options_;

 private:
  struct Entry {
    std::string name;
    Variable* parameter;
    Tensor first, second;  // moments, zero at the start
    bool decays;
  };
  std::vector<Entry> entries_;
  int64_t t_ = 0;
};

// Kingma and Ba 2015, algorithm 1:
//
//   m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
//   w -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
class Adam : public Optimizer {
 public:
  explicit Adam(const Module& model, OptimizerOptions options = {}) : Optimizer(model, options) {}
  const char* name() const override { return "Adam"; }

 protected:
  void update(const Step& step, std::span<const math::Parameter> parameters) const override;
};

// Kingma and Ba 2015, algorithm 2: the infinity norm in place of the second moment.
//
//   m = beta1 m + (1 - beta1) g        u = max(beta2 u, |g|)
//   w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (u + eps)
//
// Departure: in algorithm 2 the step is lr / (1 - beta1^t) m / u, as a maximum has no bias to correct. Glow's released
// code keeps Adam's sqrt(1 - beta2^t), which makes the first steps small (0.03 of algorithm 2's at t = 1, 0.8 at
// t = 1000), and adds eps: adopted, as the paper's figures came from it.
class Adamax : public Optimizer {
 public:
  explicit Adamax(const Module& model, OptimizerOptions options = {}) : Optimizer(model, options) {}
  const char* name() const override { return "Adamax"; }

 protected:
  void update(const Step& step, std::span<const math::Parameter> parameters) const override;
};

// sum g^2 over the gains of weight normalisation: RealNVP section 4.1 regularises these alone, times 5e-5. (The
// released code adds the scale c of its checkerboard couplings: flows/coupling.hpp.)
Variable weight_norm_penalty(const Module& model);

// Linear warm-up over the first steps, then constant; or half a cosine down to zero at the last step; or times `factor`
// after every `every` steps.
struct Schedule {
  enum class Kind { constant, cosine, step } kind = Kind::cosine;
  double learning_rate = 1e-3;
  int64_t warmup_steps = 0, total_steps = 1;
  int64_t every = 1;
  double factor = 0.1;
  double at(int64_t step) const;  // step = 0, 1, ...
};

// average = decay average + (1 - decay) weights, over parameters and buffers alike, so that the running statistics of
// batch normalisation belong to the averaged weights. Constants are left alone: they are the model's own all the time.
// Early on the decay is (1 + t) / (10 + t), so that the start is forgotten.
class MovingAverage {
 public:
  MovingAverage(const Module& model, double decay);
  void update();
  SavedState state();  // "NAME" for each parameter and buffer

  class Use {  // the model has the averaged weights while it lives
   public:
    explicit Use(MovingAverage& average) : average_(average) { average_.exchange(); }
    ~Use() { average_.exchange(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    MovingAverage& average_;
  };

 private:
  void exchange();
  const Module& model_;
  double decay_;
  int64_t t_ = 0;
  std::vector<Tensor> parameters_, buffers_;
};

}  // namespace bijou
