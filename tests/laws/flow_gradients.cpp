// Gradients of flows, by all of x and of every parameter, against finite differences.
//
// Networks have ReLUs: a difference quotient that has a kink inside is not a derivative. So steps are halved until
// three quotients in a row agree, which says that the function is smooth around here. That is decided by the function's
// values alone, and a wrong gradient cannot hide behind it. Where they never agree, other inputs are drawn.
#include "nn/batch_statistics.hpp"
#include "tests/laws/flow_law.hpp"

#include <array>
#include <optional>

using namespace bijou;
using bijou_tests::register_law;

namespace {

constexpr double kBound = 1e-7;
constexpr int64_t kEntries = 2;  // of each parameter, drawn at random
constexpr int kDraws = 30;       // of inputs

using Pair = std::array<double, 2>;  // of <R, y> and of <r, log_det>

// Below the floor, errors count as absolute ones. A bias that batch normalisation follows has the gradient zero when the
// batch's own moments are used; in whole image models, whose log-determinants of some hundred nats carry rounding errors
// of 1e-13, the quotients of small steps then show 1e-10 instead: these alone have the higher floor.
constexpr double kFloor = 1e-3, kFloorOfImageModelsInTraining = 0.05;
double relative_error(double g, double fd, double floor) {
  return std::abs(g - fd) / std::max({std::abs(g), std::abs(fd), floor});
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (size_t i = 0; i < a.data().size(); ++i) sum += a.data()[i] * b.data()[i];
  return sum;
}

struct Subject {
  std::function<FlowResult(const Variable& x)> f;  // reads the flow's parameters anew at each call
  std::vector<Module::NamedParameter> parameters;
  Tensor R, r;
  double floor = kFloor;

