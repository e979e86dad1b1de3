// bijou sample: pictures from a trained flow (images), or points as CSV (vectors).
#include "apps/pictures.hpp"
#include "apps/run_folder.hpp"
#include "flows/checkpoint.hpp"

#include <iostream>

namespace bijou::inline BIJOU_SCALAR {

int sample(const SampleOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  const bool image = saved.config.input.rank() == 3;
  const std::filesystem::path beside = std::filesystem::is_directory(options.run) ? options.run : ".";
  const std::string out = options.out.empty() ? (beside / (image ? "samples.png" : "samples.csv")).string() : options.out;
  if (image) {
    draw_samples(out, *saved.model, saved.config.levels, options.count, options.temperature, options.seed);
  } else {
    Rng rng(options.seed, stream("sample"));
    const Tensor x = saved.model->sample(options.count, rng, options.temperature);
    std::ofstream file(out);
    file.imbue(std::locale::classic());
    file.precision(9);
    const int64_t d = x.shape()[1];
    for (int64_t i = 0; i < x.numel(); ++i) file << x.data()[i] << (i % d == d - 1 ? '\n' : ',');
    if (!file.flush()) fail<StorageError>(out, ": cannot be written; choose another file with --out");
  }
  std::cout << options.count << " samples at temperature " << options.temperature << ": " << out << std::endl;
  return 0;
}

}  // namespace bijou
