#include "autograd/storage.hpp"

#include "autograd/check.hpp"

#include <cstdlib>
#include <mutex>
#include <unordered_map>
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

// Sizes are rounded up to a multiple of 1/8 of their power of two, so that slightly different sizes share a list.
size_t rounded(int64_t count) {
  size_t bytes = std::max<size_t>(kAlignment, static_cast<size_t>(count) * sizeof(Real));
  size_t step = kAlignment;
  while (step * 16 <= bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace

Storage::Storage(int64_t count) : data_(nullptr), bytes_(rounded(count)) {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  auto& list = p.waiting[bytes_];
  if (!list.empty()) {
    data_ = static_cast<Real*>(list.back());
    list.pop_back();
    p.statistics.bytes_waiting -= static_cast<int64_t>(bytes_);
  } else {
    data_ = static_cast<Real*>(std::aligned_alloc(kAlignment, bytes_));
    if (!data_) fail<StorageError>("Storage: the machine has no memory for a tensor of ", bytes_, " bytes");
    ++p.statistics.allocations;
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

void release_waiting_storage() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  for (auto& [bytes, list] : p.waiting) {
    for (void* data : list) std::free(data);
    list.clear();
  }
  p.statistics.bytes_waiting = 0;
}

}  // namespace bijou
