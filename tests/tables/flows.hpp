// The table of flows: rows for every class derived from Flow, and for whole models. A new layer gets its rows in
// flows.cpp, and with them every law of tests/laws/flow_*.cpp; the laws fail when a class has none.
#pragma once
#include "flows/zoo.hpp"
#include "tests/tables/door.hpp"

#include <functional>
#include <optional>

namespace bijou::inline BIJOU_SCALAR {

struct Range {
  double low = 0, high = 0;
};  // of inputs: uniform on [low, high); N(0, 1) when the two are equal

struct FlowCase {
  std::string name;                                       // of the test cases: `flow: <law>: <name>`
  const char* covers;                                     // the class derived from Flow
  int64_t batch;                                          // examples in the inputs
  std::function<std::unique_ptr<Flow>(Rng&)> layer = {};  // makes a layer by itself; or else there is
  Range range = {};
  std::optional<FlowConfig> model = {};     // a whole model, of which the row is the bijection
  std::function<bool(int64_t)> stays = {};  // couplings: is value i of an example one of x1?
  bool keeps_volume = false;                // its log-determinant is exactly zero
  double noise = 0.3;                       // on all weights: see add_noise
  double rough = 3;                         // times that, for the law of many weights
};

const std::vector<FlowCase>& flow_cases();
const FlowCase& flow_case(const std::string& name);

// What a row makes. All parameters and running statistics have seeded noise on them: a layer that starts as the
// identity, with moments 0 and 1, would hide mistakes.
struct FlowInstance {
  std::unique_ptr<Module> owner;  // the flow itself, or the FlowModel around it
  Flow* flow;
};
FlowInstance make_flow(const FlowCase& row, uint64_t seed = 2);
void add_noise(const Module& module, uint64_t seed, double parameters = 0.3);

// The same numbers in both scalar builds, up to rounding: inputs [N, input], and latents [N, output] to invert.
Tensor draw_data(const FlowCase& row, const Flow& flow, uint64_t seed = 3);
Tensor draw_latents(const FlowCase& row, const Flow& flow);

}  // namespace bijou

namespace bijou_door {

// For a row: the values of y and then of log_det, and of x = inverse(latents).
std::vector<double> flow_values_f32(const std::string& row);
std::vector<double> flow_values_f64(const std::string& row);

}  // namespace bijou_door
