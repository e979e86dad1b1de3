#include "flows/memory.hpp"

#include "nn/batch_statistics.hpp"

#include <algorithm>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

thread_local MemoryScope* active_scope = nullptr;

constexpr int64_t kSums = 16;         // of a sketch
constexpr size_t kMostStretches = 4;  // of a chain
constexpr size_t kShortest = 16;      // layers in one of several stretches

// Random bits for value i of an example: splitmix64 (Steele et al. 2014).
uint64_t random_bits(uint64_t i) {
  uint64_t z = (i + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// The layer once more, at x, on a tape of its own: the parameters' gradients grow; dx.
Tensor record_again(const Flow& flow, const Tensor& x, bool wants_dx, const Tensor& dy, const Tensor& dlog_det) {
  const MemoryScope plain(Memory::stored);
  const Variable input(x, wants_dx);
  Tape tape;
  const auto [y, log_det] = [&] {
    const Tape::Recording on(tape);
    return flow.forward(input);
  }();
  if (y.requires_grad() || log_det.requires_grad()) tape.backward({y, log_det}, {dy, dlog_det});
  return input.gradient();
}

using PullBackOfFlow = std::function<Tensor(const Tensor& dy, const Tensor& dlog_det)>;  // -> dx
using Layers = std::span<Flow* const>;

std::string name_of(const Flow& layer) {
  return layer.path().empty() ? layer.describe() : text(layer.path(), " (", layer.describe(), ")");
}

// y and log_det as the outputs of one node. Its pull-back runs layers again, whose parameters get their gradients there.
FlowResult one_node(const char* name, std::span<const Flow* const> layers, const Variable& x, const FlowResult& result,
                    PullBackOfFlow pull_back) {
  std::vector<Variable> inputs = {x};  // x may be data: it is the parameters that need a gradient
  for (const Flow* layer : layers) {
    for (const auto& p : layer->parameters()) inputs.push_back(*p.variable);
  }
  const auto outputs = record_many(name, {result.y.value(), result.log_det.value()}, inputs, [&] {
    return [first = layers.front(), pull_back = std::move(pull_back), n = inputs.size(),
            statistics = BatchStatistics::active()](const std::vector<Tensor>& dy) {
      require(BatchStatistics::active() == statistics, "Tape::backward", name_of(*first),
              " is to run again, but not in the BatchStatistics scope that it ran in; keep that scope until then");
      std::vector<Tensor> dx(n);
      dx[0] = pull_back(dy[0], dy[1]);
      return dx;
    };
  });
  return {outputs[0], outputs[1]};
}

// The pull-back of a stretch of layers, from both its ends. sketches[k] is of layer k's input.
struct Inverting {
  Layers layers;
  Tensor x, y;
  bool wants_dx;
  std::vector<Tensor> sketches;

  Tensor operator()(const Tensor& dy, const Tensor& dlog_det) const {
    if (MemoryScope::gave_up(*layers.front())) return checkpointed_to(layers.size() - 1, dy, dlog_det);
    Tensor h = y, dh = dy;
    for (size_t k = layers.size(); k-- > 1;) {
      double error = 0;
      const auto trust = [&](const Tensor& recovered) {
        error = drift(sketch(recovered), sketches[k]);
        return error <= kDriftBound;
      };
      const auto before = layers[k]->pull_back(h, dh, dlog_det, trust);
      if (!before) {
        give_up(*layers[k], error);
        return checkpointed_to(k, dh, dlog_det);
      }
      h = before->x;
      dh = before->dx;
    }
    return record_again(*layers[0], x, wants_dx, dh, dlog_det);  // its input is known
  }

  // From dh behind layer k to dx, through the exact states.
  Tensor checkpointed_to(size_t k, Tensor dh, const Tensor& dlog_det) const {
    std::vector<Tensor> states = {x};
    for (size_t i = 0; i < k; ++i) states.push_back(layers[i]->forward(states[i]).y.value());
    for (size_t i = k + 1; i-- > 0;) {
      dh = record_again(*layers[i], states[i], i > 0 || wants_dx, dh, dlog_det);
      states.pop_back();
    }
    return dh;
  }

  void give_up(const Flow& layer, double error) const {
    MemoryScope::give_up(*layers.front());
    warn("reversible: inverting ", name_of(layer), " left an error of ", error, " of its input, the bound is ",
         kDriftBound, "; the gradients are right, and from here on the layers ", name_of(*layers.front()), " to ",
         name_of(*layers.back()), " are checkpointed");
  }
};

FlowResult run(Layers layers, const Variable& x) {
  FlowResult result{x, constant_log_det(x, 0)};
  for (const Flow* layer : layers) {
    const auto [y, log_det] = layer->forward(result.y);
    result = {y, result.log_det + log_det};
  }
  return result;
}

// A stretch as one node.
FlowResult invert_later(Layers layers, const Variable& x) {
  std::vector<Tensor> sketches;
  FlowResult result{x.value(), constant_log_det(x, 0)};
  {
    const Tape::Pause pause;
    for (const Flow* layer : layers) {
      sketches.push_back(sketch(result.y.value()));
      const auto [y, log_det] = layer->forward(result.y);
      result = {y, result.log_det + log_det};
    }
  }
  return one_node("reversible", layers, x, result,
                  Inverting{layers, x.value(), result.y.value(), x.requires_grad(), std::move(sketches)});
}

}  // namespace

std::vector<std::string> memory_names() { return {"stored", "checkpointed", "reversible"}; }

Memory memory_by_name(const std::string& name) {
  const auto names = memory_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    fail<UsageError>("unknown memory '", name, "'; there are: ", names[0], ", ", names[1], ", ", names[2]);
  return static_cast<Memory>(found - names.begin());
}

MemoryScope::MemoryScope(Memory way) : way_(way), before_(active_scope) { active_scope = this; }
MemoryScope::~MemoryScope() { active_scope = before_; }
Memory MemoryScope::way() { return active_scope ? active_scope->way_ : Memory::stored; }
bool MemoryScope::gave_up(const Flow& first) { return active_scope && active_scope->given_up_.contains(&first); }
void MemoryScope::give_up(const Flow& first) {
  if (active_scope) active_scope->given_up_.insert(&first);
}

// S h, S random: each value of an example stands in one of the sums, with a random sign. The mean of |S e|^2 over such S
// is |e|^2, so |S h - S h'| estimates |h - h'| (Alon, Matias and Szegedy 1999; Charikar et al. 2002).
Tensor sketch(const Tensor& h) {
  const int64_t n = h.shape()[0], size = h.numel() / std::max<int64_t>(1, n);
  std::vector<double> sums(static_cast<size_t>(n * kSums), 0);
  const Real* value = h.data().data();
  for (int64_t example = 0; example < n; ++example) {
    for (int64_t i = 0; i < size; ++i) {
      const uint64_t bits = random_bits(static_cast<uint64_t>(i));
      const double v = *value++;
      sums[static_cast<size_t>(example * kSums + static_cast<int64_t>(bits % kSums))] += (bits >> 63) != 0 ? v : -v;
    }
  }
  return Tensor::from({n, kSums}, sums);
}

double drift(const Tensor& recovered_sketch, const Tensor& true_sketch) {
  const Tensor difference = math::subtract(recovered_sketch, true_sketch);
  double worst = 0;
  for (int64_t n = 0; n < difference.shape()[0]; ++n) {
    const double square = math::sum_squares(difference.rows(n, n + 1));
    if (square == 0) continue;
    const double error = std::sqrt(square / math::sum_squares(true_sketch.rows(n, n + 1)));
    if (std::isnan(error)) return NAN;  // of one sign, for the message
    worst = std::max(worst, error);
  }
  return worst;
}

FlowResult Flow::keep_less(const Variable& x) const {
  const FlowResult result = [&] {
    const Tape::Pause pause;
    return transform(x);
  }();
  const Flow* const self[] = {this};
  return one_node("checkpoint", self, x, result,
                  [this, X = x.value(), wants_dx = x.requires_grad()](const Tensor& dy, const Tensor& dlog_det) {
                    return record_again(*this, X, wants_dx, dy, dlog_det);
                  });
}

std::optional<Flow::PulledBack> Flow::pull_back(const Tensor& y, const Tensor& dy, const Tensor& dlog_det,
                                                const Trust& trust) const {
  const Tensor x = inverse(y);
  if (!trust(x)) return std::nullopt;
  return PulledBack{x, record_again(*this, x, true, dy, dlog_det)};
}

FlowResult reversible(Layers layers, const Variable& x) {
  const size_t length = std::max(kShortest, (layers.size() + kMostStretches - 1) / kMostStretches);
  FlowResult result{x, constant_log_det(x, 0)};
  for (size_t begin = 0; begin < layers.size(); begin += length) {
    const Layers stretch = layers.subspan(begin, std::min(length, layers.size() - begin));
    const bool inverts = !MemoryScope::gave_up(*stretch.front());
    const auto [y, log_det] = inverts ? invert_later(stretch, result.y) : run(stretch, result.y);
    result = {y, result.log_det + log_det};
  }
  return result;
}

}  // namespace bijou
