// Tensor: a shape and shared storage. A value: copying shares the numbers; immutable once handed out.
//
// Contiguous and row-major, without strides: reshape is the only view. Images are channels-last, [N, H, W, C].
#pragma once
#include "autograd/random.hpp"
#include "autograd/shape.hpp"
#include "autograd/storage.hpp"

#include <span>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

class Tensor {
 public:
  Tensor() = default;                   // no tensor at all: defined() is false
  explicit Tensor(const Shape& shape);  // uninitialised; fill it through mutable_data()
  static Tensor zeros(const Shape& shape) { return full(shape, 0); }
  static Tensor full(const Shape& shape, double value);
  static Tensor scalar(double value) { return full({}, value); }
  static Tensor from(const Shape& shape, std::span<const double> values);  // row-major
  static Tensor from(const Shape& shape, std::initializer_list<double> values) {
    return from(shape, std::span(values.begin(), values.size()));
  }
  static Tensor randn(const Shape& shape, Rng& rng);  // independent N(0, 1)
  static Tensor uniform(const Shape& shape, Rng& rng, double low = 0, double high = 1);

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t numel() const { return shape_.numel(); }

  std::span<const Real> data() const { return {pointer(), static_cast<size_t>(numel())}; }
  std::span<Real> mutable_data();  // throws unless this tensor alone owns its storage
  bool unique() const { return storage_.use_count() == 1; }
  double item() const;  // the only value; throws when there are more

  Tensor reshape(const Shape& shape) const;  // one size may be kInfer
  Tensor clone() const;
  Tensor rows(int64_t begin, int64_t end) const;      // a copy of x[begin:end] along the first axis
  Tensor rows(std::span<const int64_t> index) const;  // a copy of x[index] along the first axis

  static constexpr int64_t kInfer = INT64_MAX;  // reshape({N, Tensor::kInfer})

 private:
  Real* pointer() const { return storage_ ? storage_->data() : nullptr; }
  Shape shape_;
  std::shared_ptr<Storage> storage_;
};

}  // namespace bijou
