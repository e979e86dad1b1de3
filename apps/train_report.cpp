#include "apps/train_report.hpp"

#include "apps/density.hpp"
#include "apps/fit.hpp"
#include "apps/progress.hpp"
#include "datasets/baselines.hpp"
#include "datasets/loader.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr double kBaselineAlpha = 0.05;  // of the Gaussian baseline, where the model itself takes no logit

std::vector<NamedFigure> simple_densities(const Dataset& data, double alpha) {
  std::vector<NamedFigure> all;
  if (!data.train.x.defined() || !data.test.x.defined()) return all;  // they would want all pictures at once
  if (data.is_image()) {
    const double to_nats = 1 / bits_per_dim(1, data.dimensions());
    // A covariance wants more examples than it has rows; and beyond a thousand dimensions it takes minutes.
    if (data.dimensions() <= 1024 && data.train.size() >= 2 * data.dimensions()) {
      all.push_back({text("full-covariance Gaussian in logit space, alpha ", alpha),
                     to_nats * gaussian_logit_baseline(data.train.x, data.test.x, data.levels, alpha)});
    }
    all.push_back(
        {"independent per-pixel histograms", to_nats * histogram_baseline(data.train.x, data.test.x, data.levels)});
  } else if (std::isfinite(data.entropy)) {
    all.push_back({"entropy of the density, the floor of any model", data.entropy});
  }
  return all;
}

// NICE with its couplings removed: S and the prior alone, trained on the same data. What the couplings are worth.
NamedFigure without_couplings(NICEConfig config, const Dataset& data, const TrainSettings& s, uint64_t seed) {
  constexpr int64_t kSteps = 1000;
  config.depths.clear();
  config.scale_from_data = true;
  const auto model = build_nice(config, seed);
  fit_to_data(*model, data, seed);
  const Loader loader(data.train, data.levels, s.batch_size, seed);
  const Schedule schedule{.learning_rate = 1e-2, .total_steps = kSteps};
  Adam optimizer(*model);
  for (int64_t t = 0; t < kSteps; ++t) {
    Tape tape;
    Variable loss;
    {
      const Tape::Recording on(tape);
      loss = -mean(model->log_prob(loader.batch(t).x));
    }
    tape.backward(loss);
    optimizer.step(schedule.at(t));
  }
  return {"NICE with the couplings removed", average_nll(*model, data.test, data.levels)};
}

}  // namespace

std::vector<NamedFigure> baselines_of(const TrainPlan& plan, uint64_t seed) {
  const double alpha = data_of(plan.preset.model).alpha;
  auto all = simple_densities(plan.data, alpha > 0 ? alpha : kBaselineAlpha);
  if (const auto* nice = std::get_if<NICEConfig>(&plan.preset.model))
    all.push_back(without_couplings(*nice, plan.data, plan.preset.training, seed));
  return all;
}

void print_figures(const TrainPlan& plan, const std::string& family, double test_nats,
                   const std::vector<NamedFigure>& baselines) {
  const Dataset& data = plan.data;
  const Unit unit = unit_of(data.levels, data.dimensions());
  size_t width = 0;
  for (const auto& b : baselines) width = std::max(width, b.name.size());
  const auto line = [&](const std::string& name, double nats) {
    std::cout << "  " << name << std::string(std::max(width, name.size()) - name.size() + 2, ' ');
    char figure[32];
    std::snprintf(figure, sizeof figure, "%7.3f ", nats * unit.per_nat);
    std::cout << figure << unit.name << "\n";
  };
  std::cout << "\ntest part, " << data.test.size() << " examples\n";
  line(family_title(family), test_nats);
  for (const auto& b : baselines) line(b.name, b.nats);
}

std::string fixed(double value, int digits) {
  char figure[32];
  std::snprintf(figure, sizeof figure, "%.*f", digits, value);
  return figure;
}

std::optional<ClassFigures> class_figures_of(const TrainPlan& plan, const FlowModel& model) {
  if (!model.has_classes()) return std::nullopt;
  return class_figures(model, plan.data.test, plan.data.levels);
}

void print_class_figures(const TrainPlan& plan, const ClassFigures& figures) {
  const Unit unit = unit_of(plan.data.levels, plan.data.dimensions());
  std::cout << "  given each example's class: " << fixed(figures.nll_given_y * unit.per_nat, 3) << " " << unit.name
            << "; as a classifier, argmax over y of log p(x|y) p(y): " << fixed(100 * figures.accuracy, 1)
            << "% right\n";
}

}  // namespace bijou
