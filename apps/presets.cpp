#include "apps/options.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

TrainSettings settings(const std::string& preset) {
  if (preset == "digits") return {.epochs = 20, .learning_rate = 4e-3, .average_decay = 0.998};
  if (preset == "mnist") return {.epochs = 20, .average_decay = 0.999};
  if (preset == "toy")
    return {.epochs = 200, .batch_size = 512, .learning_rate = 2e-3, .weight_norm_l2 = 0, .average_decay = 0.999};
  if (preset == "table") return {.epochs = 30, .batch_size = 128, .weight_norm_l2 = 0, .average_decay = 0.99};
  // The paper: Adam with its default settings, batches of 64, L2 of 5e-5, flips for CIFAR-10; the clip is the
  // released code's. Neither says how long to train.
  TrainSettings paper{.epochs = 100, .cosine = false, .average_decay = 0};
  paper.horizontal_flips = preset == "cifar10";
  return paper;
}

}  // namespace

std::string default_preset(const Dataset& data) {
  if (data.is_image()) return data.name == "digits" ? "digits" : "mnist";
  return data.columns.empty() ? "toy" : "table";
}

Preset find_preset(const std::string& name, const Dataset& data) {
  const std::string chosen = name.empty() ? default_preset(data) : name;
  Preset preset{realnvp_preset(chosen), settings(chosen)};
  if (data.is_image() != (preset.model.input.rank() == 3)) {
    fail<UsageError>("preset '", chosen, "' is for ", data.is_image() ? "vectors" : "images", ", but the data '",
                     data.name, "' are ", data.is_image() ? "images" : "vectors", "; try --preset ",
                     default_preset(data));
  }
  preset.model.input = data.example_shape();  // the architecture is the preset's; sizes and levels are the data's
  preset.model.levels = data.levels;
  return preset;
}

}  // namespace bijou
