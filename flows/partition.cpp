#include "flows/partition.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

class ChannelPartition : public Partition {
 public:
  ChannelPartition(int64_t channels, Keep keep) : first_(channels / 2), rest_(channels - channels / 2), keep_(keep) {
    require(channels >= 2, "channel_partition", "a coupling needs two channels (or columns) at least, got ", channels);
  }
  Parts split(const Variable& x) const override {
    const auto parts = bijou::split(x, -1, {first_, rest_});
    return keep_ == Keep::first ? Parts{parts[0], parts[1]} : Parts{parts[1], parts[0]};
  }
  Variable merge(const Variable& x1, const Variable& x2) const override {
    return keep_ == Keep::first ? concat({x1, x2}, -1) : concat({x2, x1}, -1);
  }
  Variable embed(const Variable& x1) const override { return x1; }
  Variable select(const Variable& h) const override { return h; }
  int64_t network_inputs() const override { return keep_ == Keep::first ? first_ : rest_; }
  int64_t transformed() const override { return keep_ == Keep::first ? rest_ : first_; }
  std::string describe() const override {
    return text("channels, keeps the ", keep_ == Keep::first ? "first " : "last ", network_inputs());
  }

 private:
  int64_t first_, rest_;
  Keep keep_;
};

// The places of one axis dealt out to x1 and x2, in any pattern.
struct Deal {
  std::vector<int64_t> ones, twos;  // the places that x1 and x2 take
  std::vector<int64_t> merged;      // place -> its position in concat(x1, x2)
  std::vector<int64_t> embedded;    // place -> its position in x1, or -1: zero

  template <class InFirst>
  Deal(int64_t places, const InFirst& in_first)
      : merged(static_cast<size_t>(places)), embedded(static_cast<size_t>(places), -1) {
    for (int64_t i = 0; i < places; ++i) (in_first(i) ? ones : twos).push_back(i);
    for (size_t k = 0; k < ones.size(); ++k) merged[ones[k]] = embedded[ones[k]] = static_cast<int64_t>(k);
    for (size_t k = 0; k < twos.size(); ++k) merged[twos[k]] = static_cast<int64_t>(ones.size() + k);
  }
};

class Checkerboard : public Partition {
 public:
  Checkerboard(int64_t height, int64_t width, int64_t channels, Keep keep)
      : h_(height), w_(width), c_(channels), keep_(keep), deal_(h_ * w_, [&](int64_t p) {
          // [RealNVP section 3.4: checkerboard mask]
          return ((p / w_ + p % w_) % 2 == 0) == (keep == Keep::first);
        }) {
    require(h_ * w_ >= 2, "checkerboard_partition", "a coupling needs two pixels at least, got an image of ", h_, " x ",
            w_);
  }
  Parts split(const Variable& x) const override {
    const Variable pixels = reshape(x, {x.shape()[0], h_ * w_, c_});
    return {take(pixels, 1, deal_.ones), take(pixels, 1, deal_.twos)};
  }
  Variable merge(const Variable& x1, const Variable& x2) const override {
    return reshape(take(concat({x1, x2}, 1), 1, deal_.merged), {x1.shape()[0], h_, w_, c_});
  }
  Variable embed(const Variable& x1) const override {
    return reshape(take(x1, 1, deal_.embedded), {x1.shape()[0], h_, w_, c_});
  }
  Variable select(const Variable& h) const override {
    return take(reshape(h, {h.shape()[0], h_ * w_, h.shape()[-1]}), 1, deal_.twos);
  }
  int64_t network_inputs() const override { return c_; }
  int64_t transformed() const override { return c_; }
  std::string describe() const override {
    return keep_ == Keep::first ? "checkerboard, keeps the even pixels" : "checkerboard, keeps the odd pixels";
  }

 private:
  int64_t h_, w_, c_;
  Keep keep_;
  Deal deal_;
};

class OddEven : public Partition {
 public:
  OddEven(int64_t dimensions, Keep keep)
      : keep_(keep), deal_(dimensions, [&](int64_t i) { return (i % 2 == 0) == (keep == Keep::first); }) {
    require(dimensions >= 2, "odd_even_partition", "a coupling needs two dimensions at least, got ", dimensions);
  }
  Parts split(const Variable& x) const override { return {take(x, 1, deal_.ones), take(x, 1, deal_.twos)}; }
  Variable merge(const Variable& x1, const Variable& x2) const override {
    return take(concat({x1, x2}, 1), 1, deal_.merged);
  }
  Variable embed(const Variable& x1) const override { return x1; }
  Variable select(const Variable& h) const override { return h; }
  int64_t network_inputs() const override { return static_cast<int64_t>(deal_.ones.size()); }
  int64_t transformed() const override { return static_cast<int64_t>(deal_.twos.size()); }
  std::string describe() const override {
    return keep_ == Keep::first ? "parity, keeps the even places" : "parity, keeps the odd places";
  }

 private:
  Keep keep_;
  Deal deal_;
};

}  // namespace

std::unique_ptr<Partition> channel_partition(int64_t channels, Keep keep) {
  return std::make_unique<ChannelPartition>(channels, keep);
}
std::unique_ptr<Partition> checkerboard_partition(int64_t height, int64_t width, int64_t channels, Keep keep) {
  return std::make_unique<Checkerboard>(height, width, channels, keep);
}
std::unique_ptr<Partition> odd_even_partition(int64_t dimensions, Keep keep) {
  return std::make_unique<OddEven>(dimensions, keep);
}

}  // namespace bijou
