#include "datasets/pictures.hpp"

#include "datasets/decode_picture.hpp"
#include "datasets/file.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>

#include <unistd.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

bool is_picture_name(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".bmp";
}

// What a folder holds, by name: its pictures, or its folders. Hidden ones are passed over.
std::vector<fs::path> sorted_entries(const fs::path& folder, bool (*wanted)(const fs::path&)) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (!it->path().filename().string().starts_with('.') && wanted(it->path())) found.push_back(it->path());
  if (error) fail<DataError>(folder.string(), ": cannot be listed: ", error.message());
  std::ranges::sort(found, {}, [](const fs::path& p) { return p.filename().string(); });
  return found;
}
bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}
std::vector<fs::path> pictures_in(const fs::path& folder) { return sorted_entries(folder, is_picture_name); }
std::vector<fs::path> folders_in(const fs::path& folder) { return sorted_entries(folder, is_folder); }

// The files of a part, and their classes.
struct Files {
  std::vector<fs::path> paths;
  std::vector<int> labels;  // empty: the folder is flat
};

// Only what lies at one depth: pictures beside folders of pictures would have no class.
Files files_of(const fs::path& folder, std::vector<std::string>& classes) {
  Files files{pictures_in(folder), {}};
  if (!files.paths.empty()) {
    for (const fs::path& inside : folders_in(folder))
      if (!pictures_in(inside).empty())
        fail<DataError>(folder.string(), ": holds pictures beside folders of pictures, as ", inside.string(),
                        "; put each picture into the folder of its class, or take them out");
    return files;
  }
  const bool first = classes.empty();
  for (const fs::path& inside : folders_in(folder)) {
    const std::vector<fs::path> pictures = pictures_in(inside);
    if (pictures.empty()) continue;
    const std::string name = inside.filename().string();
    if (first) classes.push_back(name);
    const auto at = std::ranges::find(classes, name);
    if (at == classes.end())
      fail<DataError>(inside.string(), ": a class that the training pictures do not have; take it out");
    files.paths.insert(files.paths.end(), pictures.begin(), pictures.end());
    files.labels.resize(files.paths.size(), static_cast<int>(at - classes.begin()));
  }
  return files;
}

Files select(const Files& files, std::span<const int64_t> index) {
  Files chosen;
  for (const int64_t i : index) {
    chosen.paths.push_back(files.paths[i]);
    if (!files.labels.empty()) chosen.labels.push_back(files.labels[i]);
  }
  return chosen;
}

// In a random order, so that the first ones, which a model is initialised with, are of all classes.
Files shuffled(const Files& files, const char* what, uint64_t split_seed) {
  return select(files, Rng(split_seed, stream(what)).permutation(static_cast<int64_t>(files.paths.size())));
}

// Takes the last `count` off.
Files take_last(Files& files, int64_t count) {
  std::vector<int64_t> all(files.paths.size());
  std::iota(all.begin(), all.end(), 0);
  const std::span<const int64_t> index(all);
  Files taken = select(files, index.last(count));
  files = select(files, index.first(all.size() - count));
  return taken;
}

struct Parts {
  Files train, validation, test;
  std::vector<std::string> classes;
  bool own_validation = false, own_test = false;
};

Parts find_parts(const fs::path& folder, const DatasetOptions& options) {
  constexpr double kTenth = 0.1;
  Parts parts;
  const bool own_parts = is_folder(folder / "train");
  parts.train = files_of(own_parts ? folder / "train" : folder, parts.classes);
  if (own_parts) {
    for (const char* name : {"valid", "val", "validation"}) {
      if (!is_folder(folder / name)) continue;
      if (!parts.validation.paths.empty())
        fail<DataError>(folder.string(), ": has more than one of valid/, val/ and validation/; keep one");
      parts.validation = files_of(folder / name, parts.classes);
    }
    if (is_folder(folder / "test")) parts.test = files_of(folder / "test", parts.classes);
  }
  for (const Files* part : {&parts.validation, &parts.test})
    if (!part->paths.empty() && part->labels.empty() != parts.train.labels.empty())
      fail<DataError>(folder.string(), ": some parts have a folder for each class, others have none; make them alike");
  parts.own_validation = !parts.validation.paths.empty();
  parts.own_test = !parts.test.paths.empty();
  const auto n = static_cast<int64_t>(parts.train.paths.size());
  const auto share = [&](const std::optional<double>& fraction) {
    return share_of(n, fraction.value_or(kTenth), folder.string(), "training pictures (PNG, JPEG or BMP)");
  };
  if (options.validation_fraction == 0.0 && options.test_fraction == 0.0) return parts;  // nothing is to be trained on
  parts.train = shuffled(parts.train, "training pictures", options.split_seed);
  parts.validation = shuffled(parts.validation, "validation pictures", options.split_seed);
  parts.test = shuffled(parts.test, "test pictures", options.split_seed);
  const int64_t test = parts.own_test ? 0 : share(options.test_fraction);
  const int64_t validation = parts.own_validation ? 0 : share(options.validation_fraction);
  if (test + validation >= n)
    fail<DataError>(folder.string(), ": ", validation, " of ", n, " training pictures for validation and ", test,
                    " for the test leave none to train on");
  if (test > 0) parts.test = take_last(parts.train, test);
  if (validation > 0) parts.validation = take_last(parts.train, validation);
  return parts;
}

