// How much a piece of code asks for at once, by operator new (counted in the whole test program) and for tensors.
#pragma once
#include "autograd/storage.hpp"

#include <algorithm>
#include <cstddef>

namespace bijou_tests {

size_t& largest_allocation();  // of this thread, by operator new, since it was set to zero

// The larger of the largest single allocation by operator new and the tensors' memory at its peak, while body runs.
template <class Body>
size_t memory_asked_for(const Body& body) {
  bijou::release_waiting_storage();
  bijou::reset_peak_storage();
  const auto before = bijou::storage_statistics().bytes_in_use;
  largest_allocation() = 0;
  body();
  const size_t tensors = static_cast<size_t>(bijou::storage_statistics().peak_bytes_in_use - before);
  return std::max(largest_allocation(), tensors);
}

}  // namespace bijou_tests
