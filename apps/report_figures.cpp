// The report's words and numbers: figures, curves, the ledger, configuration, commands.
#include "apps/html_charts.hpp"
#include "apps/report.hpp"
#include "apps/run_folder.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using html::decimal;
using nlohmann::ordered_json;

std::string title_of(const ReportSource& source) {
  const auto family = source.saved.metadata.find("model");
  return family == source.saved.metadata.end() ? source.model().title() : family_title(family->second);
}

// The last row's clock counts over all processes of a training.
double seconds_of(const ReportSource& source) {
  const auto log = log_columns(source.run);
  const auto clock = log.find("wall_s");
  return clock == log.end() || clock->second.empty() ? 0 : clock->second.back();
}

std::string card(const std::string& value, const std::string& name, const std::string& more = "") {
  return "<div class=\"card\"><b>" + html::escaped(value) + "</b>" + html::element("span", name) +
         (more.empty() ? "" : html::element("small", more)) + "</div>\n";
}

int digits_for(const Unit& unit, double nats) {
  return unit.per_nat == 1 && std::abs(nats) >= 100 ? 1 : 3;  // nats of images go into thousands
}

// { "a": 1, "b": [2, 3] } as rows; what stands in lists stays as JSON.
std::vector<html::Row> rows_of(const ordered_json& object) {
  std::vector<html::Row> rows;
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) continue;
    rows.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return rows;
}

std::string code(const std::string& lines) { return "<pre><code>" + html::escaped(lines) + "</code></pre>\n"; }

std::string command_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words)
    if (word != "--resume") line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

std::string made_of(const Dataset& data) {
  return text(html::grouped(data.train.size()), " training, ", html::grouped(data.validation.size()), " validation, ",
              html::grouped(data.test.size()), " test examples");
}

}  // namespace

std::string report_head(const ReportSource& source) {
  const auto history = history_of(source.run);
  std::string lead = html::grouped(source.model().parameter_count()) + " parameters";
  if (!history.empty()) {
    lead += text(", ", history.back().epoch, history.back().epoch == 1 ? " epoch" : " epochs");
    if (const double seconds = seconds_of(source); seconds > 0) lead += " in " + html::duration(seconds);
  }
  if (source.figures && !source.figures->finished.empty()) lead += " · " + source.figures->finished;
  return "<header>\n<p class=\"eyebrow\">Bijou · " + html::escaped(source.run) + "</p>\n<h1>" +
         html::escaped(title_of(source)) + " <span>on " + html::escaped(data_name(source.data_name)) +
         "</span></h1>\n" + html::element("p", lead) + "\n</header>\n";
}

Section report_figures(const ReportSource& source) {
  const Unit unit = source.unit();
  std::string body = "<div class=\"hero\">\n";
  if (source.figures) {
    const RunFigures& f = *source.figures;
    const int digits = digits_for(unit, f.test.mean);
    body += "<div class=\"main\"><b>" + decimal(f.test.mean * unit.per_nat, digits) + "</b><span>" +
            html::escaped(unit.name) + ", test part</span>";
    if (std::isfinite(f.test.error))
      body += "<small>± " + decimal(f.test.error * unit.per_nat, digits) + " standard error over " +
              html::grouped(f.examples) + " examples</small>";
    body += "</div>\n";
  }
  const auto history = history_of(source.run);
  body += "<div class=\"cards\">\n";
  if (!history.empty()) {
    const auto best = std::ranges::min_element(history, {}, &LoopState::Row::validation);
    body +=
        card(text(history.back().epoch), history.back().epoch == 1 ? "epoch" : "epochs", text("best: ", best->epoch));
    body += card(html::duration(seconds_of(source)), "training",
                 source.figures && source.figures->threads > 0 ? text(source.figures->threads, " threads") : "");
  }
  body += card(html::grouped(source.model().parameter_count()), "parameters",
               text(html::grouped(source.dimensions()), " dimensions"));
  if (source.figures && source.figures->classes) {
    body +=
        card(decimal(100 * source.figures->classes->accuracy, 1) + "%", "classified right",
             decimal(source.figures->classes->nll_given_y * unit.per_nat, 3) + " " + unit.name + " given the class");
  }
  body += "</div>\n</div>\n";
  if (source.figures) {
    const RunFigures& f = *source.figures;
    std::vector<html::Bar> bars{{title_of(source), "", f.test.mean * unit.per_nat, true}};
    for (const NamedFigure& b : f.baselines) bars.push_back({b.name, "", b.nats * unit.per_nat});
    std::ranges::stable_sort(bars, {}, &html::Bar::value);
    if (bars.size() > 1)
      body += "<h3>-log p(x) of the test part; less is better</h3>\n" +
              html::bars(bars, digits_for(unit, f.test.mean), unit.name);
  } else {
    body += note("There is no test figure: " + source.data_missing + ".");
  }
  if (!source.figures_missing.empty()) body += note(source.figures_missing);
  if (source.data != nullptr) body += note(source.data_name + ": " + made_of(*source.data) + ".");
  return {.id = {}, .title = {}, .body = body};
}

