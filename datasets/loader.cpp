#include "datasets/loader.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Adds u to one example in place. One Philox block gives four uniforms of 24 bits each: as many as a float
// holds, and the same numbers in the double build. (Rng::uniform takes a block for each 53-bit number.)
void add_noise(std::span<Real> x, uint64_t seed, uint64_t stream) {
  const std::array<uint32_t, 2> key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  for (size_t i = 0; i < x.size(); i += 4) {
    const size_t block = i / 4;
    const auto bits = philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                              static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
                             key);
    for (size_t j = 0; j < 4 && i + j < x.size(); ++j) {
      const Real level = x[i + j];
      // [NICE section 5.1: dequantisation]
      const Real noisy = level + static_cast<Real>(bits[j] >> 8) * static_cast<Real>(0x1p-24);
      // The sum may round up to the next level; it must stay below, or floor() would not give the pixel back.
      x[i + j] = noisy < level + 1 ? noisy : std::nextafter(level + 1, level);
    }
  }
}

void require_levels(const Tensor& x, int levels, const char* where) {
  require(levels >= 0, where, "levels cannot be negative, got ", levels);
  if (levels == 0) return;
  for (Real v : x.data())
    require(v >= 0 && v < static_cast<Real>(levels) && v == std::floor(v), where, "expects integers 0 .. ", levels - 1,
            ", found ", v, "; were these values scaled or dequantised before?");
}

}  // namespace

Loader::Loader(const Examples& examples, int levels, int64_t batch_size, uint64_t seed)
    : examples_(examples), levels_(levels), batch_size_(batch_size), seed_(seed) {
  if (batch_size < 1) fail<UsageError>("a batch needs at least one example, got a batch size of ", batch_size);
  if (batch_size > examples.size())
    fail<UsageError>("a batch of ", batch_size, " from ", examples.size(),
                     " training examples: give a batch size of at most ", examples.size());
  if (examples.x.defined()) require_levels(examples.x, levels, "Loader");
}

Batch Loader::batch(int64_t step) const {
  require(step >= 0, "Loader::batch", "step cannot be negative, got ", step);
  const int64_t epoch = step / batches_per_epoch(), begin = step % batches_per_epoch() * batch_size_;
  if (epoch != ordered_epoch_) {
    order_ = Rng(seed_, stream("shuffle", static_cast<uint64_t>(epoch))).permutation(examples_.size());
    ordered_epoch_ = epoch;
  }
  Batch batch;
  batch.epoch = epoch;
  batch.index.assign(order_.begin() + begin, order_.begin() + begin + batch_size_);
  batch.x = examples_.rows_for_training(batch.index, seed_, epoch);
  if (!examples_.labels.empty())
    for (const int64_t i : batch.index) batch.labels.push_back(examples_.labels[i]);
  if (levels_ > 0) {
    const std::span<Real> values = batch.x.mutable_data();
    const size_t row = values.size() / batch.index.size();
    for (size_t i = 0; i < batch.index.size(); ++i)
      add_noise(values.subspan(i * row, row), seed_,
                stream("dequantise", static_cast<uint64_t>(epoch), static_cast<uint64_t>(batch.index[i])));
  }
  return batch;
}

Tensor dequantise(const Tensor& x, int levels, uint64_t seed, uint64_t draw, int64_t first) {
  check(x.rank() >= 1, "dequantise", "expects [n, ...], got ", x.shape());
  require(first >= 0, "dequantise", "the first row's number cannot be negative, got ", first);
  require_levels(x, levels, "dequantise");
  if (levels == 0) return x;
  Tensor noisy = x.clone();
  const std::span<Real> values = noisy.mutable_data();
  const int64_t n = x.shape()[0];
  for (int64_t i = 0; i < n; ++i) {
    const size_t row = values.size() / n;
    add_noise(values.subspan(i * row, row), seed,
              stream("dequantise for evaluation", draw, static_cast<uint64_t>(first + i)));
  }
  return noisy;
}

}  // namespace bijou
