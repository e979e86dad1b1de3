// Memory against depth: what a training step of Glow holds from forward to backward, and how long it takes, as K grows,
// in each of the three ways of flows/memory.hpp.
#pragma once
#include "flows/glow.hpp"
#include "flows/memory.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct MemoryPoint {
  Memory way;
  int steps;                 // K, of each scale
  int64_t activation_bytes;  // the peak of storage in forward and backward, above parameters and gradients
  double milliseconds;       // forward, backward, Adam; the shortest of those timed, NaN when none was
};

// A Glow of this configuration with K = each of the depths, on random images. With `timed` = 0, bytes alone are
// measured, in one pass each.
std::vector<MemoryPoint> memory_against_depth(GlowConfig config, int64_t batch_size, const std::vector<int>& depths,
                                              int timed);

// A line for each K: bytes in the three ways, how many times less than stored, times, how many times longer.
std::string memory_table(const std::vector<MemoryPoint>& points);

// The bytes as a picture, by a logarithmic scale.
void draw_memory(const std::string& path, const std::vector<MemoryPoint>& points, const std::string& title);

}  // namespace bijou