Section report_curves(const ReportSource& source) {
  const auto history = history_of(source.run);
  if (history.empty()) return {.id = {}, .title = {}, .body = note("There is no log.csv with a finished epoch.")};
  const Unit unit = source.unit();
  html::Series validation{"validation", "a", {}, {}}, train{"train", "b", {}, {}};
  for (const LoopState::Row& row : history) {
    validation.x.push_back(static_cast<double>(row.epoch));
    train.x.push_back(static_cast<double>(row.epoch));
    validation.y.push_back(row.validation * unit.per_nat);
    train.y.push_back(row.train * unit.per_nat);
  }
  html::CurveStyle style{.x_label = "epoch", .y_label = unit.name};
  style.digits = digits_for(unit, history.back().validation);
  style.best = static_cast<size_t>(std::ranges::min_element(validation.y) - validation.y.begin());
  if (source.figures) {
    for (const NamedFigure& b : source.figures->baselines) style.levels.push_back({b.name, b.nats * unit.per_nat});
  }
  std::string body = html::curves({validation, train}, style);
  const auto log = log_columns(source.run);
  const auto small = [&](const char* column, const char* name) {
    const auto found = log.find(column);
    if (found == log.end() || found->second.size() < 2) return std::string();
    return "<div>" + html::element("h3", name) +
           html::curves({{name, "a", log.at("epoch"), found->second}},
                        {.x_label = "epoch", .y_label = "", .robust = false}) +
           "</div>\n";
  };
  const std::string more =
      small("lr", "learning rate") + small("grad_norm", "gradient norm") + small("images_per_s", "examples per second");
  if (!more.empty()) body += "<div class=\"three\">\n" + more + "</div>\n";
  return {.id = {}, .title = {}, .body = body};
}

Section report_ledger(const ReportSource& source) {
  if (!source.figures || source.figures->ledger.empty())
    return {.id = {}, .title = {}, .body = note("There is no ledger: " + source.data_missing + ".")};
  const RunFigures& f = *source.figures;
  const bool bits = source.images();
  const auto in_bits = [&](double nats) { return bits_per_dim(nats, source.dimensions()); };
  std::vector<html::Bar> bars;
  std::string rows;
  const auto row = [&](const std::string& name, const Estimate& e, const char* kind) {
    const auto cell = [](double v, int digits) {
      return "<td>" + (std::isfinite(v) ? decimal(v, digits) : std::string("–")) + "</td>";
    };
    rows += text("<tr", kind, "><th scope=\"row\">", html::escaped(name), "</th>", cell(e.mean, 3), cell(e.error, 3),
                 cell(in_bits(e.mean), 4), cell(in_bits(e.error), 4), "</tr>\n");
  };
  for (const auto& [name, nats] : f.ledger) {
    bars.push_back({name, "", bits ? in_bits(nats.mean) : nats.mean});
    row(name, nats, "");
  }
  bars.push_back({"sum", "", bits ? in_bits(f.test.mean) : f.test.mean, true});
  row("sum: -log p(x)", f.test, " class=\"sum\"");
  return {.id = {},
          .title = {},
          .body =
              "<p>The terms whose sum is -log p(x) of the test part: what the latents cost, and what the layers' "
              "log-determinants take back.</p>\n" +
              html::bars(bars, bits ? 4 : 3, bits ? "bits/dim" : "nats") +
              "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">term</th><th scope=\"col\">nats</th>"
              "<th scope=\"col\">std. error</th><th scope=\"col\">bits/dim</th><th scope=\"col\">std. error</th>"
              "</tr></thead>\n<tbody>\n" +
              rows + "</tbody></table></div>\n"};
}

Section report_configuration(const ReportSource& source) {
  const auto parsed = [](const std::string& json) {
    try {
      require_modest_json(json);
      return ordered_json::parse(json);
    } catch (const std::exception&) {
      return ordered_json::object();
    }
  };
  ordered_json config = parsed(html::read_file((std::filesystem::path(source.run) / "config.json").string()));
  std::string body;
  if (!config.is_object() || config.empty()) {
    const auto said = source.saved.metadata.find("training");  // the checkpoint's, without paths
    config = said == source.saved.metadata.end() ? ordered_json::object() : parsed(said->second);
    body += note("There is no config.json; this is what the checkpoint says.");
  }
  if (!config.is_object()) config = ordered_json::object();
  const ordered_json architecture =
      config.contains("architecture") ? config["architecture"] : parsed(config_to_json(source.saved.config));
  body += "<div class=\"two\">\n<div><h3>architecture</h3>\n" + html::facts(rows_of(architecture)) + "</div>\n<div>";
  if (config.contains("training")) body += "<h3>training</h3>\n" + html::facts(rows_of(config["training"]));
  body += "</div>\n</div>\n";
  if (const auto rest = rows_of(config); !rest.empty()) body += "<h3>the run</h3>\n" + html::facts(rest);
  const std::string structure = html::read_file((std::filesystem::path(source.run) / "model.txt").string());
  body += "<details><summary>The model, layer by layer</summary>" +
          code(structure.empty() ? source.model().summary() : structure) + "</details>\n";
  return {.id = {}, .title = {}, .body = body};
}

Section report_commands(const ReportSource& source) {
  std::string body;
  if (source.figures && !source.figures->command.empty()) {
    body += "<h3>This run was made by</h3>\n" + code(command_line(source.figures->command));
    if (!source.figures->blas.empty()) body += note(source.figures->blas);
  }
  const std::string program = shell_quoted(source.program()), run = shell_quoted(source.run);
  const auto line = [&](const std::string& command, const std::string& options) {
    return program + " " + command + " " + run + (options.empty() ? "" : " " + options) + "\n";
  };
  std::string lines = line("sample", source.images() ? "--count 64 --temperature 0.8" : "--count 1000");
  if (source.images()) lines += line("sample", "--sweep") + line("interpolate", "--from 0 1 --to 2 3");
  lines += line("evaluate", "--ledger") + line("score", "") + line("encode", "") + line("plot", "") +
           line("jacobian", "") + line("check", "");
  const auto family = source.saved.metadata.find("model");
  if (family != source.saved.metadata.end() && is_family(family->second))
    lines += program + " train --config " + shell_quoted((std::filesystem::path(source.run) / "config.json").string()) +
             " --out again\n";
  body += "<h3>From here</h3>\n" + code(lines);
  return {.id = {}, .title = {}, .body = body};
}

}  // namespace bijou
