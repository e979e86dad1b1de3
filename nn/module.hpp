// Module: a thing with parameters, buffers and children, each with a name.
//
// Names are joined by dots as in PyTorch's state dicts ("levels.0.couplings.2.net.stem.weight"); checkpoints,
// messages and the summary use them. A module owns what it registers, and members are references:
//
//   class Linear : public Module {
//     Variable &weight_, &bias_;
//    public:
//     Linear(int64_t in, int64_t out, Rng& rng)
//         : weight_(parameter("weight", init::he({in, out}, in, rng))),
//           bias_(parameter("bias", Tensor::zeros({out}))) {}
//     Variable operator()(const Variable& x) const { return linear(x, weight_, bias_); }
//   };
#pragma once
#include "autograd/ops.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace bijou::inline BIJOU_SCALAR {

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;  // children and parameters are known by address
  Module& operator=(const Module&) = delete;

  virtual std::string describe() const = 0;  // "Linear 64 -> 128", for the summary

  // What regularisation asks: weights of linear layers and convolutions, gains of weight normalisation, the rest.
  enum class Role { plain, weight, weight_norm_gain };
  struct NamedParameter {
    std::string name;
    Variable* variable;
    Role role;
  };
  struct NamedBuffer {
    std::string name;
    Tensor* tensor;
    bool constant;
  };
  std::vector<NamedParameter> parameters() const;  // of this module and all below, in order of construction
  std::vector<NamedBuffer> buffers() const;        // saved with the model, but not learned by gradient
  int64_t parameter_count() const;
  std::string path() const;     // dotted name from the root; "" for the root itself
  std::string summary() const;  // an indented tree with shapes and counts

  const std::vector<std::unique_ptr<Module>>& children() const { return children_; }
  const std::string& name() const { return name_; }

 protected:
  Variable& parameter(std::string name, Tensor initial, Role role = Role::plain);
  Tensor& buffer(std::string name, Tensor initial);    // moves with training: running statistics
  Tensor& constant(std::string name, Tensor initial);  // stays: a permutation, signs, the data's moments; not averaged
  template <class M, class... Args>
  M& child(std::string name, Args&&... args) {
    return adopt(std::move(name), std::make_unique<M>(std::forward<Args>(args)...));
  }
  template <class M>
  M& adopt(std::string name, std::unique_ptr<M> module) {
    M& reference = *module;
    module->name_ = std::move(name);
    module->parent_ = this;
    children_.push_back(std::move(module));
    return reference;
  }

 private:
  void collect(const std::string& prefix, std::vector<NamedParameter>* parameters,
               std::vector<NamedBuffer>* buffers) const;
  void summarize(std::string& out, int depth) const;
  struct OwnedParameter {
    std::string name;
    Variable variable;
    Role role;
  };
  struct OwnedBuffer {
    std::string name;
    Tensor tensor;
    bool constant;
  };
  std::string name_;
  const Module* parent_ = nullptr;
  mutable std::deque<OwnedParameter>
      parameters_;  // deques: addresses stay. Constness of a module is about its structure
  mutable std::deque<OwnedBuffer> buffers_;
  std::vector<std::unique_ptr<Module>> children_;
};

// While it lives, the first module of this thread whose output is not finite throws NonFiniteError with its name.
// Training repeats a failed step under it, so that a NaN gets the name of the layer it came from. With a function of
// one's own it shows the outputs of all modules, the innermost first, and throws nothing.
class FiniteWatch {
 public:
  using Show = std::function<void(const Module& module, const Tensor& output)>;
  explicit FiniteWatch(Show show = throw_if_not_finite);
  ~FiniteWatch();
  FiniteWatch(const FiniteWatch&) = delete;
  FiniteWatch& operator=(const FiniteWatch&) = delete;
  static void see(const Module& module, const Variable& output);

 private:
  static void throw_if_not_finite(const Module& module, const Tensor& output);
  Show show_;
  FiniteWatch* before_;
};

}  // namespace bijou
