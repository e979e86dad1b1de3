// What a flow keeps for the backward sweep: three ways to train, the same mathematics.
//
//   const MemoryScope memory(Memory::checkpointed);        // without a scope: stored
//   { const Tape::Recording on(tape);  loss = -mean(model.log_prob(x)); }
//   tape.backward(loss);
//
// A chain of layers h_k = f_k(h_{k-1}), from h_0 = x to h_n = y. What stays in memory until the sweep arrives:
//
//                   h_0    f_1    h_1    f_2    h_2   ...   f_n    h_n      beside these            run in all
//   stored          [##] [######] [##] [######] [##]      [######] [##]     -                       forward
//   checkpointed    [##]          [##]          [##]                        one layer's [######]    2 x forward
//   reversible      [##]           .             .                 [##]     one layer's [######]    2 x forward, inverses
//
// [##] is a state, as large as the data; [######] all that the operations inside of a layer captured, which is a
// hundred times as much where a coupling's network is wide. The sweep itself is the same in all three.
//
// Checkpointed: each layer is one node of the tape, which keeps the layer's input. When its gradient arrives, the layer
// is recorded once more on a tape of its own, swept, and freed. The bytes are those of before, so are the gradients.
//
// Reversible: a whole chain is one node, and the inputs are found again by inverting. From k = n to 1, with theta_k the
// parameters of f_k and l_k its log-determinant:
//
//   h_{k-1}  = f_k^-1(h_k)
//   dh_{k-1} = (df_k/dh)' dh_k + (dl_k/dh)' dlog_det             dtheta_k += (df_k/dtheta)' dh_k + (dl_k/dtheta)' dlog_det
//
// all derivatives at the recovered h_{k-1}. (Flow::pull_back; a coupling runs its network once for both lines, as
// x1 = y1.) So what is kept does not grow with depth; but rounding errors do, and a layer that hardly depends on some
// direction of its input inverts it badly. Therefore a sketch (.) of each state is kept: 16 numbers an example, random
// signed sums that estimate the distance of the recovered state from the true one, before any gradient flows from it.
// Beyond kDriftBound the chain starts anew from h_0, checkpointed for what is left of this sweep, and from then on for
// as long as the scope lives; a warning says so. h_0 and h_n are exact, so no error passes from one chain to the next:
// in a multi-scale model each scale is a chain.
//
// Layers are run again with the parameters as they are then: these may not change before the sweep is over. And a
// BatchStatistics scope must outlive it; that is checked.
#pragma once
#include "flows/flow.hpp"

#include <set>

namespace bijou::inline BIJOU_SCALAR {

enum class Memory { stored, checkpointed, reversible };

class MemoryScope {
 public:
  explicit MemoryScope(Memory way);
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

  static Memory way();                     // of this thread's innermost scope
  static bool inverts(const Flow& chain);  // reversible, and not given up
  static void give_up(const Flow& chain);  // checkpointed from here on, in this scope
  size_t given_up() const { return given_up_.size(); }

 private:
  Memory way_;
  std::set<const Flow*> given_up_;
  MemoryScope* before_;
};

// How far a recovered state may be from the true one: the largest distance of an example's, relative to the root mean
// square of the examples' norms. Rounding leaves some 1e-6 after a hundred layers in float. At the bound, gradients were
// right to about that size in tests with random weights.
inline constexpr double kDriftBound = sizeof(Real) == 4 ? 1e-4 : 1e-10;

// 16 random signed sums of each example's values, [N, ...] -> [N, 16]; and the distance of two states by theirs.
Tensor sketch(const Tensor& h);
double drift(const Tensor& recovered_sketch, const Tensor& true_sketch);

// A chain of layers, none of which is made of flows itself, as one node: the third way.
FlowResult reversible_chain(const Flow& chain, const std::vector<Flow*>& layers, const Variable& x);

}  // namespace bijou
