// bijou report: a run on one page.
#include "apps/report.hpp"

#include "apps/html.hpp"
#include "apps/output.hpp"
#include "apps/run_data.hpp"
#include "apps/run_folder.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

// What the page needs is in it: the browser is told to fetch nothing.
constexpr const char* kHead =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:\">\n";

std::string page_of(const ReportSource& source, const std::vector<Section>& sections) {
  const auto family = source.saved.metadata.find("model");
  const std::string title = (family == source.saved.metadata.end() ? "" : family_title(family->second) + " on ") +
                            data_name(source.data_name) + ": report of a run";
  std::string page = kHead + html::element("title", title) + html::style() + "</head>\n<body>\n" + report_head(source);
  page += "<nav aria-label=\"sections\">";
  for (const Section& s : sections) page += "<a href=\"#" + s.id + "\">" + html::escaped(s.title) + "</a>";
  page += "</nav>\n<main>\n";
  for (const Section& s : sections) {
    page += "<section id=\"" + s.id + "\">\n" + html::element("h2", s.title) + "\n" + s.body + "</section>\n";
  }
  return page +
         "</main>\n<footer>Written by <code>bijou report</code>. The file holds everything that it shows, and "
         "fetches nothing.</footer>\n</body>\n</html>\n";
}

void refuse_checkpoint(const std::string& run) {
  std::error_code error;
  if (!fs::exists(run, error) || fs::is_directory(run, error)) return;
  const fs::path folder = fs::path(run).parent_path().parent_path();
  const bool beside = fs::exists(folder / "config.json", error) || fs::exists(folder / "log.csv", error);
  fail<UsageError>(run, ": a checkpoint alone; a report is of a run folder, with its log.csv, config.json and samples/",
                   beside ? "; name " + shell_quoted(folder.empty() ? "." : folder.string()) : "");
}

// What an older program left has no figures: the test part's are computed, what only training knew stays away.
void complete_figures(ReportSource& source) {
  source.figures = figures_of(source.run);
  const auto epoch = source.saved.metadata.find("epoch");
  const bool same =
      source.figures && (epoch == source.saved.metadata.end() || epoch->second == text(source.figures->epoch));
  if (same) return;
  std::error_code error;
  source.figures_missing = fs::exists(fs::path(source.run) / "figures.json", error)
                               ? "figures.json is of another checkpoint, or broken"
                               : "The run has no figures.json: its training has not ended yet, or an older program "
                                 "trained it, or it was imported";
  source.figures_missing += ". So the page lacks baselines, date and the command that made it.";
  source.figures.reset();
  if (source.data == nullptr || source.data->test.size() == 0) return;
  source.figures.emplace();
  enter(*source.figures, ledger_of(source.model(), source.data->test, source.data->levels), source.data->test.size());
  if (source.model().has_classes() && !source.data->test.labels.empty())
    source.figures->classes = class_figures(source.model(), source.data->test, source.data->levels);
}

}  // namespace

std::string note(const std::string& words) { return "<p class=\"note\">" + html::escaped(words) + "</p>\n"; }

std::vector<std::string> write_report(const std::string& path, const ReportSource& source) {
  std::vector<Section> sections;
  using Make = Section (*)(const ReportSource&);
  const std::tuple<const char*, const char*, Make> all[] = {
      {"figures", "Figures", report_figures},
      {"curves", "Training", report_curves},
      {"epochs", "Epoch by epoch", report_epochs},
      {"samples", "Samples", report_samples},
      {"jacobians", "Jacobians", report_jacobians},
      {"ledger", "Ledger", report_ledger},
      {"likelihoods", "Likelihoods", report_likelihoods},
      {"configuration", "Configuration", report_configuration},
      {"commands", "Commands", report_commands},
  };
  for (const auto& [id, title, make] : all) {
    Section section;
    try {
      section = make(source);
    } catch (const StorageError&) {
      throw;
    } catch (const Error& e) {  // of a model that diverged, say: the other sections can still be shown
      section.body = note(std::string("This section cannot be drawn: ") + e.what());
    }
    section.id = id;
    if (section.title.empty()) section.title = title;
    if (!section.body.empty()) sections.push_back(std::move(section));
  }
  write_whole(path, page_of(source, sections));
  std::vector<std::string> ids;
  for (const Section& s : sections) ids.push_back(s.id);
  return ids;
}

int report(const ReportOptions& options) {
  refuse_checkpoint(options.run);
  const std::string checkpoint = checkpoint_of(options.run);
  const char* const endings[] = {".html", ".htm"};
  const std::string out = output_path(options, options.run, "report.html", endings);
  const SavedFlow saved = load_flow(checkpoint);
  std::optional<RunData> data;
  ReportSource source{.run = options.run, .checkpoint = checkpoint, .saved = saved};
  try {
    data = load_run_data(saved, options);
    source.data = &data->data;
    source.data_name = data->name;
  } catch (const Error& e) {
    if (!options.data.empty() || !options.test_data.empty()) throw;  // asked for
    source.data_missing = e.what();
    source.data_name = data_of_run(options.run, saved.metadata);
    if (source.data_name.empty()) source.data_name = "unknown data";
  }
  complete_figures(source);
  const auto sections = write_report(out, source);
  if (options.json) {
    nlohmann::ordered_json j{{"file", out}, {"sections", sections}};
    if (!source.data_missing.empty()) j["data_missing"] = source.data_missing;
    if (!source.figures_missing.empty()) j["figures_missing"] = source.figures_missing;
    std::cout << j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
  } else {
    std::cout << "report: " << out << std::endl;
  }
  return 0;
}

}  // namespace bijou
