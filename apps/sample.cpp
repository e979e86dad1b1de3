// bijou sample: pictures from a trained flow (images), or points as CSV (vectors).
#include "apps/density.hpp"
#include "apps/pictures.hpp"
#include "apps/run_folder.hpp"
#include "flows/checkpoint.hpp"

#include <cmath>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// A file that is begun; it is taken away again unless it was finished.
struct Begun {
  std::string path;
  bool finished = false;
  ~Begun() {
    std::error_code ignored;
    if (!finished && std::filesystem::is_regular_file(path, ignored)) std::filesystem::remove(path, ignored);
  }
};

void write_samples(const std::string& path, const FlowModel& model, const Draw& draw) {
  std::optional<Begun> begun;
  std::ofstream file;
  file.imbue(std::locale::classic());
  file.precision(9);
  for_each_sample(model, draw, [&](const Tensor& x) {
    if (!file.is_open()) {  // not before there is a sample: a model may turn out to be damaged
      file.open(path);
      if (file) begun.emplace(path);
    }
    const int64_t d = x.numel() / x.shape()[0];
    for (int64_t i = 0; i < x.numel() && file; ++i) {
      if (!std::isfinite(x.data()[i]))
        fail<NonFiniteError>(path, ": a sample is not finite; try a smaller --temperature, or train on");
      file << x.data()[i] << (i % d == d - 1 ? '\n' : ',');
    }
    if (!file) fail<StorageError>(path, ": cannot be written; choose another file with --out");
  });
  if (!file.flush()) fail<StorageError>(path, ": cannot be written; choose another file with --out");
  begun->finished = true;
}

// What is drawn: everything, or one class.
std::vector<int> labels_of(const SampleOptions& options, const FlowModel& model) {
  if (!options.label) return {};
  if (!model.has_classes()) fail<UsageError>("--class ", *options.label, ": ", model.title(), " knows no classes");
  if (*options.label >= model.classes())
    fail<UsageError>("--class ", *options.label, ": the model's classes are 0 to ", model.classes() - 1);
  return std::vector<int>(static_cast<size_t>(options.count), *options.label);
}

}  // namespace

int sample(const SampleOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  // Images of real numbers have no levels to be drawn as grey values: they go into a table, a row each.
  const bool image = data_of(saved.config).input.rank() == 3 && data_of(saved.config).levels > 1;
  const std::filesystem::path beside = std::filesystem::is_directory(options.run) ? options.run : ".";
  const char* extension = image ? ".png" : ".csv";
  const Draw draw{options.count, options.temperature, options.seed, labels_of(options, *saved.model)};
  const std::string of_class = options.label ? text("-class", *options.label) : "";
  const std::string name =
      text("samples-", options.count, "-T", options.temperature, of_class, "-seed", options.seed, extension);
  const std::string out = options.out.empty() ? (beside / name).string() : options.out;
  if (const auto given = std::filesystem::path(out).extension(); !given.empty() && given != extension) {
    fail<UsageError>("--out ", out, ": the samples are ",
                     image ? "images, they go into a .png" : "vectors, they go into a .csv");
  }
  if (image) {
    draw_samples(out, *saved.model, data_of(saved.config).levels, draw);
  } else {
    write_samples(out, *saved.model, draw);
  }
  std::cout << options.count << " samples at temperature " << options.temperature << ": " << out << std::endl;
  return 0;
}

}  // namespace bijou
