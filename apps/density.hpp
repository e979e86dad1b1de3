// Evaluating a model on a set of examples.
#pragma once
#include "flows/ledger.hpp"
#include "datasets/loader.hpp"
#include "flows/model.hpp"

#include <functional>

namespace bijou::inline BIJOU_SCALAR {

// The average -log p(x) in nats per example. Images are dequantised by a fixed draw, the same for every model and
// every call, so that figures can be compared.
double average_nll(const FlowModel& model, const Examples& examples, int levels);

// The terms of -log p(x) for each example, averaged over so many draws of the dequantisation's noise, of which the first
// is that of average_nll.
Ledger ledger_of(const FlowModel& model, const Examples& examples, int levels, int64_t draws = 1);

// The same of a class-conditional model, with what it says about the classes; averages over the draws, too.
struct ClassFigures {
  double nll;          // -log p(x), whatever the class
  double nll_given_y;  // -log p(x | y), y the example's label
  double accuracy;     // of argmax_y log p(x | y) + log p(y): the density as a classifier
};
ClassFigures class_figures(const FlowModel& model, const Examples& examples, int levels, int64_t draws = 1);

// Calls see(x, first row) for the examples, block by block, dequantised by this draw of the noise: memory stays bounded.
void for_each_block(const Examples& examples, int levels, const std::function<void(const Tensor&, int64_t)>& see,
                    uint64_t draw = 0);

// x = f^-1(z), block by block; z [n, D]. NonFiniteError: an image that is not finite.
Tensor decode_latents(const FlowModel& model, const Tensor& z);

// Which samples: `count` of them, or one for each label (of class-conditional models).
struct Draw {
  int64_t count = 100;
  double temperature = 1;
  uint64_t seed = 0;
  std::vector<int> labels = {};
};

// The samples, a block at a time: take([rows, ...]).
void for_each_sample(const FlowModel& model, const Draw& draw, const std::function<void(const Tensor&)>& take);

}  // namespace bijou
