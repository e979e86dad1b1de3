#include "apps/run_data.hpp"

#include "apps/fit.hpp"
#include "apps/run_folder.hpp"

#include <algorithm>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// A table whose rows are images of real numbers, laid out as [H, W, C].
Dataset as_images(Dataset data, const Shape& image) {
  if (data.is_image() || image.rank() != 3 || data.dimensions() != image.numel()) return data;
  for (Examples* part : {&data.train, &data.validation, &data.test}) {
    if (part->size() > 0) part->x = part->x.reshape({part->size(), image[0], image[1], image[2]});
  }
  return data;
}

// What a model was trained on may have gone, or its checkpoint may have come from elsewhere: it holds no path.
void refuse_missing(const std::string& name, const std::string& run, const char* flag) {
  std::error_code error;  // of a folder that may not be searched: reading says so
  const bool known = std::ranges::count(dataset_names(), name) > 0 || name == "cifar-10";
  if (!known && !std::filesystem::exists(name, error) && !error)
    fail<DataError>(name, ": no such file; ", run, " is of data of that name: say by ", flag, " where they are");
}

// The levels of the noise that is still to be added: 0 for data that have it already.
int levels_of(const RunDataOptions& options, const std::string& name, const Dataset& data, const DataSpec& spec) {
  const bool has_noise = options.dequantised && data.levels == 0 && spec.levels > 0;
  if (options.dequantised && !has_noise) {
    fail<UsageError>("--dequantised is for real numbers under a model of images of whole numbers; '", name, "' has ",
                     data.levels, " levels, the model ", spec.levels);
  }
  if (data.example_shape() != spec.input || (data.levels != spec.levels && !has_noise)) {
    fail<CheckpointError>(options.run, ": the model is for examples ", spec.input, " of ", spec.levels,
                          " levels, the data '", name, "' are ", data.example_shape(), " of ", data.levels,
                          "; give others by --data, or choose --columns of a table");
  }
  return data.levels;
}

void require_in_range(const Tensor& x, int levels, const std::string& name) {
  for (const Real v : x.data()) {
    if (v >= 0 && v < static_cast<Real>(levels)) continue;
    fail<DataError>(name, ": --dequantised expects numbers of at least 0 and below ", levels, ", found ", v);
  }
}

}  // namespace

Examples part_of(const Dataset& data, const std::string& split) {
  if (split == "train") return data.train;
  if (split == "validation") return data.validation;
  if (split == "test") return data.test;
  std::vector<Tensor> x;
  Examples all;
  for (const Examples* part : {&data.train, &data.validation, &data.test}) {
    if (part->size() > 0) x.push_back(part->rows(0, part->size()));
    all.labels.insert(all.labels.end(), part->labels.begin(), part->labels.end());
  }
  all.x = math::concat(x, 0);
  return all;
}

RunData load_run_data(const SavedFlow& saved, const RunDataOptions& options) {
  const bool others = !options.test_data.empty();
  const std::string name = others                 ? options.test_data
                           : options.data.empty() ? data_of_run(options.run, saved.metadata)
                                                  : options.data;
  if (name.empty()) fail<UsageError>("the checkpoint does not say what data it was trained on; name them with --data");
  const DataSpec& spec = data_of(saved.config);
  const auto kept = saved.metadata.find("data_options");
  const DataOptions how =
      data_options_from_json(kept == saved.metadata.end() ? "" : kept->second, options, options.run);
  DatasetOptions reading = dataset_options(how);
  reading.pictures = pictures_for(spec, name, options.data_memory);
  const auto said = [&](const char* key) { return saved.metadata.contains(key) ? saved.metadata.at(key) : ""; };
  const bool own = !others && (options.data.empty() || data_name(options.data) == said("data"));
  if (!own) reading.only_class.reset();  // the run's, of its own data
  if (own) {
    reading.test_data = data_of_run(options.run, saved.metadata, "test_data");
    if (options.data.empty()) refuse_missing(name, options.run, "--data");
    if (!reading.test_data.empty()) refuse_missing(reading.test_data, options.run, "--test-data");
  }
  Dataset raw = others ? load_test_data(name, reading) : load_dataset(name, reading);
  if (own && saved.metadata.contains("data_fingerprint") && said("data_fingerprint") != text(fingerprint_of(raw))) {
    std::cerr << "warning: " << name
              << " are not the data that the run was trained on: other values, or read otherwise; what is shown to it "
                 "here may have been trained on\n";
  }
  Dataset data = as_images(as_trained(std::move(raw), spec), spec.input);
  const int levels = levels_of(options, name, data, spec);
  Examples part = part_of(data, options.split);
  if (part.size() == 0) fail<UsageError>("--split ", options.split, ": ", name, " has no such part");
  if (options.dequantised) require_in_range(part.x, spec.levels, name);
  const bool elsewhere = options.split == "test" && !reading.test_data.empty();
  return {elsewhere ? reading.test_data : name, std::move(data), levels, std::move(part)};
}

}  // namespace bijou
