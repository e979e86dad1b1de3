// What a finished training says of itself: the test part's figure beside baselines, and for classes.
#pragma once
#include "apps/train_plan.hpp"
#include "apps/pictures.hpp"

namespace bijou::inline BIJOU_SCALAR {

// Densities that learnt nothing, or little, of the same data: per-pixel histograms, a Gaussian, the entropy where it is
// known, NICE without its couplings. On the test part, in nats; some are trained for it.
std::vector<NamedFigure> baselines_of(const TrainPlan& plan, uint64_t seed);

void print_figures(const TrainPlan& plan, const std::string& family, double test_nats,
                   const std::vector<NamedFigure>& baselines);
std::optional<ClassFigures> class_figures_of(const TrainPlan& plan,
                                             const FlowModel& model);  // of one that knows classes
void print_class_figures(const TrainPlan& plan, const ClassFigures& figures);

std::string fixed(double value, int digits);

}  // namespace bijou
