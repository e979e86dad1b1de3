// Filling in hidden values by climbing the density: NICE section 5.2, "inpainting".
#pragma once
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct InpaintingOptions {
  int64_t steps = 500;
  double low = 0, high = 1;  // the data's range: the paper's formula is for values in [0, 1]
};

// x [N, ...] with its hidden values filled in, and hidden [N, ...], 1 at these places and 0 elsewhere. Hidden values
// start at what x has there.
Tensor inpaint(const FlowModel& model, const Tensor& x, const Tensor& hidden, Rng& rng, InpaintingOptions options = {});

// Where to start: x with its hidden values taken from the one of so many samples of the model that is nearest to it
// elsewhere.
Tensor guess_hidden(const FlowModel& model, const Tensor& x, const Tensor& hidden, Rng& rng, int64_t guesses = 512);

}  // namespace bijou
