// bijou jacobian: the layers' Jacobians as pictures. The matrices come from inspect/jacobians.cpp, in double.
#include "apps/check_source.hpp"
#include "apps/jacobian.hpp"
#include "apps/options.hpp"
#include "apps/plot/jacobians.hpp"
#include "apps/plot/pictures.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <numbers>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;
using bijou_inspect::LayerJacobian;
using bijou_inspect::PlainMatrix;
using bijou_inspect::PlainPoints;
using bijou_inspect::PlaneFrame;

constexpr size_t kSheetSide = 160;  // a small picture's rows and columns

plot::Matrix matrix(const PlainMatrix& m) { return {m.values, m.rows, m.columns}; }

// A determinant by its logarithm: as a number where it is a handy one, else as a power of ten.
std::string magnitude(int sign, double log_abs) {
  const double power = log_abs / std::numbers::ln10;
  char out[48];
  if (std::abs(power) < 6) std::snprintf(out, sizeof out, "%.6g", sign * std::exp(log_abs));
  else std::snprintf(out, sizeof out, "%s10^%.4f", sign < 0 ? "-" : "", power);
  return out;
}

std::string figure(double v) {
  char out[32];
  std::snprintf(out, sizeof out, "%.8g", v);
  return out;
}

// "y = s x + b    Glow table 1" -> "Glow table 1: y = s x + b": a picture's lines keep no gaps.
std::string source_first(const std::string& equation) {
  const size_t gap = equation.find("    ");
  return gap == std::string::npos ? equation : equation.substr(gap + 4) + ": " + equation.substr(0, gap);
}

plot::JacobianView page_of(const LayerJacobian& layer) {
  plot::JacobianView view;
  view.title = layer.name + ": " + layer.description;
  view.equation = source_first(layer.equation);
  view.natural = matrix(layer.natural);
  view.natural_note = "dy/dx in the layer's own order";
  view.ordered = matrix(layer.ordered);
  view.ordered_note = layer.order;
  view.facts.push_back("det dy/dx = " + magnitude(layer.sign, layer.log_det) +
                       (layer.diagonal_is_det ? "; product of the diagonal on the right = " +
                                                    magnitude(layer.diagonal_sign, layer.diagonal)
                                              : ""));
  view.facts.push_back("log|det dy/dx| = " + figure(layer.formula) + " by the layer's formula, " +
                       figure(layer.log_det) + " from the matrix");
  if (layer.part.rows > 0) {
    view.natural_note += ", " + layer.order;
    view.ordered = matrix(layer.part);
    view.facts.front() += text(" = (det W)^", layer.natural.rows / layer.part.rows);
    view.ordered_note = layer.part_note;
  }
  return view;
}

// In a sheet there is room for a few words.
plot::JacobianView thumbnail_of(const LayerJacobian& layer) {
  plot::JacobianView view;
  view.title = layer.short_name;
  view.facts = {"log|det| = " + figure(std::round(layer.formula * 1e4) / 1e4)};
  view.ordered = plot::shrink(matrix(layer.ordered), kSheetSide);
  view.ordered_note = layer.order;
  return view;
}

std::vector<plot::Point> points(const PlainPoints& from) {
  std::vector<plot::Point> to;
  for (const auto& p : from) to.push_back({p[0], p[1]});
  return to;
}

plot::LatticePanel panel(const PlaneFrame& frame) {
  plot::LatticePanel p;
  p.title = frame.title;
  p.points = points(frame.points);
  for (const auto& line : frame.vertical) p.vertical.push_back(points(line));
  for (const auto& line : frame.horizontal) p.horizontal.push_back(points(line));
  return p;
}

// In the run folder, or in the current one for a family or a checkpoint file.
std::string beside(const std::string& model, const std::string& name) {
  std::error_code error;
  const auto known = families();
  const bool folder = std::ranges::find(known, model) == known.end() && fs::is_directory(model, error);
  return folder ? (fs::path(model) / name).string() : name;
}

}  // namespace

std::vector<std::string> jacobian_pictures(const JacobianOptions& options) {
  const auto source = source_of(options.model, options.preset, options.seed);
  const std::string name = options.layer.empty() ? "jacobians.png" : "jacobian-" + options.layer + ".png";
  const std::string out = options.out.empty() ? beside(options.model, name) : options.out;
  require_png(out);
  std::vector<plot::JacobianView> views;
  const auto result = through_door([&] {
    return bijou_inspect::jacobians_f64(source, options.layer, [&](const LayerJacobian& layer) {
      views.push_back(options.layer.empty() ? thumbnail_of(layer) : page_of(layer));
    });
  });
  std::string title = result.title;
  for (const std::string& note : result.notes) title += "; " + note;
  title += "; rows and columns in the order that shows the structure";
  drawing([&] {
    if (options.layer.empty()) plot::jacobian_sheet(out, views, title);
    else plot::jacobian_page(out, views.front());
  });
  if (result.film.empty()) return {out};
  const fs::path stem = fs::path(out).parent_path() / fs::path(out).stem();
  const std::string film = options.out.empty() ? beside(options.model, "film.png") : stem.string() + "-film.png";
  std::vector<plot::LatticePanel> frames;
  for (const PlaneFrame& frame : result.film) frames.push_back(panel(frame));
  drawing([&] { plot::film_strip(film, frames, {}, result.title + ": the plane, layer by layer"); });
  return {out, film};
}

int draw_jacobians(const JacobianOptions& options) {
  for (const std::string& file : jacobian_pictures(options)) std::cout << "picture: " << file << "\n";
  std::cout << std::flush;
  return 0;
}

void require_png(const std::string& out) {
  if (fs::path(out).extension() != ".png") fail<UsageError>("--out ", out, ": the picture is a .png");
}

}  // namespace bijou
