#include "nn/batch_statistics.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {
thread_local BatchStatistics* active_statistics = nullptr;
}

RunningMoments::RunningMoments(int64_t channels)
    : channels_(channels),
      mean_(buffer("mean", Tensor::zeros({channels}))),
      variance_(buffer("variance", Tensor::full({channels}, 1))) {}

BatchMoments RunningMoments::of(const Variable& x) const {
  check(x.shape().rank() >= 1 && x.shape()[-1] == channels_, "RunningMoments", path(), " has ", channels_,
        " channels, the input is ", x.shape());
  if (!BatchStatistics::active()) return {Variable(mean_), Variable(variance_)};
  const BatchMoments batch = moments(x);
  write({batch.mean.value(), batch.variance.value()});
  return batch;
}

void RunningMoments::write(const math::Moments& batch) const {
  if (BatchStatistics* scope = BatchStatistics::active()) scope->written_.try_emplace(this, batch);
}

math::Moments RunningMoments::known() const {
  if (const BatchStatistics* scope = BatchStatistics::active()) {
    if (const auto found = scope->written_.find(this); found != scope->written_.end()) return found->second;
    fail<ValueError>("RunningMoments: ", path(),
                     " has seen no batch in this BatchStatistics scope; call forward first");
  }
  return {mean_, variance_};
}

void RunningMoments::move_towards(const math::Moments& batch, double momentum) const {
  const auto mix = [momentum](const Tensor& running, const Tensor& now) {
    return math::add(math::scale_offset(running, 1 - momentum, 0), math::scale_offset(now, momentum, 0));
  };
  // [RealNVP appendix E: running mean]
  mean_ = mix(mean_, batch.mean);
  // [RealNVP appendix E: running variance]
  variance_ = mix(variance_, batch.variance);
}

std::string RunningMoments::describe() const { return text("running mean and variance of ", channels_, " channels"); }

BatchStatistics::BatchStatistics() : before_(active_statistics) { active_statistics = this; }
BatchStatistics::~BatchStatistics() { active_statistics = before_; }
BatchStatistics* BatchStatistics::active() { return active_statistics; }

void BatchStatistics::commit(double momentum) const {
  for (const auto& [layer, batch] : written_) layer->move_towards(batch, momentum);
}

}  // namespace bijou
