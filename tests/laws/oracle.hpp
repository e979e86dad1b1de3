// Oracles: numbers that other implementations computed (tests/oracles/README.md), and ours beside them.
//
// A file holds their inputs, weights (`param:...`), results, and gradients (`grad:...`), in their names and layouts.
// A peer loads the weights into our layers by the same map as `bijou import`, runs them, and carries what came out back
// into theirs. Each tensor of the file must be found again: in groups, a test case each, named `oracle: <title>: <group>`. What has no counterpart fails.
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
#include "flows/import/state_map.hpp"
#include "tests/laws/flow_law.hpp"

#include <map>
#include <set>

namespace bijou_tests {

inline constexpr double kOracleBound = 1e-9;

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

// The file's `param:` tensors, under the names of a state dictionary.
bijou::TensorFile state_of(const bijou::TensorFile& oracle);

// A source's name map (flows/import/) run on the oracle's weights, with our gradients on the way back in their terms.
class Weights : public bijou::StateMap {
 public:
  Weights(Oracle& oracle, const bijou::TensorFile& state, const bijou::Flow& ours)
      : StateMap(state, ours), oracle_(oracle) {}
  void same(const std::string& theirs, const std::string& ours, const bijou::Axes& axes = bijou::kFlat) override;
  void scale_and_loc(const std::string& theirs, const std::string& ours) override;
  void permutation_matrix(const std::string& theirs, const std::string& ours) override;
  void softplus_scale(const std::string& theirs, const std::string& ours, double eps) override;
  void normed_numbers(const std::string& theirs, const std::string& ours) override;
  void constant(const std::string& theirs, const bijou::Tensor& values) override;
  // After the backward sweep. Nothing of theirs is left over, everything of ours was set.
  void report() const;

 private:
  using Back = std::function<void(Oracle& oracle)>;
  void back(Back back) { back_.push_back(std::move(back)); }
  bijou::Tensor given(const std::string& theirs) const;  // as it is in the file, flat
  Oracle& oracle_;
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
