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
// Reversible: many layers are one node, and their inputs are found again by inverting. From k = n to 1, with theta_k the
// parameters of f_k and l_k its log-determinant:
//
//   h_{k-1}  = f_k^-1(h_k)
//   dh_{k-1} = (df_k/dh)' dh_k + (dl_k/dh)' dlog_det             dtheta_k += (df_k/dtheta)' dh_k + (dl_k/dtheta)' dlog_det
//
// all derivatives at the recovered h_{k-1}. (Flow::pull_back; a coupling runs its network once for both lines, as
// x1 = y1.) Nothing that is kept grows with depth, but rounding errors do: a layer that hardly depends on some direction
// of its input inverts it badly. So a sketch (.) of each state is kept, 16 numbers an example, random signed sums that
// estimate how far the recovered state is from the true one, before any gradient flows from it. And a chain is cut into
// stretches, four at most (each scale of a multi-scale model is a chain), each a node that keeps both its ends: no error
// passes from one to the next. A stretch whose error passes kDriftBound starts anew from its exact h_0, checkpointed, and
// is checkpointed from then on for as long as the scope lives; a warning says so.
//
// Layers are run again with the parameters as they are then: these may not change before the sweep is over. And a
// BatchStatistics scope must outlive it; that is checked.
#pragma once
#include "flows/flow.hpp"

#include <set>

namespace bijou::inline BIJOU_SCALAR {

enum class Memory { stored, checkpointed, reversible };
std::vector<std::string> memory_names();         // in this order
Memory memory_by_name(const std::string& name);  // UsageError, naming the three

class MemoryScope {
 public:
  explicit MemoryScope(Memory way);
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

  static Memory way();                     // of this thread's innermost scope
  static bool gave_up(const Flow& first);  // are the layers from this one on checkpointed, although it is reversible?
  static void give_up(const Flow& first);
  size_t given_up() const { return given_up_.size(); }

 private:
  Memory way_;
  std::set<const Flow*> given_up_;
  MemoryScope* before_;
};

// The error of a recovered state: the largest of its examples', each relative to that example's norm. In float, 1e-6 is
// common behind fifty layers of a trained Glow. In double nothing falls back that could be trusted.
inline constexpr double kDriftBound = sizeof(Real) == 4 ? 1e-5 : 1e-10;

// 16 random signed sums of each example's values, [N, ...] -> [N, 16]; and that error, estimated by two such.
Tensor sketch(const Tensor& h);
double drift(const Tensor& recovered_sketch, const Tensor& true_sketch);

// The third way, for layers that are not made of flows themselves.
FlowResult reversible(std::span<Flow* const> layers, const Variable& x);

}  // namespace bijou
