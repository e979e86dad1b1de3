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
  Tensor log_p;
  const std::string no_density = complaint([&] {
    const BatchStatistics batch_moments;
    log_p = (model.has_classes() ? model.log_prob(batch.x, batch.labels) : model.log_prob(batch.x)).value();
  });
  if (!no_density.empty()) return "no example of the batch has a density";  // a layer without an inverse, as it stands
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

// The model is then computed with it.
void check_batch(const Batch& batch, const FlowModel& model) {
  const Shape shape = batch.x.shape(), input = model.bijection().input_shape();
  if (shape.rank() != input.rank() + 1 || shape.from(1) != input)
    fail<ValueError>("its batch is ", shape, ", the model is for examples ", input);
  const auto rows = static_cast<size_t>(shape[0]);
  if (batch.index.size() != rows || batch.labels.size() != (model.has_classes() ? rows : batch.labels.size()))
    fail<ValueError>("its batch has ", rows, " examples, ", batch.index.size(), " numbers and ", batch.labels.size(),
                     " labels");
  for (const int y : batch.labels) {
    if (model.has_classes() && (y < 0 || y >= model.classes()))
      fail<ValueError>("its batch has a label ", y, ", the model's classes are 0 to ", model.classes() - 1);
  }
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
  const auto flight = saved.metadata.find("flight");
  if (flight == saved.metadata.end())
    fail<CheckpointError>(path, ": a checkpoint, and no flight record of a training that failed",
                          "; those are in the folder flight/ of a run");
  try {
    const auto j = nlohmann::json::parse(flight->second);
    FlightRecord r;
    r.batch = {saved.training.at("batch.x"), j.at("labels"), j.at("index"), j.at("batch_epoch")};
    r.epoch = j.at("epoch");
    r.step = j.at("step");
    r.learning_rate = j.at("lr");
    r.weight_norm_l2 = j.at("weight_norm_l2");
    r.what = j.at("what");
    for (const auto& s : j.at("last")) r.last.push_back({s.at(0), s.at(1), s.at(2), s.at(3), s.at(4)});
    check_batch(r.batch, *saved.model);
    return r;
  } catch (const std::exception& e) {
    fail<CheckpointError>(path, ": its flight record cannot be read (", e.what(), "); is the file whole?");
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
  const std::string of_operation = operation.empty() ? "so is every operation's value and gradient" : operation;
  return (layer.empty() ? "every layer's output is finite" : layer) + (operation == layer ? "" : "; " + of_operation) +
         "; " + examples_without_density(model, batch);
}

}  // namespace bijou
