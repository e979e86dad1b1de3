// bijou check: every layer of a model against its own mathematics, in double precision. The checks are in
// inspect/check_model.cpp; here is what they look like.
#include "apps/check_source.hpp"
#include "apps/options.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include <unistd.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

using bijou_inspect::LayerCheck;
using bijou_inspect::LogDet;
using bijou_inspect::ModelCheck;
using bijou_inspect::ParameterCheck;
using bijou_inspect::RoundTrip;
using bijou_inspect::RoundTrips;
using nlohmann::ordered_json;

// --- one JSON object -----------------------------------------------------------------------------------------------

ordered_json as_json(const RoundTrip& t) { return {{"error", t.error}, {"ulp", t.units}, {"largest", t.largest}}; }

ordered_json as_json(const RoundTrips& trips) { return {{"x", as_json(trips.x)}, {"y", as_json(trips.y)}}; }

ordered_json as_json(const LayerCheck& check) {
  ordered_json j{{"name", check.name}, {"description", check.description}, {"dimensions", check.dimensions}};
  if (!check.equation.empty()) j["equation"] = check.equation;
  for (const LogDet& d : check.log_dets) {
    ordered_json entry{{"formula", d.formula}};
    if (d.by_autodiff) entry["autodiff"] = d.autodiff;
    if (d.by_differences) entry["differences"] = d.differences;
    j["log_det"].push_back(entry);
  }
  j["gradients"] = ordered_json::array();
  for (const ParameterCheck& p : check.parameters) {
    j["gradients"].push_back({{"parameter", p.name},
                              {"shape", p.shape},
                              {"measured", p.measured},
                              {"error", p.error},
                              {"gradient", p.gradient},
                              {"difference", p.difference}});
  }
  if (check.inverts) {
    j["round_trips_double"] = as_json(check.in_double);
    j["round_trips_float"] = as_json(check.in_float);
  }
  j["passed"] = check.failures.empty();
  j["failures"] = check.failures;
  return j;
}

std::vector<std::string> failing(const ModelCheck& result) {
  std::vector<std::string> names;
  for (const auto* part : {&result.layers, &result.wholes}) {
    for (const LayerCheck& check : *part) {
      if (!check.failures.empty()) names.push_back(check.name);
    }
  }
  return names;
}

void print_json(const ModelCheck& result) {
  ordered_json j{{"model", result.title}, {"notes", result.notes}};
  j["bounds"] = {
      {"exact", result.bound_exact}, {"differences", result.bound_differences}, {"float", result.bound_float}};
  for (const LayerCheck& check : result.layers) j["layers"].push_back(as_json(check));
  for (const LayerCheck& check : result.wholes) j["whole"].push_back(as_json(check));
  j["failing"] = failing(result);
  j["passed"] = failing(result).empty();
  std::cout << j.dump() << std::endl;
}

// --- a table -------------------------------------------------------------------------------------------------------

bool in_colour() {
  const char *none = std::getenv("NO_COLOR"), *terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && (none == nullptr || *none == '\0') &&
         (terminal == nullptr || std::string(terminal) != "dumb");
}

struct Paint {
  bool on;
  std::string operator()(const char* code, const std::string& words) const {
    return on ? text("\033[", code, "m", words, "\033[0m") : words;
  }
};

std::string padded(std::string s, size_t width) { return s.resize(std::max(s.size(), width), ' '), s; }

std::string number(const char* format, double v) {
  char out[40];
  std::snprintf(out, sizeof out, format, v);
  return out;
}

// "-" for what was not asked; an error of exactly 0 is said as such.
std::string error(bool asked, double v) { return !asked ? "-" : v == 0 ? "0" : number("%.1e", v); }

double worst(double a, double b) { return a > b || std::isnan(a) ? a : b; }

