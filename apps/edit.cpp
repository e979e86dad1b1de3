// bijou edit: an attribute as a direction in the latents, Glow section 6 ("semantic manipulation").
#include "apps/density.hpp"
#include "apps/named_images.hpp"
#include "apps/output.hpp"
#include "apps/pictures.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

Tensor mean_latent(const Tensor& z) {
  const int axes[] = {0};
  return math::scale_offset(math::sum(z, axes), 1 / static_cast<double>(z.shape()[0]), 0);
}

}  // namespace

// v = mean f(x of the positives) - mean f(x of the negatives); each image x becomes f^-1(f(x) + k v), k from -a to a.
int edit(const EditOptions& options) {
  if (options.images.empty()) fail<UsageError>("edit which image? name one by its number or its file");
  if (options.steps < 2) fail<UsageError>("--steps ", options.steps, ": a row has two ends; give 2 or more");
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  NamedImages named(saved, options);
  const char* const endings[] = {".png"};
  const std::string out = output_path(options, options.run, "edit.png", endings);
  const Tensor positives = named.group(options.positives), negatives = named.group(options.negatives);
  const FlowModel& model = *saved.model;
  const Tensor v = math::subtract(mean_latent(encode_images(model, positives, named.levels())),
                                  mean_latent(encode_images(model, negatives, named.levels())));
  const Tensor chosen = named.images(options.images);
  const Tensor z = encode_images(model, chosen, named.levels());
  std::vector<Tensor> rows;
  plot::SheetStyle style{.columns = static_cast<size_t>(options.steps),
                         .caption = text("the attribute from ", -options.strength, " to ", options.strength,
                                         " times its mean difference; the image itself in the middle")};
  for (int64_t i = 0; i < z.shape()[0]; ++i) {
    style.row_labels.push_back(
        options.images[static_cast<size_t>(i)].size() <= 12 ? options.images[static_cast<size_t>(i)] : "");
    for (int64_t k = 0; k < options.steps; ++k) {
      const double t = 2 * static_cast<double>(k) / static_cast<double>(options.steps - 1) - 1;
      rows.push_back(
          math::add(z.rows(i, i + 1), math::scale_offset(v.reshape({1, v.numel()}), t * options.strength, 0)));
    }
  }
  std::vector<double> grey;
  append_grey(grey, decode_latents(model, math::concat(rows, 0)), named.levels());
  writing([&] { plot::image_grid(out, images(grey, named.shape()), style); });
  const double length = std::sqrt(math::sum_squares(v));
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"file", out},
                                        {"positives", positives.shape()[0]},
                                        {"negatives", negatives.shape()[0]},
                                        {"attribute_norm", length}}
                     .dump()
              << std::endl;
  } else {
    std::cout << "the attribute, from " << positives.shape()[0] << " images with it and " << negatives.shape()[0]
              << " without, has the length " << text(length) << " in the latents: " << out << std::endl;
  }
  return 0;
}

}  // namespace bijou
