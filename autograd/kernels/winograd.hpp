// 3x3 convolution by Winograd's minimal filtering, F(4x4, 3x3).
//
// A. Lavin, S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016 (arXiv:1509.09308). The 4x4 outputs
// Y of a tile depend on the 6x6 inputs d around them and the 3x3 kernel g:
//
//   Y = A' [ (G g G') . (B' d B) ] A            . multiplies element by element
//
//        | 1  1  1  1  1  0 |          | 1/4    0    0  |         | 4  0 -5  0  1  0 |
//   A' = | 0  1 -1  2 -2  0 |          |-1/6 -1/6  -1/6 |         | 0 -4 -4  1  1  0 |
//        | 0  1  1  4  4  0 |     G =  |-1/6  1/6  -1/6 |    B' = | 0  4 -4 -1  1  0 |
//        | 0  1 -1  8 -8  1 |          | 1/24 1/12  1/6 |         | 0 -2 -1  2  1  0 |
//                                      | 1/24 -1/12 1/6 |         | 0  2 -1 -2  1  0 |
//                                      |   0    0    1  |         | 0  4  0 -5  0  1 |
//
// Where the matrices come from, in one dimension: filtering is the transpose of a product of polynomials, of y(p) of
// degree 3 (four outputs) and g(p) of degree 2 (three weights). The product has degree 5 and is known from its values
// at six points: 0, 1, -1, 2, -2 and infinity (the leading coefficient). The columns of A' are the powers
// 1, p, p^2, p^3 at the points, the rows of G the powers 1, p, p^2 divided by prod_q (p - q) over the other points q,
// and B interpolates. Two dimensions: once along the columns, once along the rows.
//
// Why it saves: 36 multiplications for 16 outputs of 9 each, that is 144. Summed over the channels, each of the 36 is a
// matrix product [tiles, in] [in, out]; the transforms cost additions only, once per channel and not once per pair.
//
// The gradients are its adjoints. In x: the same convolution with the kernel turned by 180 degrees and its channels
// exchanged. In g, with the dY of a tile:  dg = G' [ (A dY A') . (B' d B) ] G, whose bracket is 36 products
// [in, tiles] [tiles, out]: summed over all tiles first, transformed once.
//
// Error: the matrices' entries up to 8 amplify rounding; in float the results are within 3e-5 of the direct
// convolution's, relative to their largest (measured: 1.3e-5 at worst, typically 1e-6), also of the gradient of the
// weights over thousands of tiles. A NaN or an infinity in a pixel stays visible in every output that it belongs to, and
// reaches others of the tiles that read it: up to three pixels from its own place, where the direct convolution has one.
//
// Height and width need not be multiples of 4: what lies outside the image is read as zero and not written.
#pragma once
#include "autograd/kernels/conv.hpp"
#include "autograd/kernels/kernel_view.hpp"

namespace bijou::inline BIJOU_SCALAR::kernels::winograd {

// For 3x3 kernels: the convolution with w, as it is or turned, and the gradient of its weights.
void forward(const ConvShape& s, const Real* x, const KernelView& w, const Epilogue& epilogue, Real* y);
void backward_weights(const ConvShape& s, const Real* x, const Real* dy, Real* dw);

// One tile of one channel by the formulas above, straight from the matrices, in double.
void tile_naive(const double (&d)[6][6], const double (&g)[3][3], double (&y)[4][4]);
void tile_backward_weights_naive(const double (&d)[6][6], const double (&dy)[4][4], double (&dg)[3][3]);

}  // namespace bijou
