// Memory for a kernel's intermediate values: patches, transformed tiles, partial sums.
//
// It grows to the largest size that was asked for and stays, so that a training step neither allocates nor meets
// pages for the first time. Each use declares its own:
//
//   thread_local Workspace patches;
//   Real* const p = patches.get(count);      // 64-byte aligned, uninitialised; valid until the next get
#pragma once
#include "autograd/check.hpp"

#include <cstdlib>
#include <memory>

namespace bijou::inline BIJOU_SCALAR::kernels {

class Workspace {
 public:
  Real* get(int64_t count) {
    if (count > count_) {
      const size_t bytes = (static_cast<size_t>(count) * sizeof(Real) + 63) / 64 * 64;
      count_ = 0;
      data_.reset();
      data_.reset(static_cast<Real*>(std::aligned_alloc(64, bytes)));
      if (!data_) fail<StorageError>("kernels: the machine has no memory for ", bytes, " bytes of intermediate values");
      count_ = count;
    }
    return data_.get();
  }

 private:
  struct Free {
    void operator()(Real* p) const { std::free(p); }
  };
  std::unique_ptr<Real, Free> data_;
  int64_t count_ = 0;
};

}  // namespace bijou
