// Toy densities in two dimensions: one can see what a flow has learned, and two of them are known exactly.
//
// The set is the one that FFJORD (Grathwohl et al. 2019) draws, each with its definition in toys.cpp. Where
// that code places points evenly on a curve, these are drawn at random: a density, of which the examples are
// independent draws. Example i is a pure function of (seed, part, i).
#pragma once
#include "datasets/dataset.hpp"

#include <array>
#include <span>
#include <string_view>

namespace bijou::inline BIJOU_SCALAR {

// log_density is nullptr where there is no closed form.
struct Toy {
  const char* name;
  std::array<double, 2> (*draw)(Rng& rng);      // one point
  double (*log_density)(double x1, double x2);  // exact, in nats; -infinity outside the support
  double entropy;                               // of the density, in nats; NaN where it is not known
};

// moons, 8gaussians, checkerboard, rings, circles, pinwheel, 2spirals, swissroll
std::span<const Toy> toys();
const Toy* find_toy(std::string_view name);  // nullptr: none of that name. "spirals" is 2spirals

// n points [n, 2]: the examples 0 .. n-1 of this part. Parts with different numbers are independent of each
// other.
Tensor draw_toy(const Toy& toy, int64_t n, uint64_t seed, uint64_t part = 0);

// Training, validation and test are parts 0, 1 and 2 of the density, seeded by options.split_seed, so the
// test points do not depend on how many are trained on. A density has no end of points: after the first epoch each one
// sees new ones (by the training's seed), so that nothing can be learnt by heart. UsageError: a size below 1.
Dataset load_toy(const Toy& toy, const DatasetOptions& options = {});

}  // namespace bijou
