// bijou replay: a step that failed, once more and layer by layer.
#include "apps/flight_record.hpp"
#include "nn/batch_statistics.hpp"

#include <cmath>
#include <cstdio>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

struct Summary {
  double low = INFINITY, high = -INFINITY, mean = 0;
  int64_t nonfinite = 0;
};
Summary summary_of(const Tensor& t) {
  Summary s;
  int64_t finite = 0;
  for (const double v : t.data()) {
    if (!std::isfinite(v)) {
      ++s.nonfinite;
      continue;
    }
    ++finite;
    s.low = std::min(s.low, v);
    s.high = std::max(s.high, v);
    s.mean += v;
  }
  s.mean /= static_cast<double>(finite);
  if (finite == 0) s.low = s.high = s.mean = NAN;  // one sign for all of them
  return s;
}

void print_row(const std::string& name, const std::string& shape, const Tensor& t) {
  const Summary s = summary_of(t);
  std::printf("  %-52s %-18s %11.4g %11.4g %11.4g %9lld%s\n", name.c_str(), shape.c_str(), s.low, s.mean, s.high,
              static_cast<long long>(s.nonfinite), s.nonfinite ? "  <--" : "");
}

void print_heading(const char* what) {
  std::printf("\n%s\n  %-52s %-18s %11s %11s %11s %9s\n", what, "", "shape", "smallest", "mean", "largest",
              "not finite");
}

}  // namespace

int replay(const ReplayOptions& options) {
  const SavedFlow saved = load_flow(options.record);
  const FlightRecord r = read_flight_record(saved, options.record);
  const FlowModel& model = *saved.model;
  std::printf("%s: epoch %lld, step %lld, learning rate %g: %s\n", options.record.c_str(),
              static_cast<long long>(r.epoch), static_cast<long long>(r.step), r.learning_rate, r.what.c_str());
  std::printf("\nthe steps before\n  %8s %14s %14s %12s\n", "step", "nll, nats", "gradient norm", "rate");
  for (const auto& s : r.last) {
    std::printf("  %8lld %14.6g %14.6g %12.4g%s\n", static_cast<long long>(s.step), s.nll, s.gradient_norm,
                s.learning_rate, s.clipped ? "  clipped" : "");
  }
  const auto loss = [&] {
    const Variable nll =
        -mean(model.has_classes() ? model.log_prob(r.batch.x, r.batch.labels) : model.log_prob(r.batch.x));
    return r.weight_norm_l2 > 0 ? nll + weight_norm_penalty(model) * r.weight_norm_l2 : nll;
  };
  // What was asked for is the pages above the message: without them, that the step fails again is not the news.
  const auto fail_again = [&] {
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      fail<StorageError>("the output could not be printed; is it closed, or its disk full?");
    fail<NonFiniteError>(options.record, ": ", diagnose(model, r.batch, loss));
  };
  print_heading("values, layer by layer");
  print_row("the batch", text(r.batch.x.shape()), r.batch.x);
  Tape tape;
  Variable value;
  try {
    const BatchStatistics batch_moments;
    const FiniteWatch watch([](const Module& module, const Tensor& y) {
      const std::string path = module.path();
      print_row(path.empty() ? "(the model)" : path, text(y.shape()), y);
    });
    const Tape::Recording on(tape);
    value = loss();
  } catch (const NonFiniteError&) {  // a layer that refuses to compute
    fail_again();
  }
  tape.backward(value);
  print_heading("gradients of the loss");
  bool finite = std::isfinite(value.item());
  for (const auto& p : model.parameters()) {
    const Tensor g = p.variable->gradient();
    if (!g.defined()) continue;
    finite = finite && math::all_finite(g);
    print_row(p.name, text(g.shape()), g);
    p.variable->clear_gradient();
  }
  const double nll = value.item();
  std::printf("\nthe loss is %g\n", std::isnan(nll) ? NAN : nll);
  if (!finite) fail_again();
  std::printf("everything is finite here: what failed does not happen again\n");
  return 0;
}

}  // namespace bijou
