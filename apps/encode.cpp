// bijou encode and bijou decode: data to latents and back, as NumPy's arrays.
#include "apps/density.hpp"
#include "apps/output.hpp"
#include "apps/pictures.hpp"
#include "apps/run_data.hpp"
#include "datasets/loader.hpp"
#include "datasets/npy.hpp"
#include "datasets/file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr int64_t kNeighbours = 5, kMostReferences = 10'000, kMostQueries = 2'000;

// [n, D] and labels: what a nearest-neighbour classifier knows, or is asked.
struct Labelled {
  Tensor x;
  std::vector<int> labels;
};

// How many of the queries get the label that most of their nearest references have (a tie: the smaller label).
double neighbours_accuracy(const Labelled& references, const Labelled& queries) {
  // |q - r|^2 = |q|^2 - 2 q.r + |r|^2, and |q|^2 moves nothing.
  const Tensor dots = math::matmul(queries.x, references.x, math::Trans::no, math::Trans::yes);
  const int64_t n = references.x.shape()[0], d = references.x.shape()[1], m = queries.x.shape()[0];
  std::vector<double> squares(static_cast<size_t>(n), 0.0);
  for (int64_t r = 0; r < n; ++r) {
    for (const Real v : references.x.data().subspan(static_cast<size_t>(r * d), static_cast<size_t>(d)))
      squares[static_cast<size_t>(r)] += static_cast<double>(v) * static_cast<double>(v);
  }
  int64_t right = 0;
  std::vector<std::pair<double, int>> near(static_cast<size_t>(n));
  for (int64_t q = 0; q < m; ++q) {
    for (int64_t r = 0; r < n; ++r) {
      const auto i = static_cast<size_t>(r);
      near[i] = {squares[i] - 2 * static_cast<double>(dots.data()[q * n + r]), references.labels[i]};
    }
    const auto k = std::min<std::ptrdiff_t>(kNeighbours, std::ssize(near));
    std::partial_sort(near.begin(), near.begin() + k, near.end());
    std::map<int, int> votes;
    for (auto it = near.begin(); it != near.begin() + k; ++it) ++votes[it->second];
    const auto most = std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; });
    right += most->first == queries.labels[static_cast<size_t>(q)];
  }
  return static_cast<double>(right) / static_cast<double>(m);
}

// The first examples of a part, as the model sees them, and their latents.
struct Both {
  Labelled data, latents;
};
Both first_of(const FlowModel& model, const Examples& part, int levels, int64_t most) {
  std::vector<int64_t> index;
  for (int64_t i = 0; i < std::min(most, part.size()); ++i) index.push_back(i);
  const Examples some = part.select(index);
  std::vector<Tensor> x, z;
  for_each_block(some, levels, [&](const Tensor& block, int64_t) {
    x.push_back(block.reshape({block.shape()[0], Tensor::kInfer}));
    z.push_back(model.bijection().forward(block).y.value());
  });
  return {{math::concat(x, 0), some.labels}, {math::concat(z, 0), some.labels}};
}

// Images and what comes back; or the first two latents against the circles of their prior.
void draw_encoded(const std::string& path, const FlowModel& model, const RunData& data) {
  if (data.data.is_image()) draw_reconstructions(path, model, data.part, data.levels);
  else draw_latents(path, model, data.part, data.levels, data.name);
}

}  // namespace

