// bijou sample: pictures from a trained flow (images), points as CSV (vectors), or either as NumPy's array.
#include "apps/density.hpp"
#include "apps/model_pictures.hpp"
#include "apps/output.hpp"
#include "apps/pictures.hpp"
#include "flows/checkpoint.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Images become the whole numbers 0 .. levels-1 that they are of; vectors stay what they are.
void write_samples(const std::string& path, const FlowModel& model, int levels, const Draw& draw) {
  const bool bytes = levels > 0 && path.ends_with(".npy");
  std::optional<RowFile> file;
  for_each_sample(model, draw, [&](const Tensor& x) {
    if (!file)  // not before there is a sample: a model may turn out to be damaged
      file.emplace(path, draw.count, x.shape().from(1), bytes ? RowFile::Numbers::bytes : RowFile::Numbers::real);
    file->append(bytes ? whole_levels(x, levels) : x);
  });
  file->finish();
}

// What is drawn: everything, or one class.
std::vector<int> labels_of(const SampleOptions& options, const FlowModel& model, int64_t count) {
  if (!options.label) return {};
  if (!model.has_classes()) fail<UsageError>("--class ", *options.label, ": ", model.title(), " knows no classes");
  if (*options.label >= model.classes())
    fail<UsageError>("--class ", *options.label, ": the model's classes are 0 to ", model.classes() - 1);
  return std::vector<int>(static_cast<size_t>(count), *options.label);
}

}  // namespace

int sample(const SampleOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  const DataSpec& spec = data_of(saved.config);
  // Images of real numbers have no levels to be drawn as grey values: they go into a table, a row each.
  const bool image = spec.input.rank() == 3 && spec.levels > 1;
  if (options.sweep && !image) fail<UsageError>("--sweep is a picture of images; ", options.run, " is of vectors");
  const int64_t count = options.count > 0 ? options.count : options.sweep ? 10 : 100;
  const Draw draw{count, options.temperature, options.seed, labels_of(options, *saved.model, count)};
  const std::string of_class = options.label ? text("-class", *options.label) : "";
  const std::string of = options.sweep ? "sweep" : text("T", options.temperature);
  const std::string name = text("samples-", count, "-", of, of_class, "-seed", options.seed, image ? ".png" : ".csv");
  const char* const of_images[] = {".png", ".npy"};
  const char* const of_vectors[] = {".csv", ".npy"};
  const char* const of_sweep[] = {".png"};
  const std::string out = output_path(options, options.run, name,
                                      options.sweep ? std::span<const char* const>(of_sweep)
                                      : image       ? std::span<const char* const>(of_images)
                                                    : std::span<const char* const>(of_vectors));
  if (options.sweep) {
    writing([&] { draw_temperatures(out, *saved.model, spec.levels, draw); });
  } else if (image && !out.ends_with(".npy")) {
    draw_samples(out, *saved.model, spec.levels, draw);
  } else {
    write_samples(out, *saved.model, image ? spec.levels : 0, draw);
  }
  if (options.json) {
    nlohmann::ordered_json j{{"file", out}, {"count", count}, {"seed", options.seed}};
    if (!options.sweep) j["temperature"] = options.temperature;
    if (options.label) j["class"] = *options.label;
    std::cout << j.dump() << std::endl;
  } else if (options.sweep) {
    std::cout << "temperatures from 0 to 1, " << count << " samples of each: " << out << std::endl;
  } else {
    std::cout << count << " samples at temperature " << options.temperature << ": " << out << std::endl;
  }
  return 0;
}

}  // namespace bijou
