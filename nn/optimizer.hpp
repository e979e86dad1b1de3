// Adam, global-norm clipping, learning-rate schedules, and the exponential moving average of weights.
#pragma once
#include "nn/module.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Kingma and Ba 2015, algorithm 1. The gradients of all parameters together are first scaled down to the norm
// `clip_norm` when they exceed it (Pascanu et al. 2013); 0 turns that off.
struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, clip_norm = 100;
};

class Adam {
 public:
  explicit Adam(const Module& model, AdamOptions options = {});

  struct Report {
    double gradient_norm;
    bool clipped;
  };
  Report step(
      double
          learning_rate);  // uses and clears the gradients; NonFiniteError (nothing changed) when they are not finite
  void clear_gradients();

 private:
  struct Entry {
    Variable* parameter;
    Tensor m, v;
  };
  std::vector<Entry> entries_;
  AdamOptions options_;
  int64_t t_ = 0;
};

// sum g^2 over the gains of weight normalisation: RealNVP section 4.1 regularises these alone, times 5e-5. (The
// released code adds the scale c of its checkerboard couplings: flows/coupling.hpp.)
Variable weight_norm_penalty(const Module& model);

// Linear warm-up over the first steps, then constant or half a cosine down to zero at the last step.
struct Schedule {
  enum class Kind { constant, cosine } kind = Kind::cosine;
  double learning_rate = 1e-3;
  int64_t warmup_steps = 0, total_steps = 1;
  double at(int64_t step) const;  // step = 0, 1, ...
};

// average = decay average + (1 - decay) weights, over parameters and buffers alike, so that the running statistics of
// batch normalisation belong to the averaged weights. Constants are left alone: they are the model's own all the time.
// Early on the decay is (1 + t) / (10 + t), so that the start is forgotten.
class MovingAverage {
 public:
  MovingAverage(const Module& model, double decay);
  void update();

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
