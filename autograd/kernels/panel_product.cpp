#include "autograd/kernels/panel_product.hpp"

#include "autograd/kernels/panels.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels {
namespace {

// How many rows of C fit the registers beside `lanes` lanes.
constexpr int rows_beside(int lanes) {
  return lanes == 1 ? 12 : lanes == 2 ? (kPanelLanes == 4 ? 12 : 6) : lanes == 3 ? 8 : 6;
}

// `Rows` rows and `Lanes` lanes of C.
template <int Rows, int Lanes>
void block(const Runs& a, const Real* b, bool add, Real* c) {
  Lane sum[Rows][Lanes]{};
  for (int64_t r = 0; r < a.runs; ++r) {
    const Real* left = a.data + r * a.jump;
    for (int64_t k = 0; k < a.run; ++k, left += a.column, b += Lanes * kLane) {
      Lane right[Lanes];
#pragma GCC unroll 12
      for (int l = 0; l < Lanes; ++l) right[l] = load(b + l * kLane);
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 12
        for (int l = 0; l < Lanes; ++l) sum[i][l] += left[i * a.row] * right[l];
      }
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 12
    for (int l = 0; l < Lanes; ++l, c += kLane) store(c, add ? load(c) + sum[i][l] : sum[i][l]);
  }
}

// The last rows, fewer than a block has.
template <int Rows, int Lanes>
void last_rows(int64_t rows, const Runs& a, const Real* b, bool add, Real* c) {
  if constexpr (Rows > 0) {
    if (rows == Rows) return block<Rows, Lanes>(a, b, add, c);
    last_rows<Rows - 1, Lanes>(rows, a, b, add, c);
  }
}

template <int Lanes>
void all_rows(int64_t rows, Runs a, const Real* b, bool add, Real* c) {
  constexpr int most = rows_beside(Lanes);
  for (; rows >= most; rows -= most, a.data += most * a.row, c += most * Lanes * kLane) {
    block<most, Lanes>(a, b, add, c);
  }
  last_rows<most - 1, Lanes>(rows, a, b, add, c);
}

}  // namespace

void panel_product(int64_t rows, int64_t width, const Runs& a, const Real* b, bool add, Real* c) {
  switch (width / kLane) {
    case 1:
      return all_rows<1>(rows, a, b, add, c);
    case 2:
      return all_rows<2>(rows, a, b, add, c);
#if defined(__AVX512F__)
    case 3:
      return all_rows<3>(rows, a, b, add, c);
    case 4:
      return all_rows<4>(rows, a, b, add, c);
#endif
  }
}

int64_t lane_values() { return kLane; }
int64_t panel_values() { return kPanel; }

void panel_product_naive(int64_t rows, int64_t width, const Runs& a, const Real* b, bool add, Real* c) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      double sum = add ? c[i * width + j] : 0;
      for (int64_t k = 0; k < a.runs * a.run; ++k) {
        sum += double{a.data[i * a.row + k / a.run * a.jump + k % a.run * a.column]} * b[k * width + j];
      }
      c[i * width + j] = static_cast<Real>(sum);
    }
  }
}

}  // namespace bijou
