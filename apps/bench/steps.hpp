// The same training by another implementation: from the same weights, on the same batches with the same noise, step by
// step. See "Equality with PyTorch" in apps/results/README.md.
#pragma once
#include "autograd/real.hpp"

#include <string>

namespace bijou::inline BIJOU_SCALAR::bench {

// Trains so many steps of a configuration as `bijou train --config` would do it (optimiser, schedule, clipping, flips,
// penalty), and leaves in the folder
//   steps.safetensors   the weights before the first step; all batches as the model sees them, "x" [steps, N, H, W, C];
//                       the learning rate of each step; metadata: what else another implementation has to know
//   bijou.csv           step, nll (nats per example, before the weights moved), gradient_norm
// Prints, for programs, parameters, seed, threads, and milliseconds of a step (median).
int record_steps(const std::string& config, const std::string& data_dir, int steps, const std::string& folder);

// Puts FOLDER/bijou.csv and FOLDER/pytorch.csv side by side: OUT/steps.csv, OUT/curve.png, and how far they are apart,
// OUT/apart.png. Prints, for programs, the largest relative difference of the losses, the mean, how many steps
// go by before the first one above `tolerance`, and the last losses of both. 1 when the largest is above `tolerance`.
// Where there is a control, FOLDER/pytorch-reversed.csv (PyTorch, when the images of each batch come in reverse
// order), it is shown beside them, and its largest difference from PyTorch is printed.
int compare_steps(const std::string& folder, const std::string& out, const std::string& title, double tolerance);

}  // namespace bijou
