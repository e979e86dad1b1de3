#include "autograd/kernels/winograd_product.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

// `Rows` rows and `Lanes` lanes of C.
template <int Rows, int Lanes>
void block(int64_t depth, Strided a, const Real* b, bool add, Real* c) {
  constexpr int64_t width = Lanes * kLane;
  Lane sum[Rows][Lanes]{};
  for (int64_t k = 0; k < depth; ++k) {
    Lane right[Lanes];
#pragma GCC unroll 8
    for (int l = 0; l < Lanes; ++l) right[l] = load(b + k * width + l * kLane);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      const Real left = a.data[i * a.row + k * a.column];
#pragma GCC unroll 8
      for (int l = 0; l < Lanes; ++l) sum[i][l] += left * right[l];
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
    for (int l = 0; l < Lanes; ++l, c += kLane) store(c, add ? load(c) + sum[i][l] : sum[i][l]);
  }
}

template <int Lanes>
void all_rows(int64_t rows, int64_t depth, Strided a, const Real* b, bool add, Real* c) {
  constexpr int64_t width = Lanes * kLane;
  for (int64_t i = 0; i < rows; i += 6) {
    const Strided from{a.data + i * a.row, a.row, a.column};
    Real* to = c + i * width;
    switch (std::min<int64_t>(6, rows - i)) {
      case 6:
        block<6, Lanes>(depth, from, b, add, to);
        break;
      case 5:
        block<5, Lanes>(depth, from, b, add, to);
        break;
      case 4:
        block<4, Lanes>(depth, from, b, add, to);
        break;
      case 3:
        block<3, Lanes>(depth, from, b, add, to);
        break;
      case 2:
        block<2, Lanes>(depth, from, b, add, to);
        break;
      default:
        block<1, Lanes>(depth, from, b, add, to);
    }
  }
}

}  // namespace

void panel_product(int64_t rows, int64_t width, int64_t depth, Strided a, const Real* b, bool add, Real* c) {
  switch (width / kLane) {
    case 1:
      return all_rows<1>(rows, depth, a, b, add, c);
    case 2:
      return all_rows<2>(rows, depth, a, b, add, c);
#if defined(__AVX512F__)
    case 3:
      return all_rows<3>(rows, depth, a, b, add, c);
    case 4:
      return all_rows<4>(rows, depth, a, b, add, c);
#endif
  }
}

void panel_product_naive(int64_t rows, int64_t width, int64_t depth, Strided a, const Real* b, bool add, Real* c) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      double sum = add ? c[i * width + j] : 0;
      for (int64_t k = 0; k < depth; ++k) sum += double{a.data[i * a.row + k * a.column]} * b[k * width + j];
      c[i * width + j] = static_cast<Real>(sum);
    }
  }
}

}  // namespace bijou
