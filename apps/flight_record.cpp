#include "apps/flight_record.hpp"

#include "autograd/operation_watch.hpp"
#include "nn/batch_statistics.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// What f complains of, or nothing.
std::string complaint(const std::function<void()>& f) {
  try {
    f();
  } catch (const NonFiniteError& e) {
    return e.what();
  }
  return "";
}

std::string examples_without_density(const FlowModel& model, const Batch& batch) {
  const BatchStatistics batch_moments;
  const Tensor log_p = (model.has_classes() ? model.log_prob(batch.x, batch.labels) : model.log_prob(batch.x)).value();
  std::string which;
  int64_t count = 0;
  for (size_t i = 0; i < log_p.data().size(); ++i) {
    if (std::isfinite(log_p.data()[i])) continue;
    if (++count <= 8) which += text(which.empty() ? "" : ", ", batch.index[i]);
  }
  const auto all = static_cast<int64_t>(batch.index.size());
  if (count == 0) return text("all ", all, " examples of the batch have a finite density");
  return text(count == 1 ? "example " : "examples ", which, count > 8 ? ", ..." : "", " (", count, " of the batch's ",
              all, ") have no finite density");
}

}  // namespace

void write_flight_record(const std::string& path, const FlightRecord& r, const FlowModel& model,
                         const FlowConfig& config, const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json j{{"epoch", r.epoch},       {"step", r.step},
                           {"lr", r.learning_rate},  {"weight_norm_l2", r.weight_norm_l2},
                           {"what", r.what},         {"batch_epoch", r.batch.epoch},
                           {"index", r.batch.index}, {"labels", r.batch.labels}};
  j["last"] = nlohmann::ordered_json::array();
  for (const auto& s : r.last) j["last"].push_back({s.step, s.nll, s.gradient_norm, s.learning_rate, s.clipped});
  auto all = metadata;
  all["flight"] = j.dump();
  save_flow(path, model, config, all, {{"batch.x", r.batch.x}});
}

FlightRecord read_flight_record(const SavedFlow& saved, const std::string& path) {
  try {
    const auto j = nlohmann::json::parse(saved.metadata.at("flight"));
    FlightRecord r;
    r.batch = {saved.training.at("batch.x"), j.at("labels"), j.at("index"), j.at("batch_epoch")};
    r.epoch = j.at("epoch");
    r.step = j.at("step");
    r.learning_rate = j.at("lr");
    r.weight_norm_l2 = j.at("weight_norm_l2");
    r.what = j.at("what");
    for (const auto& s : j.at("last")) r.last.push_back({s.at(0), s.at(1), s.at(2), s.at(3), s.at(4)});
    const auto rows = static_cast<size_t>(r.batch.x.shape()[0]);
    if (r.batch.index.size() != rows || (!r.batch.labels.empty() && r.batch.labels.size() != rows))
      fail<ValueError>("its batch has ", rows, " examples and ", r.batch.index.size(), " numbers");
    return r;
  } catch (const std::exception& e) {
    fail<CheckpointError>(path, ": no flight record of a training that failed (", e.what(),
                          "); those are in the folder flight/ of a run");
  }
}

std::string diagnose(const FlowModel& model, const Batch& batch, const std::function<Variable()>& loss) {
  const std::string layer = complaint([&] {
    const FiniteWatch watch;
    const BatchStatistics batch_moments;
    loss();
  });
  const std::string operation = complaint([&] {
    const OperationWatch watch;
    const BatchStatistics batch_moments;
    Tape tape;
    Variable value;
    {
      const Tape::Recording on(tape);
      value = loss();
    }
    tape.backward(value);
  });
  for (const auto& p : model.parameters()) p.variable->clear_gradient();
  return (layer.empty() ? "every layer's output is finite" : layer) + "; " +
         (operation.empty() ? "so is every operation's value and gradient" : operation) + "; " +
         examples_without_density(model, batch);
}

}  // namespace bijou
