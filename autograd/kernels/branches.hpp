// Which way a kernel went. Where a kernel chooses by shape it counts the branch that it took; the tests fail when
// their shapes leave a branch untaken.
#pragma once
#include "autograd/real.hpp"

#include <array>
#include <atomic>

namespace bijou::inline BIJOU_SCALAR::kernels {

enum class Branch {
  matmul_by_rows,
  matmul_by_columns,
  linear_as_convolution,
  conv_pointwise,
  conv_patches,
  conv_direct,
  conv_direct_pointwise,
  conv_taps,
  conv_winograd,
  conv_winograd_parts,
  conv_weights_one_chunk,
  conv_weights_many_chunks,
  conv_weights_parts,
  conv_weights_direct,
  conv_weights_direct_pointwise,
  conv_weights_taps,
  conv_weights_winograd,
  sum_all,
  sum_rows,
  sum_columns,
  sum_middle,
  zip_flat,
  zip_both,
  zip_channels,
  zip_left_only,
  zip_right_only,
  zip_neither,
  count_
};
inline constexpr int kBranches = static_cast<int>(Branch::count_);
inline constexpr std::array<const char*, kBranches> kBranchNames = {"matmul: by rows",
                                                                    "matmul: by columns",
                                                                    "linear: as a convolution",
                                                                    "conv2d: pointwise",
                                                                    "conv2d: patches",
                                                                    "conv2d: direct",
                                                                    "conv2d: direct, pointwise",
                                                                    "conv2d: taps",
                                                                    "conv2d: Winograd",
                                                                    "conv2d: Winograd, parts of the channels",
                                                                    "conv2d weights: one chunk",
                                                                    "conv2d weights: many chunks",
                                                                    "conv2d weights: parts of the channels",
                                                                    "conv2d weights: direct",
                                                                    "conv2d weights: direct, pointwise",
                                                                    "conv2d weights: taps",
                                                                    "conv2d weights: Winograd",
                                                                    "sum: all",
                                                                    "sum: rows",
                                                                    "sum: columns",
                                                                    "sum: middle",
                                                                    "broadcast: flat",
                                                                    "broadcast: both run",
                                                                    "broadcast: a vector along rows",
                                                                    "broadcast: left runs",
                                                                    "broadcast: right runs",
                                                                    "broadcast: neither"};

inline std::array<std::atomic<int64_t>, kBranches> branch_counts{};
inline void took(Branch b) { branch_counts[static_cast<int>(b)].fetch_add(1, std::memory_order_relaxed); }

}  // namespace bijou
