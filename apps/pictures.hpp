// The pictures of a run, drawn from a model.
#pragma once
#include "apps/density.hpp"
#include "apps/loop_state.hpp"
#include "apps/run_folder.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Images as sheets: samples at a temperature.
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
