// bijou plot: the pictures of a run, drawn anew: what it learnt, and how its likelihoods and latents are distributed.
#include "apps/density.hpp"
#include "apps/jacobian.hpp"
#include "apps/output.hpp"
#include "apps/pictures.hpp"
#include "apps/progress.hpp"
#include "apps/run_data.hpp"
#include "apps/run_figures.hpp"
#include "apps/run_folder.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

// The first examples of a part; enough for a picture.
Examples some_of(const Examples& part, int64_t most) {
  std::vector<int64_t> index;
  for (int64_t i = 0; i < std::min(most, part.size()); ++i) index.push_back(i);
  return part.select(index);
}

void draw_likelihoods(const std::string& path, const FlowModel& model, const RunData& data) {
  constexpr int64_t kMost = 5000;
  const Unit unit = unit_of(data.data.levels, data.data.dimensions());
  std::vector<plot::Histogram> sets;
  const std::pair<const char*, const Examples*> parts[] = {
      {"train", &data.data.train}, {"validation", &data.data.validation}, {"test", &data.data.test}};
  for (const auto& [name, part] : parts) {
    if (part->size() == 0) continue;
    plot::Histogram set{name, {}};
    for_each_block(some_of(*part, kMost), data.levels, [&](const Tensor& x, int64_t) {
      for (const Real v : model.log_prob(x).value().data())
        set.values.push_back(-static_cast<double>(v) * unit.per_nat);
    });
    sets.push_back(std::move(set));
  }
  plot::histograms(path, sets,
                   {.title = data.name + ": each example's -log p(x)", .x_label = "-log p(x), " + unit.name});
}

}  // namespace

int plot_run(const PlotOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  const FlowModel& model = *saved.model;
  std::error_code error;
  const bool folder = fs::is_directory(options.run, error);
  const fs::path out =
      !options.out.empty() ? fs::path(options.out) : (folder ? fs::path(options.run) : fs::path(".")) / "plots";
  if (fs::exists(out, error) && !fs::is_directory(out, error))
    fail<UsageError>("--out ", out.string(), " is a file; name a folder");
  if (!options.force && fs::exists(out, error) && !fs::is_empty(out, error))
    fail<UsageError>(out.string(), " exists; draw anew with --force, or choose another folder with --out");
  const RunData data = load_run_data(saved, options);
  const std::vector<LoopState::Row> history = folder ? history_of(options.run) : std::vector<LoopState::Row>{};
  const std::optional<RunFigures> figures = folder ? figures_of(options.run) : std::nullopt;
  fs::create_directories(out, error);
  if (error) fail<StorageError>(out.string(), ": cannot be made (", error.message(), "); choose another with --out");

  const std::string family = saved.metadata.contains("model") ? saved.metadata.at("model") : "";
  std::vector<std::string> files;
  const auto file = [&](const char* name) { return files.emplace_back((out / name).string()); };
  writing([&] {
    if (!history.empty())
      draw_curve(file("curve.png"), family, data.data, history, figures.value_or(RunFigures{}).baselines);
    draw_likelihoods(file("likelihoods.png"), model, data);
    draw_latents(file("latents.png"), model, data.part, data.levels, data.name + ": the first two latents");
    draw_model(file, family, model, data.data, options.seed);
  });
  if (data.data.dimensions() == 2 && !data.data.is_image()) {
    JacobianOptions film;  // the Jacobians, and the plane, layer by layer
    film.model = options.run;
    film.out = (out / "jacobians.png").string();
    for (const std::string& f : jacobian_pictures(film)) files.push_back(f);
  }
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"files", files}}.dump() << std::endl;
  } else {
    for (const std::string& f : files) std::cout << "picture: " << f << "\n";
    std::cout << std::flush;
  }
  return 0;
}

}  // namespace bijou
