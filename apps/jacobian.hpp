// Pictures of Jacobians, and what the two sources of `bijou jacobian` share.
#pragma once
#include "apps/options.hpp"
#include "autograd/check.hpp"

namespace bijou::inline BIJOU_SCALAR {

std::vector<std::string> jacobian_pictures(const JacobianOptions& options);  // the files that were drawn

void require_png(const std::string& out);  // UsageError for another extension

// The plotting library's failures are about files, or pictures that are too large.
template <class Draw>
void drawing(const Draw& draw) {
  try {
    draw();
  } catch (const std::invalid_argument& e) {
    fail<ValueError>(e.what());
  } catch (const std::runtime_error& e) {
    fail<StorageError>(e.what(), "; choose another place with --out");
  }
}

}  // namespace bijou
