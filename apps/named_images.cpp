#include "apps/named_images.hpp"

#include "datasets/decode_picture.hpp"
#include "datasets/file.hpp"
#include "datasets/loader.hpp"
#include "datasets/pictures.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

bool is_number(const std::string& word) {
  return !word.empty() && word.size() < 10 && word.find_first_not_of("0123456789") == std::string::npos;
}

// A rectangle of a picture: `height` x `width` from its middle.
Picture centre_of(const Picture& p, int64_t height, int64_t width) {
  Picture cut{static_cast<int>(width), static_cast<int>(height), p.channels, {}};
  const int64_t top = (p.height - height) / 2, left = (p.width - width) / 2;
  for (int64_t y = 0; y < height; ++y) {
    const auto row = p.pixels.begin() + ((top + y) * p.width + left) * p.channels;
    cut.pixels.insert(cut.pixels.end(), row, row + width * p.channels);
  }
  return cut;
}

}  // namespace

NamedImages::NamedImages(const SavedFlow& saved, const ImageOptions& options)
    : saved_(saved), options_(options), spec_(data_of(saved.config)) {
  if (spec_.input.rank() != 3 || spec_.levels < 2)
    fail<UsageError>(options.run, ": ", saved.model->title(),
                     " is no model of images of whole numbers; this command is "
                     "for images");
}

const RunData& NamedImages::data() {
  if (!data_) data_ = load_run_data(saved_, options_);
  return *data_;
}

Tensor NamedImages::example(const std::string& word) {
  const int64_t at = std::stoll(word), n = data().part.size();
  if (at >= n)
    fail<UsageError>("image ", at, ": ", data().name, ", ", options_.split, " part, has the images 0 to ", n - 1);
  return data().part.rows(at, at + 1);
}

Tensor NamedImages::picture(const std::string& path) const {
  const int64_t h = spec_.input[0], w = spec_.input[1], c = spec_.input[2];
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    fail<DataError>(path, ": no such file; an image is named by its number in the data, or by the path of a picture");
  Picture p = decode_picture(read_file(path), path);
  p = c == 1 ? to_grey(std::move(p)) : to_colour(std::move(p));
  if (p.height != h || p.width != w) {
    if (!options_.resize) {
      fail<DataError>(path, ": ", p.width, " x ", p.height, " pixels, but the model is for ", w, " x ", h,
                      "; shrink or enlarge it with --resize");
    }
    // The smallest size at which both sides are long enough; what is too long is cut.
    const double scale = std::max(static_cast<double>(h) / p.height, static_cast<double>(w) / p.width);
    const auto shorter = static_cast<int>(std::ceil(scale * std::min(p.height, p.width) - 1e-9));
    p = centre_of(resize_shorter_side(p, shorter), h, w);
  }
  Tensor x({1, h, w, c});
  for (int64_t k = 0; k < x.numel(); ++k) {
    const int level = p.pixels[static_cast<size_t>(k)] * spec_.levels / 256;
    x.mutable_data()[k] = static_cast<Real>(level);
  }
  return x;
}

Tensor NamedImages::images(const std::vector<std::string>& words) {
  std::vector<Tensor> all;
  for (const std::string& word : words) all.push_back(is_number(word) ? example(word) : picture(word));
  return math::concat(all, 0);
}

Tensor NamedImages::group(const std::string& word) {
  std::vector<Tensor> all;
  if (word.starts_with("class=") && is_number(word.substr(6))) {
    const int wanted = std::stoi(word.substr(6));
    const Examples& part = data().part;
    if (part.labels.empty()) fail<UsageError>(word, ": ", data().name, " has no labels");
    for (int64_t i = 0; i < part.size(); ++i) {
      if (part.labels[static_cast<size_t>(i)] == wanted) all.push_back(part.rows(i, i + 1));
    }
    if (all.empty()) fail<UsageError>(word, ": ", data().name, ", ", options_.split, " part, has no example of it");
    return math::concat(all, 0);
  }
  std::error_code ignored;
  if (!fs::is_directory(word, ignored))
    fail<DataError>(word, ": no such folder; a group is a folder of pictures, or class=K of labelled data");
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(word)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && !name.starts_with('.') && looks_like_picture(read_file(entry.path().string())))
      files.push_back(entry.path().string());
  }
  if (files.empty()) fail<DataError>(word, ": this folder has no PNG, JPEG or BMP picture");
  std::ranges::sort(files);
  for (const std::string& file : files) all.push_back(picture(file));
  return math::concat(all, 0);
}

Tensor encode_images(const FlowModel& model, const Tensor& whole, int levels) {
  constexpr int64_t kBlock = 256;
  std::vector<Tensor> z;
  for (int64_t begin = 0; begin < whole.shape()[0]; begin += kBlock) {
    const int64_t end = std::min(whole.shape()[0], begin + kBlock);
    z.push_back(model.bijection().forward(dequantise(whole.rows(begin, end), levels, 1, 0, begin)).y.value());
  }
  return math::concat(z, 0);
}

}  // namespace bijou
