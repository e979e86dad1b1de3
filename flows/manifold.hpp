// The latent manifold between four examples: RealNVP section 4.2, eq. (19) and figure 6. Its points, sent back through
// g = f^-1, show what lies between four images.
#pragma once
#include "autograd/tensor.hpp"

namespace bijou::inline BIJOU_SCALAR {

// z = cos(phi) (cos(phi') z1 + sin(phi') z2) + sin(phi) (cos(phi') z3 + sin(phi') z4)
//
// The four weights have squares that sum to 1: when the z_i are independent draws of N(0, I), so is every point of the
// manifold. (A straight line between two of them passes nearer to the origin than samples do.) At angles that are
// multiples of pi/2 stand the four themselves, up to their signs: (0, 0) is z1, (0, pi/2) z2, (pi/2, 0) z3, and
// (pi/2, pi/2) z4.
//
// z1, ..., z4 of one shape; ShapeError otherwise.
Tensor latent_manifold(const Tensor& z1, const Tensor& z2, const Tensor& z3, const Tensor& z4, double phi,
                       double phi_prime);

// The path between two latents at t from 0 (z1) to 1 (z2): the great circle through both, with the length in between.
//
// z = sin((1 - t) w) / sin w z1 + sin(t w) / sin w z2,     cos w = z1 . z2 / (|z1| |z2|)          (Shoemake 1985)
//
// Two draws of N(0, I) in many dimensions are almost at right angles; then it is eq. (19) with z1 and z2 alone. Latents
// in the same or in opposite directions: the straight line. [D] or [1, D].
Tensor latent_arc(const Tensor& z1, const Tensor& z2, double t);

}  // namespace bijou
