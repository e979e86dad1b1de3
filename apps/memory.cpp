#include "apps/memory.hpp"

#include "autograd/kernels/machine.hpp"
#include "nn/batch_statistics.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// The peak of storage in use during forward and backward of n examples, above what was there before: the parameters'
// gradients are.
int64_t step_bytes(const FlowModel& model, int64_t n) {
  Shape shape{n};
  for (int64_t d : model.bijection().input_shape()) shape.append(d);
  Rng rng(0);
  const Tensor x = Tensor::uniform(shape, rng);
  for (const auto& p : model.parameters()) p.variable->slot()->gradient = Tensor::zeros(p.variable->shape());
  reset_peak_storage();
  const int64_t before = storage_statistics().bytes_in_use;
  Tape tape;
  const BatchStatistics batch_moments;
  const Variable loss = [&] {
    const Tape::Recording on(tape);
    return sum(model.log_prob(x));
  }();
  tape.backward(loss);
  for (const auto& p : model.parameters()) p.variable->clear_gradient();
  return storage_statistics().peak_bytes_in_use - before;
}

}  // namespace

MemoryForecast forecast_memory(FlowConfig config, int64_t batch_size, Memory way) {
  const Shape whole = data_of(config).input;
  Shape& tried = data_of(config).input;
  if (const int64_t side = int64_t{8} << scales_of(config);
      whole.rank() == 3 && scales_of(config) > 0 && whole[0] * whole[1] > side * side) {
    tried = {side, side, whole[2]};
  }
  const auto model = build_flow(config, 0);
  const MemoryScope memory(way);
  const int64_t two = step_bytes(*model, 2), four = step_bytes(*model, 4),
                each = std::max<int64_t>(0, (four - two) / 2);
  const int64_t parameters = model->parameter_count() * static_cast<int64_t>(sizeof(Real));
  release_waiting_storage();
  return {5 * parameters + std::max<int64_t>(0, two - 2 * each), each * whole.numel() / tried.numel() * batch_size};
}

void refuse_too_much(const MemoryForecast& forecast, int64_t batch_size, Memory way) {
  const int64_t have = kernels::physical_memory();
  if (forecast.total() <= have) return;
  const int64_t fits =
      std::max<int64_t>(0, (have - forecast.fixed)) * batch_size / std::max<int64_t>(1, forecast.activations);
  const std::string less = way == Memory::stored ? "--memory checkpointed, " : "";
  const std::string remedy =
      fits > 0 ? text("try ", less, "--batch-size ", std::max<int64_t>(1, fits * 3 / 4), " or a smaller preset")
               : text("not even one example fits: try ", less, "a smaller preset, or smaller images");
  fail<UsageError>("this training would need about ", forecast.total() / (1 << 20), " MiB, the machine has ",
                   have / (1 << 20), " MiB; ", remedy);
}

}  // namespace bijou
