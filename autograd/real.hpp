// The scalar type of a build, and the namespace that carries its name.
//
// Bijou is compiled twice: in float for training, and in double for the gradient and Jacobian laws. Everything
// lives in the inline namespace bijou::f32 or bijou::f64, so that both builds can be linked into one program
// without a clash; they meet only at "door" functions whose signatures hold no Bijou types (tests/tables/door.hpp).
#pragma once
#include <cstdint>

#ifdef BIJOU_DOUBLE
#define BIJOU_SCALAR f64
namespace bijou::inline BIJOU_SCALAR {
using Real = double;
inline constexpr const char* kScalarName = "double";
}
#else
#define BIJOU_SCALAR f32
namespace bijou::inline BIJOU_SCALAR {
using Real = float;
inline constexpr const char* kScalarName = "float";
}
#endif
