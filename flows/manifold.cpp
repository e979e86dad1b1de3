#include "flows/manifold.hpp"

#include "autograd/math.hpp"

#include <algorithm>
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

Tensor latent_arc(const Tensor& z1, const Tensor& z2, double t) {
  check(z1.shape() == z2.shape(), "latent_arc", "the two latents must have one shape, got ", z1.shape(), ", ",
        z2.shape());
  double dot = 0;
  for (int64_t d = 0; d < z1.numel(); ++d) dot += static_cast<double>(z1.data()[d]) * static_cast<double>(z2.data()[d]);
  const double w = std::acos(std::clamp(dot / std::sqrt(math::sum_squares(z1) * math::sum_squares(z2)), -1.0, 1.0));
  const bool straight = !(std::sin(w) > 1e-6);  // also where one of them is 0
  const double a = straight ? 1 - t : std::sin((1 - t) * w) / std::sin(w),
               b = straight ? t : std::sin(t * w) / std::sin(w);
  return math::add(math::scale_offset(z1, a, 0), math::scale_offset(z2, b, 0));
}

}  // namespace bijou
