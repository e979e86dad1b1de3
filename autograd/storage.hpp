// Storage: aligned buffers that are kept and handed out again.
//
// Training repeats the same sizes every step, so freed buffers wait in a list per size; after the second step
// there is neither malloc nor page fault. The pool has a mutex and is never destroyed (tensors may outlive main).
#pragma once
#include "autograd/real.hpp"

#include <cstddef>
#include <memory>

namespace bijou::inline BIJOU_SCALAR {

class Storage {
 public:
  static std::shared_ptr<Storage> allocate(int64_t count);  // count values, 64-byte aligned, uninitialised
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  Real* data() { return data_; }

 private:
  explicit Storage(int64_t count);
  Real* data_;
  size_t bytes_;
};

struct StorageStatistics {
  int64_t bytes_in_use, bytes_waiting, peak_bytes_in_use;
  int64_t allocations;  // requests that the waiting buffers could not serve
};
StorageStatistics storage_statistics();
void reset_peak_storage();       // peak_bytes_in_use counts from now on
void release_waiting_storage();  // gives the waiting buffers back to the system

// While it lives, this process's tensors may take `bytes` more than they do now, if this thread asks for them; beyond, it
// gets a StorageError. For what is built as a file says that is not trusted.
class StorageLimit {
 public:
  explicit StorageLimit(int64_t bytes);
  ~StorageLimit();
  StorageLimit(const StorageLimit&) = delete;

 private:
  int64_t before_;
};

}  // namespace bijou
