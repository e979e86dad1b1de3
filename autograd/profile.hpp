// Profile: where the time of a computation goes, by operation.
//
//   Profile profile;                                         // counts on this thread from here on
//   ... forward, backward, optimiser ...
//   for (const Profile::Row& row : profile.rows()) ...       // longest first
//
// An operation reports itself when it is done: record() in the forward pass, the tape's sweep for its gradient. Its
// time is what passed since the report before, so that nothing between two reports is lost and the shares add up to
// one. Where no Profile lives, a report costs one branch.
#pragma once
#include "autograd/real.hpp"

#include <chrono>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

class Profile {
 public:
  enum class Phase { forward, backward, step };  // step: the optimiser, and what else is no operation
  struct Row {
    std::string_view operation;
    Phase phase;
    int64_t calls;
    double seconds;
    int64_t flops;  // of products and convolutions (kernels::flops_done)
    int64_t bytes;  // read and written by the loops that are bound by memory (kernels::bytes_moved)
  };

  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  std::vector<Row> rows() const;
  double seconds() const;  // of all rows together

  // `operation` must be a literal, or live as long as the profile.
  static void report(const char* operation, Phase phase) {
    if (active_) active_->add(operation, phase);
  }

 private:
  void add(const char* operation, Phase phase);
  static thread_local Profile* active_;
  Profile* before_;
  std::map<std::pair<std::string_view, Phase>, Row> rows_;
  std::chrono::steady_clock::time_point last_;
  int64_t flops_, bytes_;
};

}  // namespace bijou
