// Tape: the operations of a computation, in the order in which they ran.
//
//   Tape tape;
//   { Tape::Recording on(tape);  loss = f(parameters, data); }
//   tape.backward(loss);                          // parameters' gradients now hold d loss / d parameter
//
// Nodes stand in a flat vector; its reverse order is a topological order. So there is no sort, no recursion, and a
// million nodes cannot overflow. With no active tape, operations merely compute.
//
// Tapes nest: a pull-back may record a tape of its own and sweep it (flows/memory.hpp re-records layers so). The leaves
// that such an inner tape flows into, beside its own, stand among the inputs of the outer node (record_many), which
// returns an undefined gradient for them: they have theirs already.
#pragma once
#include "autograd/variable.hpp"

#include <functional>

namespace bijou::inline BIJOU_SCALAR {

using PullBack = std::function<Tensor(const Tensor& dy)>;                                 // one output, one input
using JointPullBack = std::function<std::vector<Tensor>(const std::vector<Tensor>& dy)>;  // all outputs, all inputs

struct Wrt {                   // one differentiable input of an operation
  std::shared_ptr<Slot> slot;  // null: needs no gradient
  PullBack pull_back;
};

class Tape {
 public:
  Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // Adds d loss / d leaf to the gradient of every leaf that the loss depends on. What the nodes captured is freed on
  // the way, and the tape is empty afterwards. `loss` holds one value; or give each output a seed of its shape. An
  // error on the way leaves the tape empty, and the leaves' gradients unfinished.
  void backward(const Variable& loss);
  void backward(const std::vector<Variable>& outputs, const std::vector<Tensor>& seeds);

  // The vector-Jacobian products seeds' d outputs / d inputs. Leaves the tape and every gradient as they were, also when
  // there is an error on the way; so it may be asked again with other seeds. Inputs may be leaves or intermediate values.
  // Leaves that are not among the inputs are only read (unless a node records them again): threads may share a model.
  std::vector<Tensor> gradients(const std::vector<Variable>& outputs, const std::vector<Tensor>& seeds,
                                const std::vector<Variable>& inputs);

  size_t size() const { return nodes_.size(); }
  static Tape* active();

  class Recording {  // operations of this thread are recorded while it lives; scopes nest
   public:
    explicit Recording(Tape& tape);
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

   private:
    Tape* before_;
  };
  class Pause {  // nothing is recorded while it lives
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Tape* before_;
  };

  struct Node {
    const char* name;
    std::vector<std::shared_ptr<Slot>> outputs;
    std::vector<Wrt> inputs;
    JointPullBack joint;  // when set, used in place of the inputs' own
  };
  void append(Node node) { nodes_.push_back(std::move(node)); }

 private:
  void sweep(bool spend, const std::vector<std::shared_ptr<Slot>>* wanted);
  std::vector<Node> nodes_;
};

// wrt(x, dy -> dx): the product of dy with the Jacobian of the operation with respect to x. When x needs no gradient,
// or nothing is recorded, the function and what it captured are dropped at once. Capture Tensors, never Variables.
template <class F>
Wrt wrt(const Variable& x, F&& pull_back) {
  if (!x.requires_grad() || !Tape::active()) return {};
  return {x.slot(), PullBack(std::forward<F>(pull_back))};
}

// The result of an operation: its value, and a node on the active tape when an input needs a gradient.
Variable record(const char* name, Tensor value, std::vector<Wrt> inputs);
template <class... Inputs>
Variable record(const char* name, Tensor value, Wrt first, Inputs... rest) {
  std::vector<Wrt> inputs;
  inputs.reserve(1 + sizeof...(rest));
  (inputs.push_back(std::move(first)), ..., inputs.push_back(std::move(rest)));
  return record(name, std::move(value), std::move(inputs));
}

// Several outputs, or gradients that share work: one function from all dy to all dx (in the order of `inputs`; a dx
// may be undefined: zero). The gradient of an output that nobody used arrives as zeros.
std::vector<Variable> record_many(const char* name, std::vector<Tensor> values, const std::vector<Variable>& inputs,
                                  const std::function<JointPullBack()>& make_pull_back);

}  // namespace bijou
