// bijou score: an anomaly detector that says where it cannot be trusted. The scores are scores.hpp's, what is said of
// them score_report.cpp's.
#include "apps/density.hpp"
#include "apps/output.hpp"
#include "apps/run_data.hpp"
#include "apps/run_folder.hpp"
#include "apps/score_report.hpp"
#include "flows/ledger.hpp"

#include <cmath>
#include <filesystem>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// Examples that are scored together, and whether they are anomalous, where that is known.
struct Group {
  std::string name;
  const Examples* examples;
  std::vector<bool> anomalous;  // empty: not known
};

Measured measure_all(const ScoreMakers& makers, const Examples& examples) {
  Measured all;
  measure(makers, examples, [&](const Measured& m, int64_t) {
    const auto add = [](std::vector<double>& to, const std::vector<double>& more) {
      to.insert(to.end(), more.begin(), more.end());
    };
    add(all.nll, m.nll);
    add(all.deflated, m.deflated);
    add(all.nll_against, m.nll_against);
    add(all.gradient, m.gradient);
  });
  return all;
}

// Without anomalies: what --clean names, or the validation part of the run's own data (its training part, if it has
// none).
Examples clean_examples(const SavedFlow& saved, const ScoreOptions& options, const RunData& data) {
  RunDataOptions clean = options;
  clean.split = "all";
  if (!options.clean.empty()) {
    clean.data = options.clean;
    clean.test_data.clear();
    return load_run_data(saved, clean).part;
  }
  const auto of = [](const Dataset& own) { return own.validation.size() > 0 ? own.validation : own.train; };
  if (options.data.empty() && options.test_data.empty()) return of(data.data);
  clean.data.clear();
  clean.test_data.clear();
  clean.split = "train";
  try {
    return of(load_run_data(saved, clean).data);
  } catch (const Error& e) {
    fail<UsageError>("clean data are needed, for the threshold and for typicality, and the run's own are not at hand (",
                     e.what(), "); name some with --clean");
  }
}

// Without those that their labels call anomalous.
Examples only_normal(Examples clean, const ScoreOptions& options) {
  if (clean.labels.empty()) return clean;
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < clean.size(); ++i) {
    if (clean.labels[static_cast<size_t>(i)] == options.normal.value_or(0)) kept.push_back(i);
  }
  if (kept.empty())
    fail<UsageError>("of the ", clean.size(), " examples that should be clean none has the label ",
                     options.normal.value_or(0), ", which is normal; name clean data with --clean");
  return clean.select(kept);
}

// By --normal; else labels 0 and 1, of which 1 is anomalous; else nothing is known.
std::vector<bool> anomalous_by_label(const ScoreOptions& options, const RunData& data) {
  const auto& labels = data.part.labels;
  if (labels.empty()) {
    if (options.normal) fail<UsageError>("--normal ", *options.normal, ": ", data.name, " has no labels");
    return {};
  }
  const auto [least, most] = std::ranges::minmax(labels);
  if (!options.normal && (least < 0 || most > 1 || !options.anomalies.empty())) return {};
  const int normal = options.normal.value_or(0);
  std::vector<bool> anomalous;
  for (const int label : labels) anomalous.push_back(label != normal);
  const auto strange = std::ranges::count(anomalous, true), all = std::ssize(anomalous);
  if (options.anomalies.empty() && (strange == 0 || strange == all)) {
    const std::string alike = text("all ", all, " examples are ", strange == 0 ? "normal" : "anomalous",
                                   " by their labels: there is nothing to tell apart");
    if (options.normal) fail<UsageError>("--normal ", normal, ": ", alike);
    std::cerr << "warning: " << alike << "; no AUROC\n";
    return {};
  }
  return anomalous;
}

Files files_of(const ScoreOptions& options, bool labelled, bool maps) {
  const char* const endings[] = {".csv"};
  Files files;
  files.scores = output_path(options, options.run, "scores.csv", endings);
  files.histogram = beside(files.scores, "histogram", ".png");
  if (labelled) files.roc = beside(files.scores, "roc", ".png");
  if (maps) files.maps = beside(files.scores, "maps", ".png");
  for (const std::string& file : {files.histogram, files.roc, files.maps}) {
    if (!file.empty()) refuse_existing(file, options);
  }
  // With --force: pictures of earlier scores that are not drawn anew would be taken for these.
  std::error_code ignored;
  for (const char* picture : {"roc", "maps"}) {
    const std::string file = beside(files.scores, picture, ".png");
    if (options.force && file != files.roc && file != files.maps) std::filesystem::remove(file, ignored);
  }
  return files;
}

// A header, and a line for each example.
class ScoreTable {
 public:
  explicit ScoreTable(const std::string& path) : file_(path, 0, {1}) {}
  void add(const Group& group, const std::vector<Score>& scores, int64_t first, double threshold,
           const std::string& recommended) {
    if (!begun_) {
      std::string header = "example,of,label,anomalous";
      for (const Score& s : scores) header += "," + s.name;
      file_.append(header + ",alarm");
      begun_ = true;
    }
    for (size_t i = 0; i < scores[0].values.size(); ++i) {
      const size_t row = static_cast<size_t>(first) + i;
      std::string line = text(row, ",", quoted(group.name), ",");
      if (!group.examples->labels.empty()) line += text(group.examples->labels[row]);
      line += ",";
      if (!group.anomalous.empty()) line += group.anomalous[row] ? "1" : "0";
      bool alarm = false;
      for (const Score& s : scores) {
        char number[32];
        std::snprintf(number, sizeof number, ",%.9g", s.values[i]);
        line += number;
        if (s.name == recommended) alarm = s.values[i] > threshold;
      }
      file_.append(line + (alarm ? ",1" : ",0"));
    }
  }
  void finish() { file_.finish(); }

