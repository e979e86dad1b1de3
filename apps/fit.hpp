// What a new model takes from the training part before the first step: moments, class frequencies, and the start of its
// data-dependent layers. Never called for a model that was loaded.
#pragma once
#include "datasets/dataset.hpp"
#include "flows/zoo.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Standardize and ZCA whitening get the moments of the whole training part, as it arrives at them; the class-conditional
// base the frequencies of the labels. Then Flow::initialize sees the first 256 examples in stored order (as Glow's
// released code, whatever the batch size), dequantised.
void fit_to_data(FlowModel& model, const Dataset& data, uint64_t seed);

// Images in as many bits as the model was trained on: n-bit models read 256 levels so.
Dataset as_trained(Dataset data, const DataSpec& spec);

// A folder of pictures is read in the size and the channels that the model is for. `memory` as in PictureOptions.
PictureOptions pictures_for(const DataSpec& spec, const std::string& name, int64_t memory);

inline constexpr int64_t kInitializationExamples = 256;

}  // namespace bijou
