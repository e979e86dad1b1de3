// Images that a command names: by their numbers in a part of the run's data, or by the paths of picture files.
#pragma once
#include "apps/run_data.hpp"

namespace bijou::inline BIJOU_SCALAR {

class NamedImages {
 public:
  // UsageError: the model is not one of images of whole numbers.
  NamedImages(const SavedFlow& saved, const ImageOptions& options);

  // [n, H, W, C], whole numbers 0 .. levels-1. Data are loaded when a word is a number, and no sooner. UsageError: no
  // such example; DataError: no such file, no picture, or one of another size (without --resize).
  Tensor images(const std::vector<std::string>& words);
  // Every picture of a folder, or all examples of a class of the run's data by the word "class=K". The same errors.
  Tensor group(const std::string& word);

  int levels() const { return spec_.levels; }
  const Shape& shape() const { return spec_.input; }

 private:
  const RunData& data();
  Tensor example(const std::string& word);
  Tensor picture(const std::string& path) const;

  const SavedFlow& saved_;
  const ImageOptions& options_;
  const DataSpec& spec_;
  std::optional<RunData> data_;
};

// The noise of images that are encoded: a fixed draw. [n, H, W, C] -> z [n, D]
Tensor encode_images(const FlowModel& model, const Tensor& whole, int levels);

}  // namespace bijou
