// What `bijou check` and `bijou jacobian` share: which model the words mean, and the door's errors as this build's.
#pragma once
#include "apps/inspect/door.hpp"
#include "autograd/check.hpp"

namespace bijou::inline BIJOU_SCALAR {

// MODEL is a family's name, with a preset ("": digits), or a run folder or checkpoint. UsageError for a word that is
// neither; CheckpointError for a path where nothing is.
bijou_inspect::Source source_of(const std::string& model, const std::string& preset, uint64_t seed);

template <class F>
auto through_door(const F& f) {
  using enum bijou_inspect::Failure::Kind;
  try {
    return f();
  } catch (const bijou_inspect::Failure& e) {
    switch (e.kind) {
      case usage:
        throw UsageError(e.what());
      case value:
        throw ValueError(e.what());
      case data:
        throw DataError(e.what());
      case checkpoint:
        throw CheckpointError(e.what());
      case non_finite:
        throw NonFiniteError(e.what());
      case storage:
        throw StorageError(e.what());
      case other:
        break;
    }
    throw Error(e.what());
  }
}

}  // namespace bijou
