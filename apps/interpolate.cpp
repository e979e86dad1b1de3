// bijou interpolate: what lies between images, along a path between their latents; and RealNVP's manifold of four.
#include "apps/density.hpp"
#include "apps/model_pictures.hpp"
#include "apps/named_images.hpp"
#include "apps/output.hpp"
#include "apps/pictures.hpp"
#include "flows/manifold.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <numbers>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Row by row: at the left end z1, at the right end z2.
Tensor rows_between(const Tensor& z1, const Tensor& z2, const InterpolateOptions& options) {
  std::vector<Tensor> path;
  for (int64_t row = 0; row < z1.shape()[0]; ++row) {
    const Tensor a = z1.rows(row, row + 1), b = z2.rows(row, row + 1);
    for (int64_t k = 0; k < options.steps; ++k) {
      const double t = static_cast<double>(k) / static_cast<double>(options.steps - 1);
      path.push_back(options.straight ? math::add(math::scale_offset(a, 1 - t, 0), math::scale_offset(b, t, 0))
                                      : latent_arc(a, b, t));
    }
  }
  return math::concat(path, 0);
}

// RealNVP figure 6: phi downwards, phi' to the right, from 0 to pi/2, so that the four stand in the corners.
Tensor grid_of_four(const Tensor& z, int64_t steps) {
  std::vector<Tensor> grid;
  const auto angle = [steps](int64_t k) {
    return static_cast<double>(k) / static_cast<double>(steps - 1) * std::numbers::pi / 2;
  };
  for (int64_t i = 0; i < steps; ++i) {
    for (int64_t j = 0; j < steps; ++j)
      grid.push_back(latent_manifold(z.rows(0, 1), z.rows(1, 2), z.rows(2, 3), z.rows(3, 4), angle(i), angle(j)));
  }
  return math::concat(grid, 0);
}

}  // namespace

int interpolate(const InterpolateOptions& options) {
  const bool four = !options.four.empty();
  if (!four && options.from.empty()) fail<UsageError>("interpolate between what? --from A --to B, or --four A B C D");
  if (options.from.size() != options.to.size()) {
    fail<UsageError>("--from names ", options.from.size(), " images, --to ", options.to.size(),
                     "; each row wants one of both");
  }
  if (options.steps < 2) fail<UsageError>("--steps ", options.steps, ": a row has two ends; give 2 or more");
  constexpr int64_t kMostImages = 10'000;
  if (options.steps > kMostImages / (four ? options.steps : std::ssize(options.from)))
    fail<UsageError>("--steps ", options.steps, ": more than ", kMostImages, " images in all; give fewer");
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  NamedImages named(saved, options);
  const char* const endings[] = {".png"};
  const std::string out = output_path(options, options.run, four ? "manifold.png" : "interpolation.png", endings);
  const auto encode = [&](const std::vector<std::string>& words) {
    return encode_images(*saved.model, named.images(words), named.levels());
  };
  const Tensor z = four ? grid_of_four(encode(options.four), options.steps)
                        : rows_between(encode(options.from), encode(options.to), options);
  const Tensor x = decode_latents(*saved.model, z);
  std::vector<double> grey;
  append_grey(grey, x, named.levels());
  const std::string caption = four ? "between four images, in the corners: eq. (19) of RealNVP"
                                   : "from left to right, along the latents between two images";
  writing([&] {
    plot::image_grid(out, images(grey, named.shape()),
                     {.columns = static_cast<size_t>(options.steps), .caption = caption});
  });
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"file", out}, {"rows", z.shape()[0] / options.steps}, {"steps", options.steps}}
                     .dump()
              << std::endl;
  } else {
    std::cout << (four ? "the manifold between four images: " : "images between images: ") << out << std::endl;
  }
  return 0;
}

}  // namespace bijou
