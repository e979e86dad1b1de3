#include "flows/memory.hpp"

#include "nn/batch_statistics.hpp"

#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

thread_local MemoryScope* active_scope = nullptr;

constexpr int64_t kSums = 16;

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

// y and log_det as the outputs of one node. Its pull-back runs flows again, whose parameters get their gradients there.
FlowResult one_node(const char* name, const Flow& flow, const Variable& x, const FlowResult& result,
                    PullBackOfFlow pull_back) {
  std::vector<Variable> inputs = {x};  // x may be data: it is the parameters that need a gradient
  for (const auto& p : flow.parameters()) inputs.push_back(*p.variable);
  const auto outputs = record_many(name, {result.y.value(), result.log_det.value()}, inputs, [&] {
    return [&flow, pull_back = std::move(pull_back), n = inputs.size(),
            statistics = BatchStatistics::active()](const std::vector<Tensor>& dy) {
      require(BatchStatistics::active() == statistics, "Tape::backward", flow.path(), " (", flow.describe(),
              ") is to run again, but not in the BatchStatistics scope that it ran in; keep that scope until then");
      std::vector<Tensor> dx(n);
      dx[0] = pull_back(dy[0], dy[1]);
      return dx;
    };
  });
  return {outputs[0], outputs[1]};
}

// The pull-back of a reversible chain. sketches[k] is of layer k's input.
struct ReversibleChain {
  const Flow& chain;
  const std::vector<Flow*>& layers;
  Tensor x, y;
  bool wants_dx;
  std::vector<Tensor> sketches;

  Tensor operator()(const Tensor& dy, const Tensor& dlog_det) const {
    Tensor h = y, dh = dy;
    for (size_t k = layers.size(); k-- > 1;) {
      double error = 0;
      const auto trust = [&](const Tensor& recovered) {
        error = drift(sketch(recovered), sketches[k]);
        return error <= kDriftBound;
      };
      const auto before = layers[k]->pull_back(h, dh, dlog_det, trust);
      if (!before) {
        say_so(*layers[k], error);
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

  void say_so(const Flow& layer, double error) const {
    MemoryScope::give_up(chain);
    const auto name = [](const Flow& flow) { return flow.path().empty() ? "(the whole)" : flow.path(); };
    warn("--memory reversible: the inverse of layer ", name(layer), " (", layer.describe(), ") is off by ", error,
         " of its input, beyond the bound of ", kDriftBound, "; gradients stay right: ", name(chain),
         " goes on checkpointed");
  }
};

}  // namespace

MemoryScope::MemoryScope(Memory way) : way_(way), before_(active_scope) { active_scope = this; }
MemoryScope::~MemoryScope() { active_scope = before_; }
Memory MemoryScope::way() { return active_scope ? active_scope->way_ : Memory::stored; }
bool MemoryScope::inverts(const Flow& chain) {
  return way() == Memory::reversible && !active_scope->given_up_.contains(&chain);
}
void MemoryScope::give_up(const Flow& chain) {
  if (active_scope) active_scope->given_up_.insert(&chain);
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
  const double n = static_cast<double>(difference.shape()[0]);
  const double norm = std::sqrt(math::sum_squares(true_sketch) / n);
  double worst = 0;
  for (int64_t example = 0; example < difference.shape()[0]; ++example) {
    const double error = std::sqrt(math::sum_squares(difference.rows(example, example + 1)));
    if (!(error <= worst)) worst = error;  // NaN stays
  }
  return worst > 0 ? worst / norm : worst;
}

FlowResult Flow::keep_less(const Variable& x) const {
  const FlowResult result = [&] {
    const Tape::Pause pause;
    return transform(x);
  }();
  return one_node("checkpoint", *this, x, result,
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

FlowResult reversible_chain(const Flow& chain, const std::vector<Flow*>& layers, const Variable& x) {
  std::vector<Tensor> sketches(1);  // the first layer's input is kept as it is
  FlowResult result{x.value(), constant_log_det(x, 0)};
  {
    const Tape::Pause pause;
    for (const Flow* layer : layers) {
      if (layer != layers.front()) sketches.push_back(sketch(result.y.value()));
      const auto [y, log_det] = layer->forward(result.y);
      result = {y, result.log_det + log_det};
    }
  }
  return one_node("reversible", chain, x, result,
                  ReversibleChain{chain, layers, x.value(), result.y.value(), x.requires_grad(), std::move(sketches)});
}

}  // namespace bijou