 private:
  static std::string quoted(const std::string& word) {
    if (word.find_first_of(",\"\n") == std::string::npos) return word;
    std::string out = "\"";
    for (const char c : word) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  }
  RowFile file_;
  bool begun_ = false;
};

void require_finite(const std::vector<Score>& scores, const std::string& of, int64_t first) {
  for (const Score& s : scores) {
    const auto bad = std::ranges::find_if(s.values, [](double v) { return !std::isfinite(v); });
    if (bad != s.values.end()) {
      fail<NonFiniteError>(of, ": the score '", s.name, "' of example ", first + (bad - s.values.begin()),
                           " is not finite under this model; are these data like those it was trained on?");
    }
  }
}

Scored score_all(const ScoreMakers& makers, const std::vector<Group>& groups, const Examples& clean_examples,
                 bool image, const ScoreOptions& options, const std::string& table_path) {
  Scored all;
  all.recommended = recommended_score(image);
  const int64_t d = clean_examples.shape().from(1).numel();
  const Measured clean = measure_all(makers, clean_examples);
  all.clean_nll = clean.nll;
  all.h = estimate(clean.nll).mean / static_cast<double>(d);
  all.clean = scores_of(clean, d, all.h);
  all.threshold = threshold_for(named(all.clean, all.recommended), options.false_alarms);

  ScoreTable table(table_path);
  for (const Group& group : groups) {
    measure(makers, *group.examples, [&](const Measured& m, int64_t first) {
      std::vector<Score> block = scores_of(m, d, all.h);
      require_finite(block, group.name, first);
      table.add(group, block, first, all.threshold, all.recommended);
      if (all.scores.empty()) {
        all.scores = std::move(block);
        return;
      }
      for (size_t s = 0; s < all.scores.size(); ++s)
        all.scores[s].values.insert(all.scores[s].values.end(), block[s].values.begin(), block[s].values.end());
    });
    all.anomalous.insert(all.anomalous.end(), group.anomalous.begin(), group.anomalous.end());
  }
  table.finish();
  if (all.labelled()) {
    std::vector<std::vector<double>> values;
    for (const Score& s : all.scores) values.push_back(s.values);
    all.found = detect(values, all.anomalous, kBootstrap, options.seed);
  }
  return all;
}

// The model of --against, for the same examples.
std::optional<SavedFlow> background_of(const ScoreOptions& options, const DataSpec& spec) {
  if (options.against.empty()) return std::nullopt;
  SavedFlow other = load_flow(checkpoint_of(options.against));
  const DataSpec& its = data_of(other.config);
  if (its.input != spec.input || its.levels != spec.levels) {
    fail<CheckpointError>(options.against, ": a model of ", its.input, " of ", its.levels,
                          " levels cannot be compared with ", options.run, ", of ", spec.input, " of ", spec.levels);
  }
  return other;
}

}  // namespace

int score(const ScoreOptions& options) {
  const SavedFlow saved = load_flow(checkpoint_of(options.run));
  const std::optional<SavedFlow> background = background_of(options, data_of(saved.config));
  const RunData data = load_run_data(saved, options);
  const bool image = data.data.is_image() && data.levels > 1;
  std::vector<Group> groups{{data.name, &data.part, anomalous_by_label(options, data)}};
  std::optional<RunData> others;
  if (!options.anomalies.empty()) {
    RunDataOptions asked = options;
    asked.data.clear();
    asked.test_data = options.anomalies;  // all of them, or their own test part
    asked.split = "test";
    others = load_run_data(saved, asked);
    if (groups[0].anomalous.empty()) groups[0].anomalous.assign(static_cast<size_t>(data.part.size()), false);
    groups.push_back({others->name, &others->part, std::vector<bool>(static_cast<size_t>(others->part.size()), true)});
  }
  if (options.maps > 0 && !image) fail<UsageError>("--maps is for images of whole numbers; ", data.name, " are none");
  const bool by_label = !groups[0].anomalous.empty() && (options.anomalies.empty() || options.normal);
  const Files files = files_of(options, !groups[0].anomalous.empty(), image && options.maps > 0);
  const ScoreMakers makers{*saved.model, background ? background->model.get() : nullptr, image ? data.levels : 0,
                           options.gradient};
  const Scored all = score_all(
      makers, groups,
      by_label ? only_normal(clean_examples(saved, options, data), options) : clean_examples(saved, options, data),
      image, options, files.scores);

  if (all.labelled()) draw_roc(files.roc, all, others ? data.name + " against " + others->name : data.name);
  draw_histogram(files.histogram, all, data.name, options.false_alarms);
  if (!files.maps.empty()) {
    const std::vector<double> of_part(all.chosen().begin(), all.chosen().begin() + data.part.size());
    draw_maps(files.maps, *saved.model, data.part, data.levels, of_part, options.maps);
  }

  if (options.json) {
    print_json(all, files);
    return 0;
  }
  std::cout << data.name << ", " << options.split << " part, " << data.part.size() << " examples";
  if (others) std::cout << "; anomalous: " << others->name << ", " << others->part.size();
  std::cout << "\n\n";
  print(all, files, image, options.false_alarms);
  return 0;
}

}  // namespace bijou
