#include "apps/golden.hpp"

#include "autograd/check.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

// As datasets/digits.cpp has its file: local labels, the path from the project's root.
asm(".pushsection .rodata\n"
    "bijou_golden_begin:\n"
    "  .incbin \"apps/golden/golden.csv\"\n"
    "bijou_golden_end:\n"
    "  .byte 0\n"
    ".popsection\n");
extern "C" const char bijou_golden_begin[];

namespace bijou::inline BIJOU_SCALAR {
namespace {

struct Line {
  std::string family, data, preset;
  GoldenCurve::Epoch epoch{};
  int seeds = 0;
  std::string machine, date;
};

// model,data,preset,epoch,mean,low,high,seeds,machine,date
std::vector<Line> lines() {
  std::vector<Line> all;
  std::istringstream file(bijou_golden_begin);
  std::string text_of_it;
  std::getline(file, text_of_it);  // the names
  while (std::getline(file, text_of_it)) {
    std::istringstream cells(text_of_it);
    const auto next = [&] {
      std::string cell;
      std::getline(cells, cell, ',');
      return cell;
    };
    Line line;
    line.family = next(), line.data = next(), line.preset = next();
    line.epoch.epoch = std::stoll(next());
    line.epoch.mean = std::stod(next()), line.epoch.low = std::stod(next()), line.epoch.high = std::stod(next());
    line.seeds = std::stoi(next());
    line.machine = next(), line.date = next();
    all.push_back(line);
  }
  return all;
}

std::string with_decimals(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3f", value);
  return out;
}

}  // namespace

std::string GoldenCurve::standing(int64_t epoch, double validation, const Unit& unit) const {
  const auto at = std::ranges::find(epochs, epoch, &Epoch::epoch);
  if (at == epochs.end()) return "";
  const double spread = at->high - at->low, above = validation - at->high, below = at->low - validation;
  const std::string golden =
      text("golden ", with_decimals(at->mean * unit.per_nat), " (", with_decimals(at->low * unit.per_nat), " to ",
           with_decimals(at->high * unit.per_nat), ")");
  if (above > spread) return text(golden, ", ", with_decimals(above * unit.per_nat), " above that range");
  if (below > spread) return text(golden, ", ", with_decimals(below * unit.per_nat), " below that range");
  return golden;
}

std::optional<GoldenCurve> golden_curve(const std::string& family, const std::string& data, const std::string& preset) {
  GoldenCurve curve;
  for (const Line& line : lines()) {
    if (line.family != family || line.data != data || line.preset != preset) continue;
    curve.epochs.push_back(line.epoch);
    curve.seeds = line.seeds;
    curve.machine = line.machine;
    curve.date = line.date;
  }
  if (curve.epochs.empty()) return std::nullopt;
  return curve;
}

std::string golden_names() {
  std::string all, last;
  for (const Line& line : lines()) {
    const std::string name = text(line.family, " --data ", line.data, " --preset ", line.preset);
    if (name != last) all += (all.empty() ? "" : "; ") + name;
    last = name;
  }
  return all.empty() ? "none yet" : all;
}

}  // namespace bijou
