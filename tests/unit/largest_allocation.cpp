#include "tests/unit/largest_allocation.hpp"

#include <cstdlib>
#include <new>

namespace bijou_tests {

size_t& largest_allocation() {
  thread_local size_t largest = 0;
  return largest;
}

}  // namespace bijou_tests

// The array forms call these. The library's own forms are replaced together: what one asks for the other gives back.
void* operator new(size_t size) {
  size_t& largest = bijou_tests::largest_allocation();
  largest = std::max(largest, size);
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