// ---- rows -----------------------------------------------------------------------------------------------------------

// A square of it, or the picture as it is.
void copy_crop(const Picture& picture, int64_t left, int64_t top, const Shape& shape, Real* to) {
  const int64_t row = shape[1] * shape[2];
  for (int64_t y = 0; y < shape[0]; ++y) {
    const uint8_t* from = picture.pixels.data() + ((top + y) * picture.width + left) * picture.channels;
    to = std::copy_n(from, row, to);
  }
}

class PictureRows final : public RowSource {
 public:
  PictureRows(std::vector<fs::path> paths, const Shape& example, const PictureOptions& options)
      : paths_(std::move(paths)), example_(example), options_(options) {}

  Shape shape() const override { return {static_cast<int64_t>(paths_.size()), example_[0], example_[1], example_[2]}; }

  Tensor rows(std::span<const int64_t> index) const override {
    return gather(index, [](int64_t, int64_t room_x, int64_t room_y) { return std::pair(room_x / 2, room_y / 2); });
  }

  Tensor rows_for_training(std::span<const int64_t> index, uint64_t seed, int64_t epoch) const override {
    if (!options_.random_crop) return rows(index);
    return gather(index, [&](int64_t i, int64_t room_x, int64_t room_y) {
      Rng rng(seed, stream("crop", static_cast<uint64_t>(epoch), static_cast<uint64_t>(i)));
      const auto left = static_cast<int64_t>(rng.below(room_x + 1));
      return std::pair(left, static_cast<int64_t>(rng.below(room_y + 1)));
    });
  }

  // From now on nothing is read from the disk.
  void keep() {
    std::vector<Picture> all;
    for (size_t i = 0; i < paths_.size(); ++i) all.push_back(read(i));
    kept_ = std::move(all);
  }

 private:
  Picture read(size_t i) const {
    const std::string name = paths_[i].string();
    Picture picture = decode_picture(read_file(paths_[i]), name);
    picture = example_[2] == 1 ? to_grey(std::move(picture)) : to_colour(std::move(picture));
    if (options_.size) picture = resize_shorter_side(picture, *options_.size);
    if (picture.height < example_[0] || picture.width < example_[1])
      fail<DataError>(name,
                      ": is smaller than when it was first looked at; do not change pictures while they are used");
    return picture;
  }

  template <class Corner>  // corner(example, room to the right, room below): left, top
  Tensor gather(std::span<const int64_t> index, const Corner& corner) const {
    Tensor x({static_cast<int64_t>(index.size()), example_[0], example_[1], example_[2]});
    Real* to = x.mutable_data().data();
    for (const int64_t i : index) {
      Picture from_disk;
      if (kept_.empty()) from_disk = read(i);
      const Picture& picture = kept_.empty() ? from_disk : kept_[i];
      const auto [left, top] = corner(i, picture.width - example_[1], picture.height - example_[0]);
      copy_crop(picture, left, top, example_, to);
      to += example_.numel();
    }
    return x;
  }

  std::vector<fs::path> paths_;
  Shape example_;
  PictureOptions options_;
  std::vector<Picture> kept_;
};

// ---- all of them ----------------------------------------------------------------------------------------------------

