// Pictures that belong to one of the papers.
#pragma once
#include "apps/density.hpp"

#include <string>

namespace bijou::inline BIJOU_SCALAR {

// NICE: the spectrum of S, sigma_d = 1 / S_dd in falling order.
void draw_spectrum(const std::string& path, const FlowModel& model);
// NICE: test images, half of them hidden (left, right, upper, lower half, or every other pixel), and what the model fills in.
void draw_inpainting(const std::string& path, const FlowModel& model, const Dataset& data, uint64_t seed);
// A row of draw.count samples for each temperature from 0 to 1, from the same latents.
void draw_temperatures(const std::string& path, const FlowModel& model, int levels, Draw draw);
int64_t columns_on_sheet(int64_t rows, const Shape& image);  // twelve, or fewer of large images
// Glow: a row of samples for each class.
void draw_classes(const std::string& path, const FlowModel& model, int levels, uint64_t seed);

}  // namespace bijou
