#include "autograd/storage.hpp"

#include "autograd/check.hpp"
#include "autograd/kernels/machine.hpp"

#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr size_t kAlignment = 64;

struct Pool {
  std::mutex mutex;
  std::unordered_map<size_t, std::vector<void*>> waiting;
  StorageStatistics statistics{};
};

Pool& pool() {
  static Pool* const p = new Pool;  // never destroyed: tensors in static storage may die after it
  return *p;
}

void release_waiting(Pool& p) {
  for (auto& [bytes, list] : p.waiting) {
    for (void* data : list) std::free(data);
    list.clear();
  }
  p.statistics.bytes_waiting = 0;
}

thread_local int64_t most_in_use = INT64_MAX;  // StorageLimit's

// A new buffer. The system promises more memory than there is, and kills the process that then uses it: so what would
// not fit the machine is refused here.
Real* new_buffer(Pool& p, size_t bytes) {
  static const int64_t machine = kernels::physical_memory();
  const int64_t wanted = static_cast<int64_t>(bytes), in_use = p.statistics.bytes_in_use;
  if (in_use + p.statistics.bytes_waiting + wanted > machine) release_waiting(p);
  void* data = wanted <= machine - in_use ? std::aligned_alloc(kAlignment, bytes) : nullptr;
  if (data == nullptr) {
    fail<StorageError>(
        "Storage: the machine has no memory for a tensor of ", bytes, " bytes: ", in_use, " bytes are in use, of ",
        machine, in_use + wanted <= machine ? " (is this process limited?)" : "", "; try a smaller batch or model");
  }
  ++p.statistics.allocations;
  return static_cast<Real*>(data);
}

// Sizes are rounded up to a multiple of 1/8 of their power of two, so that slightly different sizes share a list.
size_t rounded(int64_t count) {
  if (count > INT64_MAX / 16) fail<StorageError>("Storage: no machine has memory for a tensor of ", count, " values");
  size_t bytes = std::max<size_t>(kAlignment, static_cast<size_t>(count) * sizeof(Real));
  size_t step = kAlignment;
  while (step * 16 <= bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace

Storage::Storage(int64_t count) : data_(nullptr), bytes_(rounded(count)) {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  if (static_cast<int64_t>(bytes_) > most_in_use - p.statistics.bytes_in_use)
    fail<StorageError>("Storage: a tensor of ", bytes_, " bytes is beyond the limit that was set for it");
  auto& list = p.waiting[bytes_];
  if (!list.empty()) {
    data_ = static_cast<Real*>(list.back());
    list.pop_back();
    p.statistics.bytes_waiting -= static_cast<int64_t>(bytes_);
  } else {
    data_ = new_buffer(p, bytes_);
  }
  p.statistics.bytes_in_use += static_cast<int64_t>(bytes_);
  p.statistics.peak_bytes_in_use = std::max(p.statistics.peak_bytes_in_use, p.statistics.bytes_in_use);
}

Storage::~Storage() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  p.waiting[bytes_].push_back(data_);
  p.statistics.bytes_in_use -= static_cast<int64_t>(bytes_);
  p.statistics.bytes_waiting += static_cast<int64_t>(bytes_);
}

std::shared_ptr<Storage> Storage::allocate(int64_t count) { return std::shared_ptr<Storage>(new Storage(count)); }

StorageStatistics storage_statistics() {
  const std::lock_guard lock(pool().mutex);
  return pool().statistics;
}

void reset_peak_storage() {
  const std::lock_guard lock(pool().mutex);
  pool().statistics.peak_bytes_in_use = pool().statistics.bytes_in_use;
}

StorageLimit::StorageLimit(int64_t bytes)
    : before_(std::exchange(most_in_use, storage_statistics().bytes_in_use + bytes)) {}
StorageLimit::~StorageLimit() { most_in_use = before_; }

void release_waiting_storage() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  release_waiting(p);
}

}  // namespace bijou