struct Worst {
  double autodiff = 0, differences = 0, gradient = 0;
  size_t measured = 0;
  explicit Worst(const LayerCheck& check) {
    for (const LogDet& d : check.log_dets) {
      autodiff = worst(d.autodiff_error, autodiff);
      differences = worst(d.differences_error, differences);
    }
    for (const ParameterCheck& p : check.parameters) gradient = worst(p.error, gradient), measured += p.measured;
  }
};

// Two numbers, of x and of y: the errors, and in brackets the larger one in units in the last place.
std::string trips(const LayerCheck& check, const RoundTrips& t) {
  if (!check.inverts) return "-";
  return error(true, worst(t.x.error, t.y.error)) + " (" + number("%.1f", worst(t.x.units, t.y.units)) + ")";
}

constexpr const char* kColumns[] = {"log|det|",  "autodiff",           "differences",
                                    "gradients", "round trip, double", "round trip, float"};
constexpr size_t kWidths[] = {12, 10, 12, 14, 20, 18};

void print_row(const LayerCheck& check, const Paint& paint) {
  const Worst w(check);
  const bool ok = check.failures.empty();
  std::cout << paint(ok ? "32" : "1;31", ok ? "ok    " : "FAILS ") << paint("1", check.name) << "  "
            << check.description << "\n";
  const std::string cells[] = {
      check.log_dets.empty() ? "-" : number("%.4f", check.log_dets[0].formula),
      error(check.by_autodiff, w.autodiff),
      error(check.by_differences, w.differences),
      check.parameters.empty() ? "-" : error(true, w.gradient) + text(" of ", w.measured),
      trips(check, check.in_double),
      trips(check, check.in_float),
  };
  std::string line = "      ";
  for (size_t i = 0; i < std::size(cells); ++i) line += padded(cells[i], kWidths[i]) + "  ";
  std::cout << line << paint("2", check.equation) << "\n";
  for (const std::string& failure : check.failures) std::cout << "      " << paint("31", failure) << "\n";
}

void print_table(const ModelCheck& result) {
  const Paint paint{in_colour()};
  std::cout << paint("1", result.title) << "\n";
  for (const std::string& note : result.notes) std::cout << note << "\n";
  std::cout
      << "in double precision: the formula's log|det| of one example; relative errors of it against slogdet of the "
         "Jacobian, by autodiff\n(bound "
      << result.bound_exact << ") and by finite differences (" << result.bound_differences
      << "); of the gradients against finite differences (" << result.bound_differences
      << ");\nlargest absolute errors of x -> y -> x and y -> x -> y (" << result.bound_exact
      << " of the largest value; in float " << result.bound_float
      << "), in brackets in units in the last place of that value\n\n";
  std::string head = "      ";
  for (size_t i = 0; i < std::size(kColumns); ++i) head += padded(kColumns[i], kWidths[i]) + "  ";
  std::cout << paint("4", head + "equation") << "\n";
  for (const LayerCheck& check : result.layers) print_row(check, paint);
  std::cout << "\n";
  for (const LayerCheck& check : result.wholes) print_row(check, paint);
  const auto names = failing(result);
  if (names.empty()) {
    std::cout << "\n" << paint("32", text("check: all ", result.layers.size(), " layers passed")) << std::endl;
    return;
  }
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  std::cout << "\n" << paint("1;31", text("check: ", names.size(), " failed: ", all)) << std::endl;
}

}  // namespace

int check_model(const CheckOptions& options) {
  const auto source = source_of(options.model, options.preset, options.seed);
  const bool show = isatty(STDERR_FILENO);
  const auto progress = [&](const std::string& name) {
    if (show) std::fprintf(stderr, "\r\033[K%s", name.c_str());
  };
  const ModelCheck result = through_door([&] { return bijou_inspect::check_model_f64(source, progress); });
  if (show) std::fprintf(stderr, "\r\033[K");
  if (options.json) print_json(result);
  else print_table(result);
  return failing(result).empty() ? 0 : 1;
}

}  // namespace bijou
