// The pictures of a run, drawn from a model.
#pragma once
#include "apps/density.hpp"
#include "apps/loop_state.hpp"
#include "apps/run_folder.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

// How many of so many images go on a sheet that is drawn unasked: large ones are fewer, so that a training never stops
// for want of paper.
int64_t fit_on_sheet(int64_t wanted, const Shape& image);

// Images as sheets: samples at a temperature. UsageError: more than a picture can hold.
void draw_samples(const std::string& path, const FlowModel& model, int levels, const Draw& draw);

// All that `bijou train` draws at its end; returns the files' names. `history` is for the curve.
struct NamedFigure {
  std::string name;
  double nats;
};
std::vector<std::string> draw_run(const RunFolder& run, const std::string& family, const FlowModel& model,
                                  const Dataset& data, const std::vector<LoopState::Row>& history,
                                  const std::vector<NamedFigure>& baselines, uint64_t seed);

}  // namespace bijou
