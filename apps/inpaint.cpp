// bijou inpaint: what a model fills in where an image is hidden, NICE section 5.2, for any of the models.
#include "apps/density.hpp"
#include "apps/named_images.hpp"
#include "apps/output.hpp"
#include "apps/pictures.hpp"
#include "datasets/decode_picture.hpp"
#include "datasets/file.hpp"
#include "datasets/loader.hpp"
#include "flows/inpainting.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <filesystem>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

struct Rectangle {
  int64_t x, y, width, height;
};

// "x,y,width,height" in pixels from the upper left corner, or one of the halves.
std::optional<Rectangle> rectangle_of(const std::string& mask, int64_t h, int64_t w) {
  if (mask == "left") return Rectangle{0, 0, w / 2, h};
  if (mask == "right") return Rectangle{w / 2, 0, w - w / 2, h};
  if (mask == "upper") return Rectangle{0, 0, w, h / 2};
  if (mask == "lower") return Rectangle{0, h / 2, w, h - h / 2};
  int64_t v[4];
  const char* at = mask.data();
  const char* const end = at + mask.size();
  for (int k = 0; k < 4; ++k) {
    const auto [next, error] = std::from_chars(at, end, v[k]);
    if (error != std::errc() || (k < 3 ? next == end || *next != ',' : next != end)) return std::nullopt;
    at = next + 1;
  }
  return Rectangle{v[0], v[1], v[2], v[3]};
}

// By pixels, true where hidden.
std::vector<bool> mask_of(const std::string& mask, int64_t h, int64_t w) {
  std::vector<bool> hidden(static_cast<size_t>(h * w), false);
  if (const auto r = rectangle_of(mask, h, w)) {
    if (r->x < 0 || r->y < 0 || r->width < 1 || r->height < 1 || r->x + r->width > w || r->y + r->height > h)
      fail<UsageError>("--mask ", mask, ": no rectangle inside of ", w, " x ", h, " pixels (x,y,width,height)");
    for (int64_t y = r->y; y < r->y + r->height; ++y) {
      for (int64_t x = r->x; x < r->x + r->width; ++x) hidden[static_cast<size_t>(y * w + x)] = true;
    }
    return hidden;
  }
  std::error_code ignored;
  if (!std::filesystem::exists(mask, ignored)) {
    fail<UsageError>("--mask ", mask,
                     ": give x,y,width,height, or left, right, upper, lower, or the file of a picture that "
                     "is white where images are hidden");
  }
  const Picture picture = to_grey(decode_picture(read_file(mask), mask));
  if (picture.height != h || picture.width != w)
    fail<DataError>(mask, ": ", picture.width, " x ", picture.height, " pixels, but the model's images have ", w, " x ",
                    h);
  for (size_t k = 0; k < hidden.size(); ++k) hidden[k] = picture.pixels[k] >= 128;
  if (std::ranges::none_of(hidden, [](bool is) { return is; }))
    fail<DataError>(mask, ": no pixel is white, so nothing is hidden");
  return hidden;
}

}  // namespace

int inpaint_images(const InpaintOptions& options) {
  if (options.images.empty()) fail<UsageError>("inpaint which image? name one by its number or its file");
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  NamedImages named(saved, options);
  const Shape s = named.shape();
  const std::vector<bool> hidden = mask_of(options.mask, s[0], s[1]);
  const char* const endings[] = {".png"};
  const std::string out = output_path(options, options.run, "inpainted.png", endings);
  const Tensor whole = named.images(options.images);
  const Tensor x = dequantise(whole, named.levels(), options.seed);
  Tensor places(x.shape());
  std::vector<bool> all_hidden;
  for (int64_t i = 0; i < x.shape()[0]; ++i) all_hidden.insert(all_hidden.end(), hidden.begin(), hidden.end());
  for (int64_t k = 0; k < x.numel(); ++k) places.mutable_data()[k] = all_hidden[static_cast<size_t>(k / s[2])];
  Rng rng(options.seed, stream("inpainting"));
  const Tensor filled = inpaint(*saved.model, guess_hidden(*saved.model, x, places, rng), places, rng,
                                {.steps = options.steps, .high = static_cast<double>(named.levels())});
  std::vector<double> before, after;
  append_grey(before, whole, named.levels());
  append_grey(after, filled, named.levels());
  writing([&] {
    plot::inpainting_sheet(out, images(before, s), all_hidden, images(after, s),
                           {.caption = "what the model is shown, and what it fills in"});
  });
  const auto mean_nll = [&](const Tensor& images) {
    double sum = 0;
    for (const Real v : saved.model->log_prob(images).value().data()) sum -= static_cast<double>(v);
    return sum / static_cast<double>(images.shape()[0]);
  };
  const double real = bits_per_dim(mean_nll(x), s.numel()), made = bits_per_dim(mean_nll(filled), s.numel());
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"file", out},
                                        {"images", x.shape()[0]},
                                        {"bits_per_dim_original", real},
                                        {"bits_per_dim_filled", made}}
                     .dump()
              << std::endl;
  } else {
    std::cout << x.shape()[0] << " images, " << text(real) << " bits/dim before, " << text(made)
              << " as they are filled in: " << out << std::endl;
  }
  return 0;
}

}  // namespace bijou
