#include "apps/loop_state.hpp"

#include "autograd/check.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {

// The library prints a double with as many digits as give it back to the last bit.
std::string to_json(const LoopState& s) {
  nlohmann::ordered_json j;
  j["step"] = s.step;
  j["sums"] = {{"steps", s.sums.steps},
               {"clipped", s.sums.clipped},
               {"nll", s.sums.nll},
               {"gradient_norm", s.sums.gradient_norm}};
  j["best"] = std::isfinite(s.best) ? nlohmann::ordered_json(s.best) : nlohmann::ordered_json();  // null: none yet
  j["best_epoch"] = s.best_epoch;
  j["best_step"] = s.best_step;
  j["history"] = nlohmann::ordered_json::array();
  for (const auto& row : s.history) j["history"].push_back({row.epoch, row.train, row.validation});
  return j.dump();
}

LoopState loop_state_from_json(const std::string& json, const std::string& path) {
  try {
    const auto j = nlohmann::json::parse(json);
    LoopState s;
    s.step = j.at("step");
    const auto& sums = j.at("sums");
    s.sums = {sums.at("steps"), sums.at("clipped"), sums.at("nll"), sums.at("gradient_norm")};
    if (!j.at("best").is_null()) s.best = j.at("best");
    s.best_epoch = j.at("best_epoch");
    s.best_step = j.at("best_step");
    for (const auto& row : j.at("history")) s.history.push_back({row.at(0), row.at(1), row.at(2)});
    if (s.step < 0 || s.sums.steps < 0 || s.best_step > s.step) fail<ValueError>("its numbers contradict each other");
    return s;
  } catch (const std::exception& e) {
    fail<CheckpointError>(path, ": it does not say where its training stood (", e.what(),
                          "); go on from another checkpoint, or train anew");
  }
}

}  // namespace bijou
