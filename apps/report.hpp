// report.html: a run on one page, which holds all that it shows. The page is report.cpp's; what is said in words and
// numbers is report_figures.cpp's, what is drawn from the model report_pictures.cpp's.
#pragma once
#include "apps/run_figures.hpp"
#include "flows/checkpoint.hpp"

namespace bijou::inline BIJOU_SCALAR {

// What a page is made of.
struct ReportSource {
  std::string run, checkpoint;  // the folder, and the file of the model
  const SavedFlow& saved;
  const Dataset* data = nullptr;  // nullptr: they are not at hand
  std::string data_missing = {};  // why they are not
  std::string data_name = {};
  std::optional<RunFigures> figures = {};
  std::string figures_missing = {};  // what the page says where they are not those that a training left
  uint64_t seed = 0;

  const FlowModel& model() const { return *saved.model; }
  const DataSpec& spec() const { return data_of(saved.config); }
  int64_t dimensions() const { return spec().input.numel(); }
  bool images() const { return spec().input.rank() == 3 && spec().levels > 1; }
  bool plane() const { return dimensions() == 2 && spec().input.rank() == 1; }
  Unit unit() const { return unit_of(spec().levels, dimensions()); }
  std::string program() const { return figures && !figures->command.empty() ? figures->command[0] : "bijou"; }
};

struct Section {
  std::string id, title, body;  // of HTML; an empty body: there is no such section
};

// Words and numbers.
std::string report_head(const ReportSource& source);
Section report_figures(const ReportSource& source);
Section report_curves(const ReportSource& source);
Section report_ledger(const ReportSource& source);
Section report_configuration(const ReportSource& source);
Section report_commands(const ReportSource& source);

// Pictures.
Section report_epochs(const ReportSource& source);
Section report_samples(const ReportSource& source);
Section report_jacobians(const ReportSource& source);
Section report_likelihoods(const ReportSource& source);

std::string note(const std::string& words);  // a paragraph in small print

// Writes the page, all or nothing, and returns its sections' ids. StorageError: it cannot be written.
std::vector<std::string> write_report(const std::string& path, const ReportSource& source);

}  // namespace bijou
