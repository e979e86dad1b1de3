#include "apps/run_figures.hpp"

#include "flows/config_json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <ctime>
#include <sstream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const Estimate& e) {
  ordered_json j{{"nats", e.mean}};
  if (std::isfinite(e.error)) j["nats_error"] = e.error;  // of a single example there is none
  return j;
}

Estimate estimate_from(const ordered_json& j) { return {j.at("nats"), j.value("nats_error", std::nan(""))}; }

RunFigures figures_from(const ordered_json& j) {
  RunFigures f;
  f.command = j.value("command", f.command);
  f.finished = j.value("finished", "");
  f.blas = j.value("blas", "");
  f.seconds = j.value("seconds", 0.0);
  f.threads = j.value("threads", int64_t{0});
  f.epoch = j.value("epoch", int64_t{0});
  f.examples = j.at("test").value("examples", int64_t{0});
  f.test = estimate_from(j.at("test"));
  for (const auto& term : j.at("ledger")) f.ledger.push_back({term.at("term"), estimate_from(term)});
  for (const auto& b : j.at("baselines")) f.baselines.push_back({b.at("name"), b.at("nats")});
  if (j.contains("classes"))
    f.classes = ClassFigures{f.test.mean, j["classes"].at("nats_given_class"), j["classes"].at("accuracy")};
  return f;
}

}  // namespace

std::string to_json(const RunFigures& f) {
  ordered_json j{{"command", f.command}, {"finished", f.finished}, {"seconds", f.seconds},
                 {"threads", f.threads}, {"blas", f.blas},         {"epoch", f.epoch}};
  j["test"] = ordered_json{{"examples", f.examples}};
  j["test"].update(json_of(f.test));
  j["baselines"] = ordered_json::array();
  for (const NamedFigure& b : f.baselines) j["baselines"].push_back({{"name", b.name}, {"nats", b.nats}});
  j["ledger"] = ordered_json::array();
  for (const auto& term : f.ledger) {
    ordered_json entry{{"term", term.name}};
    entry.update(json_of(term.nats));
    j["ledger"].push_back(entry);
  }
  if (f.classes) j["classes"] = {{"nats_given_class", f.classes->nll_given_y}, {"accuracy", f.classes->accuracy}};
  // A word of the command may be no UTF-8; JSON is.
  return j.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::optional<RunFigures> figures_of(const std::string& run) {
  std::ifstream file(std::filesystem::path(run) / "figures.json");
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) return std::nullopt;
  try {
    require_modest_json(content.str());
    return figures_from(ordered_json::parse(content.str()));
  } catch (const std::exception&) {  // a number where words are expected, a file that was cut, ...
    return std::nullopt;
  }
}

void enter(RunFigures& figures, const Ledger& ledger, int64_t examples) {
  figures.examples = examples;
  figures.test = ledger.total();
  for (const Ledger::Term& term : ledger.terms()) figures.ledger.push_back({term.name, estimate(term.nats)});
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char out[40];
  std::strftime(out, sizeof out, "%Y-%m-%d %H:%M UTC", &parts);
  return out;
}

std::map<std::string, std::vector<double>> log_columns(const std::string& run) {
  std::ifstream log(std::filesystem::path(run) / "log.csv");
  std::string line, name;
  std::getline(log, line);
  std::vector<std::string> names;
  for (std::istringstream cells(line); std::getline(cells, name, ',');) names.push_back(name);
  std::map<std::string, std::vector<double>> columns;
  while (std::getline(log, line) && !log.eof()) {
    std::vector<double> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) {
      char* end = nullptr;
      row.push_back(std::strtod(cell.c_str(), &end));
      if (end == cell.c_str() || *end != '\0') row.back() = std::nan("");
    }
    if (row.size() != names.size()) break;
    for (size_t k = 0; k < names.size(); ++k) columns[names[k]].push_back(row[k]);
  }
  return columns;
}

std::vector<LoopState::Row> history_of(const std::string& run) {
  const auto log = log_columns(run);
  std::vector<LoopState::Row> history;
  if (!log.contains("epoch") || !log.contains("nll_nats") || !log.contains("validation_nll_nats")) return history;
  for (size_t i = 0; i < log.at("epoch").size(); ++i) {
    history.push_back(
        {static_cast<int64_t>(log.at("epoch")[i]), log.at("nll_nats")[i], log.at("validation_nll_nats")[i]});
  }
  return history;
}

}  // namespace bijou