  Pair project(const FlowResult& plus, const FlowResult& minus) const {
    return {dot(R, math::subtract(plus.y.value(), minus.y.value())),
            dot(r, math::subtract(plus.log_det.value(), minus.log_det.value()))};
  }
};

// The derivative at 0 by central differences of fourth order, (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h; nothing when
// a kink is too close.
std::optional<Pair> difference(const std::function<Pair(double)>& spread, double floor) {  // h -> f(h) - f(-h)
  std::vector<Pair> quotients;
  double h = 2e-4;
  Pair outer = spread(2 * h);
  for (int halvings = 0; halvings < 5; ++halvings, h /= 2) {
    const Pair inner = spread(h);
    quotients.push_back({(8 * inner[0] - outer[0]) / (12 * h), (8 * inner[1] - outer[1]) / (12 * h)});
    outer = inner;
    const size_t n = quotients.size();
    const auto agree = [floor](const Pair& a, const Pair& b) {
      return relative_error(a[0], b[0], floor) < kBound / 8 && relative_error(a[1], b[1], floor) < kBound / 8;
    };
    if (n >= 3 && agree(quotients[n - 1], quotients[n - 2]) && agree(quotients[n - 2], quotients[n - 3])) {
      return quotients[n - 2];
    }
  }
  return std::nullopt;
}

Tensor moved(const Tensor& x, int64_t entry, double by) {
  Tensor y = x.clone();
  y.mutable_data()[entry] += static_cast<Real>(by);
  return y;
}

// The gradients of <R, y> and of <r, log_det>, each by x and then by the parameters.
std::array<std::vector<Tensor>, 2> gradients(const Subject& s, const Tensor& data) {
  std::vector<Variable> leaves = {Variable(data, true)};
  for (const auto& p : s.parameters) leaves.push_back(*p.variable);
  Tape tape;
  FlowResult result;
  {
    const Tape::Recording on(tape);
    result = s.f(leaves[0]);
  }
  std::vector<Tensor> zeros;
  for (const Variable& leaf : leaves) zeros.push_back(Tensor::zeros(leaf.shape()));
  const bool constant = !result.log_det.requires_grad();  // then it is not on the tape
  return {tape.gradients({result.y}, {s.R}, leaves),
          constant ? zeros : tape.gradients({result.log_det}, {s.r}, leaves)};
}

// Checks one entry of x (p null) or of a parameter; false when a kink is too close.
bool check_entry(const Subject& s, const Tensor& data, const Module::NamedParameter* p, int64_t entry,
                 const Pair& gradient) {
  const Tensor at = p ? p->variable->value() : data;
  const auto result = [&](double by) {
    if (!p) return s.f(moved(at, entry, by));
    p->variable->set_value(moved(at, entry, by));
    const FlowResult there = s.f(data);
    p->variable->set_value(at);
    return there;
  };
  const auto fd = difference([&](double h) { return s.project(result(h), result(-h)); }, s.floor);
  if (!fd) return false;
  for (int k = 0; k < 2; ++k) {
    CHECK_MESSAGE(relative_error(gradient[k], (*fd)[k], s.floor) < kBound, std::string(k ? "log_det" : "y"), " by ",
                  p ? p->name : "x", " ", at.shape(), ", entry ", entry, ": gradient ", gradient[k],
                  ", finite difference ", (*fd)[k]);
  }
  return true;
}

void check_all(const Subject& s, const std::function<Tensor(uint64_t)>& draw) {
  std::vector<int64_t> missing;  // entries yet to check: of x, then of the parameters
  Rng rng(5, stream("entries"));
  for (uint64_t seed = 0; seed < kDraws && std::ranges::count(missing, 0) != std::ssize(s.parameters) + 1; ++seed) {
    const Tensor data = draw(seed);
    const auto g = gradients(s, data);
    for (size_t a = 0; a <= s.parameters.size(); ++a) {
      const int64_t size = g[0][a].numel();
      if (seed == 0) missing.push_back(std::min(size, a == 0 ? 4 * kEntries : kEntries));
      const std::vector<int64_t> order = rng.permutation(size);
      for (const int64_t entry : std::vector(order.begin(), order.begin() + missing[a])) {
        const Pair gradient = {g[0][a].data()[entry], g[1][a].data()[entry]};
        missing[a] -= check_entry(s, data, a == 0 ? nullptr : &s.parameters[a - 1], entry, gradient);
      }
    }
  }
  for (size_t a = 0; a < missing.size(); ++a) {
    CHECK_MESSAGE(missing[a] == 0, "kinks everywhere around ", a == 0 ? "x" : s.parameters[a - 1].name);
  }
}

Subject subject_of(const FlowCase& row, const Flow& flow, std::function<FlowResult(const Variable&)> f) {
  Rng rng(6, stream("projections"));
  const Tensor y = draw_latents(row, flow);
  return {std::move(f), flow.parameters(), Tensor::randn(y.shape(), rng), Tensor::randn({row.batch}, rng)};
}

struct Gradients {
  static constexpr const char* name = "gradients";
  static void hold(const FlowCase& row, const Flow& flow) {
    const Subject subject = subject_of(row, flow, [&](const Variable& x) { return flow.forward(x); });
    check_all(subject, [&](uint64_t seed) { return draw_data(row, flow, seed); });
  }
};

// In training, the moments depend on x, and on the parameters before them.
struct TrainingGradients {
  static constexpr const char* name = "gradients by the batch's moments";
  static bool applies(const FlowCase& row) {
    if (row.batch == 1) return false;
    for (const auto& b : make_flow(row).flow->buffers()) {
      if (b.name.ends_with("variance")) return true;
    }
    return false;
  }
  static void hold(const FlowCase& row, const Flow& flow) {
    const auto f = [&](const Variable& x) {
      const BatchStatistics batch;
      return flow.forward(x);
    };
    Subject subject = subject_of(row, flow, f);
    if (std::string(row.name).starts_with("RealNVP")) subject.floor = kFloorOfImageModelsInTraining;
    check_all(subject, [&](uint64_t seed) { return draw_data(row, flow, seed); });
  }
};

// Summed over several inputs: on one of them, all ReLUs of a small network may be off.
struct NoneLeftOut {
  static constexpr const char* name = "every parameter has a gradient";
  static void hold(const FlowCase& row, const Flow& flow) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
      Rng rng(seed, stream("projections"));
      Tape tape;
      Variable loss;
      {
        const Tape::Recording on(tape);
        const auto [y, log_det] = flow.forward(Variable(draw_data(row, flow, seed), true));
        loss = sum(y * Tensor::randn(y.shape(), rng)) + sum(log_det);
      }
      tape.backward(loss);
    }
    for (const auto& p : flow.parameters()) {
      const Tensor g = p.variable->gradient();
      REQUIRE_MESSAGE(g.defined(), p.name, " has no gradient");
      CHECK_MESSAGE(math::sum_squares(g) > 0, p.name, " has the gradient zero");
    }
  }
};

[[maybe_unused]] const bool registered[] = {register_law<Gradients>(), register_law<TrainingGradients>(),
                                            register_law<NoneLeftOut>()};

}  // namespace
