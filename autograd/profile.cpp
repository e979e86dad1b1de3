#include "autograd/profile.hpp"

#include "autograd/kernels/counters.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR {

thread_local Profile* Profile::active_ = nullptr;

Profile::Profile()
    : before_(active_),
      last_(std::chrono::steady_clock::now()),
      flops_(kernels::flops_done()),
      bytes_(kernels::bytes_moved()) {
  active_ = this;
}

Profile::~Profile() { active_ = before_; }

void Profile::add(const char* operation, Phase phase) {
  const auto now = std::chrono::steady_clock::now();
  const int64_t flops = kernels::flops_done(), bytes = kernels::bytes_moved();
  Row& row = rows_.try_emplace({operation, phase}, Row{operation, phase, 0, 0, 0, 0}).first->second;
  ++row.calls;
  row.seconds += std::chrono::duration<double>(now - last_).count();
  row.flops += flops - flops_;
  row.bytes += bytes - bytes_;
  last_ = now, flops_ = flops, bytes_ = bytes;
}

std::vector<Profile::Row> Profile::rows() const {
  std::vector<Row> all;
  for (const auto& [key, row] : rows_) all.push_back(row);
  std::ranges::stable_sort(all, std::greater(), &Row::seconds);
  return all;
}

double Profile::seconds() const {
  double sum = 0;
  for (const auto& [key, row] : rows_) sum += row.seconds;
  return sum;
}

}  // namespace bijou
