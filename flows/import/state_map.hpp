// A name map: which tensors of another program's state dictionary are which of our parameters and buffers, and how the
// values are laid out there. The maps of each source (rosinality_glow.cpp, ...) call it; `bijou import` runs them on a
// file, and the oracle tests run the same maps with the gradients on the way back.
//
// Nothing is passed over in silence: finish() lists every tensor that is missing, left over or misshapen.
#pragma once
#include "flows/flow.hpp"
#include "nn/safetensors.hpp"

#include <map>
#include <set>

namespace bijou::inline BIJOU_SCALAR {

// The order of axes that turns their layout into ours.
using Axes = std::vector<int>;
inline const Axes kFlat = {};              // the same values in the same order: [1, C, 1, 1] -> [C]
inline const Axes kLinear = {1, 0};        // [out, in] -> [in, out]
inline const Axes kConv = {2, 3, 1, 0};    // [out, in, kh, kw] -> [kh, kw, in, out]
inline const Axes kImages = {0, 2, 3, 1};  // NCHW -> NHWC
Tensor to_ours(const Tensor& theirs, const Axes& axes);
Tensor to_theirs(const Tensor& ours, const Axes& axes);

// Of the outputs of a network, rows of [n, ...] that hold two numbers for each value in turn: the first of each two, or
// the second.
Tensor every_second(const Tensor& rows, int64_t first);

class StateMap {
 public:
  // Both are kept by reference.
  StateMap(const TensorFile& theirs, const Module& ours);
  virtual ~StateMap() = default;

  // One of theirs is one of ours, laid out otherwise.
  virtual void same(const std::string& theirs, const std::string& ours, const Axes& axes = kFlat);
  // Theirs: y = scale (x + loc).  Ours: y = exp(log_s) x + b.            log_s = log scale, b = scale loc
  virtual void scale_and_loc(const std::string& theirs, const std::string& ours);
  // Theirs: a matrix, (P v)_i = sum_j P_ij v_j.  Ours: an index, (P v)_i = v_p(i).
  virtual void permutation_matrix(const std::string& theirs, const std::string& ours);
  // Theirs: s = softplus(u) + eps.  Ours: s = exp(log_s).
  virtual void softplus_scale(const std::string& theirs, const std::string& ours, double eps);
  // Theirs: c = g v / |v|, one number v for each channel (.weight_g, .weight_v).  Ours: c.
  virtual void normed_numbers(const std::string& theirs, const std::string& ours);
  // Ours as a function of theirs, which must have these shapes.
  using Make = std::function<Tensor(const std::vector<Tensor>& theirs)>;
  void made_of(const std::vector<std::pair<std::string, Shape>>& theirs, const std::string& ours, const Make& make);
  // A constant of theirs that our layer has by construction: its values must be these.
  virtual void constant(const std::string& theirs, const Tensor& values);
  // What follows from the rest, or counts something: it may be there or not.
  void unused(const std::string& theirs) { left_.erase(theirs); }

  // Ours that they do not have: it stays as it was built.
  void ours_alone(const std::string& ours) { unset_.erase(ours); }
  bool has(const std::string& theirs) const { return theirs_.contains(theirs); }
  // More of ours: a base, whose names get this prefix.
  void add(const std::string& prefix, const Module& ours);

  // CheckpointError, listing everything that does not fit.
  void finish() const;

 protected:
  const Tensor* find(const std::string& theirs);  // nullptr, and a complaint, when it is missing
  // The shape of ours; nothing, and a complaint, when there is no such parameter or buffer.
  std::optional<Shape> shape_of(const std::string& ours) const;
  void set(const std::string& ours, const Tensor& value);
  void complain(const std::string& what);  // of one tensor once, however often it is asked for
  bool fits(const std::string& theirs, const Tensor& tensor, int64_t values);

  const TensorFile& file_;
  std::map<std::string, Variable*> parameters_;
  std::map<std::string, Tensor*> buffers_;

 private:
  std::map<std::string, const Tensor*> theirs_;
  std::set<std::string> left_, unset_;
  std::vector<std::string> complaints_;
};

// How many names `prefix0.`, `prefix1.`, ... there are in a row; or of those `step` numbers apart.
int count_of(const TensorFile& file, const std::string& prefix, int step = 1);
bool holds(const TensorFile& file, const std::string& name);
bool holds_any(const TensorFile& file, const std::vector<std::string>& names);

// What a source has and Bijou has not, by a regular expression for its tensors' names. CheckpointError: the file holds
// some of it; each kind is named, with the first tensor that says so, and what of that source can be imported.
struct Foreign {
  const char *names, *what;
};
void refuse_foreign(const TensorFile& file, std::span<const Foreign> kinds, const std::string& importable);

}  // namespace bijou
