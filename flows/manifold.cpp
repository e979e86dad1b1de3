#include "flows/manifold.hpp"

#include "autograd/math.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

Tensor latent_manifold(const Tensor& z1, const Tensor& z2, const Tensor& z3, const Tensor& z4, double phi,
                       double phi_prime) {
  check(z2.shape() == z1.shape() && z3.shape() == z1.shape() && z4.shape() == z1.shape(), "latent_manifold",
        "the four latents must have one shape, got ", z1.shape(), ", ", z2.shape(), ", ", z3.shape(), ", ", z4.shape());
  const auto mix = [](const Tensor& a, const Tensor& b, double angle) {
    return math::add(math::scale_offset(a, std::cos(angle), 0), math::scale_offset(b, std::sin(angle), 0));
  };
  // [RealNVP eq. 19]
  return mix(mix(z1, z2, phi_prime), mix(z3, z4, phi_prime), phi);
}

}  // namespace bijou