int encode(const EncodeOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  const char* const endings[] = {".npy", ".csv"};
  const std::string out = output_path(options, options.run, "latents-" + options.split + ".npy", endings);
  const std::string picture = beside(out, "picture", ".png");
  refuse_existing(picture, options);
  const RunData data = load_run_data(saved, options);
  const FlowModel& model = *saved.model;
  const int64_t n = data.part.size(), d = data.data.dimensions();

  RowFile file(out, n, {d});
  double worst = 0, sum = 0;
  for_each_block(data.part, data.levels, [&](const Tensor& x, int64_t) {
    const Tensor z = model.bijection().forward(x).y.value();
    file.append(z);
    const Tensor back = model.bijection().inverse(z);
    for (int64_t k = 0; k < x.numel(); ++k) {
      const double error = std::abs(static_cast<double>(back.data()[k]) - static_cast<double>(x.data()[k]));
      worst = error <= worst ? worst : error;  // NaN counts
      sum += error;
    }
  });
  file.finish();
  writing([&] { draw_encoded(picture, model, data); });

  nlohmann::ordered_json j{{"file", out},
                           {"picture", picture},
                           {"examples", n},
                           {"dimensions", d},
                           {"reconstruction_error_max", worst},
                           {"reconstruction_error_mean", sum / static_cast<double>(n * d)}};
  std::string accuracy;
  if (!data.part.labels.empty() && options.split != "train" && options.split != "all" && data.data.train.size() > 0 &&
      !data.data.train.labels.empty()) {
    const Both known = first_of(model, data.data.train, data.levels, kMostReferences);
    const Both asked = first_of(model, data.part, data.levels, kMostQueries);
    const double latents = neighbours_accuracy(known.latents, asked.latents);
    const double values = neighbours_accuracy(known.data, asked.data);
    j["neighbours_accuracy_latents"] = latents;
    j["neighbours_accuracy_data"] = values;
    accuracy =
        text("the class by the ", kNeighbours, " nearest neighbours (of ", known.data.labels.size(),
             " training examples): right for ", text(100 * latents), "% of ", asked.data.labels.size(), " by latents, ",
             text(100 * values), "% by ", data.data.is_image() ? "pixels" : "the data's values");
  }
  if (options.json) {
    std::cout << j.dump() << std::endl;
  } else {
    std::cout << n << " latents of " << d << " numbers: " << out << "\n"
              << "|f^-1(f(x)) - x| is " << text(sum / static_cast<double>(n * d)) << " on average, " << text(worst)
              << " at the most: " << picture << "\n";
    if (!accuracy.empty()) std::cout << accuracy << "\n";
    std::cout << std::flush;
  }
  return 0;
}

int decode(const DecodeOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  const DataSpec& spec = data_of(saved.config);
  const bool image = spec.input.rank() == 3 && spec.levels > 1;
  const char* const endings[] = {".npy", ".csv"};
  const std::string out = output_path(options, options.run, image ? "decoded.npy" : "decoded.csv", endings);
  const std::string picture = image ? beside(out, "picture", ".png") : "";
  if (image) refuse_existing(picture, options);
  const NumpyArray array = parse_npy(read_file(options.latents), options.latents);
  const int64_t d = spec.input.numel();
  if (array.shape.rank() != 2 || array.shape[1] != d || array.shape[0] < 1) {
    fail<DataError>(options.latents, ": ", array.shape, " numbers, but the model's latents are [n, ", d,
                    "]; `bijou encode` writes such");
  }
  const Tensor z = array.tensor();
  if (!math::all_finite(z)) fail<DataError>(options.latents, ": a latent is not finite");
  const bool bytes = image && out.ends_with(".npy");
  const Tensor x = decode_latents(*saved.model, z);
  RowFile file(out, z.shape()[0], spec.input, bytes ? RowFile::Numbers::bytes : RowFile::Numbers::real);
  file.append(image ? whole_levels(x, spec.levels) : x);
  file.finish();
  if (image) {
    std::vector<double> grey;
    const int64_t shown = std::min(fit_on_sheet(100, spec.input), z.shape()[0]);
    append_grey(grey, x.rows(0, shown), spec.levels);
    writing([&] { plot::image_grid(picture, images(grey, spec.input), {.caption = "decoded latents", .gap = 2}); });
  }
  if (options.json) {
    nlohmann::ordered_json j{{"file", out}, {"examples", z.shape()[0]}};
    if (image) j["picture"] = picture;
    std::cout << j.dump() << std::endl;
  } else {
    std::cout << z.shape()[0] << " latents decoded: " << out << (image ? ", " + picture : "") << std::endl;
  }
  return 0;
}

}  // namespace bijou
