// Oracles: numbers that other implementations computed (tests/oracles/README.md), and ours beside them.
//
// A file holds their inputs, weights (`param:...`), results, and gradients (`grad:...`), in their names and layouts.
// A peer loads the weights into our layers, runs them, and carries what came out back into theirs. Each tensor of the
// file must be found again: in groups, a test case each, named `oracle: <title>: <group>`. What has no counterpart fails.
//
//   struct Peer {
//     static constexpr const char *title, *file;
//     static constexpr const char* layer;                  // a regular expression: the part of a name that is its layer
//     static void meet(Oracle& oracle);                    // calls found() for every tensor of the file
//   };
//   const bool registered = register_oracle<Peer>();
//
// The bound is strict: |ours - theirs| <= 1e-9 max|theirs|, the largest entry of that one tensor.
#pragma once
#include "flows/flow.hpp"
#include "nn/safetensors.hpp"
#include "tests/laws/flow_law.hpp"

#include <map>
#include <set>

namespace bijou_tests {

inline constexpr double kOracleBound = 1e-9;

// The order of axes that turns their layout into ours.
using Axes = std::vector<int>;
inline const Axes kFlat = {};              // the same values in the same order: [1, C, 1, 1] -> [C]
inline const Axes kLinear = {1, 0};        // [out, in] -> [in, out]
inline const Axes kConv = {2, 3, 1, 0};    // [out, in, kh, kw] -> [kh, kw, in, out]
inline const Axes kImages = {0, 2, 3, 1};  // NCHW -> NHWC
bijou::Tensor to_ours(const bijou::Tensor& theirs, const Axes& axes);
bijou::Tensor to_theirs(const bijou::Tensor& ours, const Axes& axes);

class Oracle {
 public:
  explicit Oracle(const std::string& path) : file_(bijou::read_safetensors(path)) {}
  const bijou::TensorFile& file() const { return file_; }
  const bijou::Tensor& at(const std::string& name) const { return file_.at(name); }

  // Our value of the tensor `name` of the file, in their layout (a size of 1 may be missing).
  void found(const std::string& name, const bijou::Tensor& ours);
  // For what is zero but for rounding, the difference of two equal terms: the bound is relative to those.
  void found_zero(const std::string& name, const bijou::Tensor& ours, const bijou::Tensor& terms);

  // The names of the groups, and the check of one of them.
  std::string group_of(const std::string& name, const std::string& layer) const;
  void check_group(const std::string& group, const std::string& layer) const;

 private:
  struct Finding {
    bijou::Tensor ours;
    double scale;
  };
  bijou::TensorFile file_;
  std::map<std::string, Finding> findings_;
};

// Their weights in our layers, and our gradients in their terms.
class Weights {
 public:
  Weights(Oracle& oracle, const bijou::Module& ours);
  // One of theirs is one of ours, laid out otherwise: a parameter with its gradient, or a buffer.
  void same(const std::string& theirs, const std::string& ours, const Axes& axes = kFlat);
  // Parametrisations that differ: set ours from theirs, and say how value and gradient go back.
  const bijou::Tensor& theirs(const std::string& name) const { return oracle_.at("param:" + name); }
  void set(const std::string& ours, const bijou::Tensor& value);
  const bijou::Variable& parameter(const std::string& ours) const;
  using Back = std::function<void(Oracle& oracle)>;
  void back(Back back) { back_.push_back(std::move(back)); }
  // After the backward sweep. Every parameter and buffer of ours must have been set.
  void report() const;

 private:
  Oracle& oracle_;
  std::map<std::string, bijou::Variable*> parameters_;
  std::map<std::string, bijou::Tensor*> buffers_;
  std::set<std::string> unset_;
  std::vector<Back> back_;
};

// log|det dy/dx| of the first n examples, each by the whole Jacobian matrix: [n].
bijou::Tensor whole_log_det(const bijou::Flow& flow, const bijou::Tensor& x, int64_t n);

template <class Peer>
struct OracleRows {
  static std::vector<std::string> groups() {
    std::vector<std::string> groups;
    const Oracle oracle(Peer::file);
    for (const auto& [name, tensor] : oracle.file().tensors) {
      const std::string group = oracle.group_of(name, Peer::layer);
      if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
    }
    return groups;
  }
  static std::vector<std::string> names() {
    const std::string head = bijou::text("oracle: ", Peer::title, ": ");
    try {
      std::vector<std::string> names;
      for (const std::string& group : groups()) names.push_back(head + group);
      return names;
    } catch (const bijou::Error&) {  // of a file that cannot be read: run() says it again
      return {head + "the file"};
    }
  }
  static void run(size_t row) {
    static const Oracle oracle = [] {
      const OneThread one;
      Oracle met(Peer::file);
      Peer::meet(met);
      return met;
    }();
    static const std::vector<std::string> all = groups();
    oracle.check_group(all[row], Peer::layer);
  }
};

template <class Peer>
bool register_oracle(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return register_rows<OracleRows<Peer>>(file, line);
}

}  // namespace bijou_tests
