// Filling in hidden values by climbing the density: NICE section 5.2, "inpainting".
#pragma once
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct InpaintingOptions {
  int64_t steps = 500;
  double low = 0, high = 1;  // the data's range: the paper's formula is for values in [0, 1]
};

// x [N, ...] whose values at hidden places are filled in, and hidden [N, ...], 1 at these places and 0 elsewhere.
// Hidden values start uniformly at random; what x has there does not matter.
Tensor inpaint(const FlowModel& model, const Tensor& x, const Tensor& hidden, Rng& rng, InpaintingOptions options = {});

}  // namespace bijou