// Looks at every picture's header, in the order of their names: [H, W, C] of the examples; and hashes the files.
Shape common_shape(const Parts& parts, const PictureOptions& options, uint64_t& hash) {
  std::vector<fs::path> paths;
  for (const Files* part : {&parts.train, &parts.validation, &parts.test})
    paths.insert(paths.end(), part->paths.begin(), part->paths.end());
  std::ranges::sort(paths);
  PictureHeader first;
  std::string first_name, smaller;
  int64_t enlarged = 0;
  bool grey = true;
  for (const fs::path& path : paths) {
    const std::string name = path.string();
    const std::string content = read_file(path);
    hash = hash_of(content, hash);
    const PictureHeader header = read_picture_header(content, name);
    grey = grey && header.channels == 1;
    const int shorter = std::min(header.width, header.height), longer = std::max(header.width, header.height);
    if (first_name.empty()) first = header, first_name = name;
    if (!options.size && (header.width != first.width || header.height != first.height))
      fail<DataError>(name, ": is ", header.width, " x ", header.height, " pixels, ", first_name, " is ", first.width,
                      " x ", first.height, "; all must be of one size, or give --size N to make them N x N");
    if (!options.size) continue;
    if (int64_t{longer} * *options.size / shorter > kLongestSide)
      fail<DataError>(name, ": is ", header.width, " x ", header.height, " pixels, and --size ", *options.size,
                      " would make its longer side longer than ", kLongestSide, "; cut it, or take it out");
    if (shorter < *options.size && enlarged++ == 0) smaller = name;
  }
  if (enlarged > 0)
    warn(enlarged, enlarged == 1 ? " picture is" : " pictures are", " smaller than --size ", *options.size,
         " and will be enlarged; the first is ", smaller);
  const int64_t channels = options.grey ? 1 : options.colour ? 3 : grey ? 1 : 3;
  if (options.size) return {*options.size, *options.size, channels};
  return {first.height, first.width, channels};
}

int64_t half_of_the_machines_memory() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && page > 0 ? pages / 2 * page : int64_t{1} << 32;
}

Examples to_examples(Files files, const Shape& example, const PictureOptions& options, bool in_memory, bool training) {
  if (files.paths.empty()) return {};
  auto source = std::make_shared<PictureRows>(std::move(files.paths), example, options);
  Examples examples{Tensor(), std::move(files.labels), source};
  if (!in_memory) return examples;
  const bool crops = training && options.random_crop;
  if (crops) source->keep();
  examples.x = examples.rows(0, examples.size());
  if (!crops) examples.source = nullptr;
  return examples;
}

}  // namespace

bool looks_like_picture(std::string_view content) {
  return content.starts_with("\x89PNG") || content.starts_with("\xFF\xD8\xFF") ||
         (content.starts_with("BM") && content.size() > 14 && content.substr(6, 4) == std::string_view("\0\0\0\0", 4));
}

bool holds_pictures(const fs::path& folder) {
  if (!pictures_in(folder).empty()) return true;
  std::vector<fs::path> inside = folders_in(folder);
  if (is_folder(folder / "train"))
    for (const fs::path& path : folders_in(folder / "train")) inside.push_back(path);
  return std::ranges::any_of(inside, [](const fs::path& path) { return !pictures_in(path).empty(); });
}

Dataset load_pictures(const fs::path& folder, const std::string& name, const DatasetOptions& options) {
  const PictureOptions& o = options.pictures;
  if (o.grey && o.colour) fail<UsageError>("--grey and --colour contradict each other; give one");
  if (o.random_crop && !o.size) fail<UsageError>("--crop random: needs --size N, the side of what is cut out");
  if (o.size && (*o.size < 1 || *o.size > kLongestSide))
    fail<UsageError>("--size ", *o.size, ": must be from 1 to ", kLongestSide);
  Parts parts = find_parts(folder, options);
  uint64_t hash = 1;
  const Shape example = common_shape(parts, o, hash);

  // The tensors; and for random crops the pictures before they are cut, a byte a value.
  const auto n =
      static_cast<int64_t>(parts.train.paths.size() + parts.validation.paths.size() + parts.test.paths.size());
  const int64_t bytes = n * example.numel() * static_cast<int64_t>(sizeof(Real) + (o.random_crop ? 2 : 0));
  const bool in_memory = bytes <= (o.memory > 0 ? o.memory : half_of_the_machines_memory());
  if (!in_memory)
    std::cerr << text("bijou: ", n, " pictures would take ", (bytes + (1 << 20) - 1) >> 20,
                      " MiB of memory: they are read from the disk as they are needed (--data-memory)\n");
  Dataset dataset;
  dataset.name = name;
  dataset.levels = 256;
  dataset.seeded = true;
  dataset.file_hash = hash;
  dataset.own_validation = parts.own_validation;
  dataset.own_test = parts.own_test;
  dataset.class_names = parts.classes;
  dataset.classes = static_cast<int>(parts.classes.size());
  dataset.train = to_examples(std::move(parts.train), example, o, in_memory, true);
  dataset.validation = to_examples(std::move(parts.validation), example, o, in_memory, false);
  dataset.test = to_examples(std::move(parts.test), example, o, in_memory, false);
  return dataset;
}

}  // namespace bijou
