#include "apps/options.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using enum TrainSettings::Rule;

// NICE section 5.1: AdaM with learning rate 1e-3, momentum 0.9, beta2 = 0.01, lambda = 1, epsilon = 1e-4, 1500 epochs,
// the best validation log-likelihood. In the first preprints of Adam the betas were written as complements: 0.01 is a
// decay of 0.99. The warm-up is ours: without it 90 to 98% of the last hidden layers' units had no gradient after 1,250
// steps (apps/results/README.md).
TrainSettings nice_paper() {
  return {.beta2 = 0.99,
          .eps = 1e-4,
          .epochs = 1500,
          .batch_size = 200,
          .schedule = Schedule::Kind::constant,
          .warmup_steps = 1000,
          .clip_norm = 0,
          .weight_norm_l2 = 0,
          .average_decay = 0};
}

// RealNVP section 4.1: Adam with its default settings, batches of 64, L2 of 5e-5, flips for CIFAR-10; the clip is the
// released code's. Neither says how long to train.
TrainSettings realnvp_paper(const std::string& preset) {
  TrainSettings paper{.epochs = 100, .schedule = Schedule::Kind::constant, .average_decay = 0};
  paper.horizontal_flips = preset == "cifar10";
  return paper;
}

// Table 2 of MAF: Adam with learning rate 1e-4, batches of 100, until 30 epochs without a better validation loss (and L2
// of 1e-6 on all weights, which is left out); flips for CIFAR-10.
TrainSettings realnvp_of_maf(const std::string& preset) {
  TrainSettings paper{.epochs = 1000,
                      .batch_size = 100,
                      .learning_rate = 1e-4,
                      .schedule = Schedule::Kind::constant,
                      .clip_norm = 0,
                      .weight_norm_l2 = 0,
                      .average_decay = 0,
                      .patience = 30};
  paper.horizontal_flips = preset == "cifar10-mlp";
  return paper;
}

// Glow's released code: Adamax with learning rate 1e-3, which rises linearly over the first 10 epochs of 50,000 images;
// beta2 = 1 - 1 / (steps of an epoch): 0.98976 for batches of 512, 0.99744 for 128. How long it trained is not said.
TrainSettings glow_paper(int64_t batch_size) {
  const double steps = 50'000.0 / static_cast<double>(batch_size);
  return {.rule = adamax,
          .beta2 = 1 - 1 / steps,
          .epochs = 100,
          .batch_size = batch_size,
          .schedule = Schedule::Kind::constant,
          .warmup_steps = static_cast<int64_t>(std::lround(10 * steps)),
          .clip_norm = 0,
          .weight_norm_l2 = 0,
          .average_decay = 0};
}

TrainSettings nice_settings(const std::string& preset) {
  if (preset == "digits") return {.epochs = 60, .learning_rate = 2e-3, .weight_norm_l2 = 0, .average_decay = 0.998};
  if (preset == "toy")
    return {.epochs = 100, .batch_size = 512, .learning_rate = 2e-3, .weight_norm_l2 = 0, .average_decay = 0.999};
  if (preset == "table") return {.epochs = 30, .batch_size = 128, .weight_norm_l2 = 0, .average_decay = 0.99};
  return nice_paper();
}

TrainSettings realnvp_settings(const std::string& preset) {
  if (preset == "digits") return {.epochs = 20, .learning_rate = 4e-3, .average_decay = 0.998};
  if (preset == "mnist") return {.epochs = 20, .average_decay = 0.999};
  if (preset.ends_with("-mlp")) return realnvp_of_maf(preset);
  if (preset == "toy")
    return {.epochs = 200, .batch_size = 512, .learning_rate = 2e-3, .weight_norm_l2 = 0, .average_decay = 0.999};
  if (preset == "table") return {.epochs = 30, .batch_size = 128, .weight_norm_l2 = 0, .average_decay = 0.99};
  return realnvp_paper(preset);
}

TrainSettings glow_settings(const std::string& preset) {
  if (preset == "digits") return {.epochs = 20, .learning_rate = 3e-3, .weight_norm_l2 = 0, .average_decay = 0.998};
  if (preset == "mnist") return {.epochs = 20, .weight_norm_l2 = 0, .average_decay = 0.999};
  if (preset == "toy")
    return {.epochs = 100, .batch_size = 512, .learning_rate = 2e-3, .weight_norm_l2 = 0, .average_decay = 0.999};
  if (preset == "table") return {.epochs = 30, .batch_size = 128, .weight_norm_l2 = 0, .average_decay = 0.99};
  return glow_paper(preset == "imagenet64" ? 128 : 512);
}

TrainSettings settings(const std::string& family, const std::string& preset) {
  if (family == "nice") return nice_settings(preset);
  return family == "glow" ? glow_settings(preset) : realnvp_settings(preset);
}

}  // namespace

std::string default_preset(const Dataset& data) {
  if (data.is_image()) return data.name == "digits" ? "digits" : "mnist";
  return data.columns.empty() ? "toy" : "table";
}

Preset find_preset(const std::string& family, const std::string& name, const Dataset& data) {
  const std::string chosen = name.empty() ? default_preset(data) : name;
  Preset preset{flow_preset(family, chosen), settings(family, chosen)};
  DataSpec& spec = data_of(preset.model);
  if (data.is_image() != (spec.input.rank() == 3)) {
    fail<UsageError>("preset '", chosen, "' is for ", data.is_image() ? "vectors" : "images", ", but the data '",
                     data.name, "' are ", data.is_image() ? "images" : "vectors", "; try --preset ",
                     default_preset(data));
  }
  spec.input = data.example_shape();  // the architecture is the preset's; sizes and levels are the data's
  spec.levels = data.levels;
  return preset;
}

}  // namespace bijou
