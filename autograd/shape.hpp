// Shape: the sizes of a tensor's axes, e.g. [N, H, W, C]. Fixed capacity, so that a shape never allocates.
#pragma once
#include "autograd/check.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <ostream>
#include <span>

namespace bijou::inline BIJOU_SCALAR {

class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;  // rank 0: a scalar
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims) {
    check(dims.size() <= kMaxRank, "Shape", "at most ", kMaxRank, " axes, got ", dims.size());
    for (int64_t d : dims) append(d);
  }

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[at(axis)]; }  // a negative axis counts from the end
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }
  int64_t numel() const {
    int64_t n = 1;
    for (int64_t d : *this) {
      if (__builtin_mul_overflow(n, d, &n)) fail<StorageError>("Shape: ", *this, " holds more values than any machine");
    }
    return n;
  }
  // -1 -> rank - 1; the error names the operation that asks.
  int axis(int a, const char* where = "Shape") const { return at(a, where); }

  void append(int64_t d) {
    check(rank_ < kMaxRank, "Shape", "at most ", kMaxRank, " axes");
    check(d >= 0, "Shape", "a size cannot be negative, got ", d);
    dims_[rank_++] = d;
  }
  Shape with(int axis, int64_t size) const {  // the same shape but for one axis
    Shape s = *this;
    s.dims_[at(axis)] = size;
    return s;
  }
  Shape from(int axis) const { return Shape(std::span(begin() + axis, end())); }  // the axes from this one on

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.rank_ == b.rank_ && std::equal(a.begin(), a.end(), b.begin());
  }
  friend std::ostream& operator<<(std::ostream& out, const Shape& s) {
    out << '[';
    for (int i = 0; i < s.rank_; ++i) out << (i ? ", " : "") << s.dims_[i];
    return out << ']';
  }

 private:
  int at(int axis, const char* where = "Shape") const {
    const int a = axis < 0 ? axis + rank_ : axis;
    if (a < 0 || a >= rank_) fail<ShapeError>(where, ": axis ", axis, " of ", *this);
    return a;
  }
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

// The common shape of two operands, by NumPy's rule: align at the last axis; sizes are equal or one of them is 1.
inline Shape broadcast(const char* where, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape out;
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia], db = ib < 0 ? 1 : b[ib];
    check(da == db || da == 1 || db == 1, where, "shapes ", a, " and ", b, " do not broadcast (axis ", i, ": ", da,
          " against ", db, ")");
    out.append(da == 1 ? db : da);
  }
  return out;
}

}  // namespace bijou
