// A choice that stays arithmetic.
#pragma once
#include "autograd/real.hpp"

#include <bit>
#include <type_traits>

namespace bijou::inline BIJOU_SCALAR::kernels {

// v where z > 0, else 0 (z a NaN: v or 0). By integers: of `z > 0 ? v : 0` g++ makes a load of v that waits for the
// comparison, so that memory is fetched late and the loop takes twice as long.
inline Real where_positive(Real z, Real v) {
  using Signed = std::conditional_t<sizeof(Real) == 4, int32_t, int64_t>;
  using Bits = std::make_unsigned_t<Signed>;
  const Bits bits = std::bit_cast<Bits>(z);
  const Signed negative = static_cast<Signed>(bits), zero_or_negative = static_cast<Signed>(bits - 1);
  const Signed drop = (negative | zero_or_negative) >> (8 * sizeof(Real) - 1);  // -1, all bits, or 0
  return std::bit_cast<Real>(std::bit_cast<Bits>(v) & ~static_cast<Bits>(drop));
}

}  // namespace bijou
