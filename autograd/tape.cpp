#include "autograd/tape.hpp"

#include "autograd/operation_watch.hpp"
#include "autograd/profile.hpp"

#include <algorithm>
#include <utility>

namespace bijou::inline BIJOU_SCALAR {
namespace {

thread_local Tape* active_tape = nullptr;

void check_gradient(const Slot& slot, const Tensor& dx, const char* name) {
  check(dx.shape() == slot.shape, name, "its gradient has shape ", dx.shape(), ", the input has ", slot.shape);
}

// The gradient sink: every wrong gradient dies here. Adds in place only into storage that nobody else sees: the slot's,
// or else what has just arrived.
void flow_into(Slot& slot, Tensor dx, const char* name) {
  check_gradient(slot, dx, name);
  if (slot.gradient.defined() && !slot.gradient.unique() && dx.unique()) std::swap(slot.gradient, dx);
  if (slot.gradient.defined()) {
    math::accumulate(slot.gradient, dx);
  } else {
    slot.gradient = std::move(dx);
  }
}

// Gradients set aside: while it lives, others may flow into these slots; then they are what they were.
class Aside {
 public:
  Aside() = default;
  ~Aside() {
    for (auto& [slot, before] : watched_) {
      if (slot->gradient.data().data() != before.data().data()) slot->gradient = std::move(before);
    }
    while (!kept_.empty()) {  // from the last to the first: a slot may stand twice
      kept_.back().first->gradient = std::move(kept_.back().second);
      kept_.pop_back();
    }
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  void take(const std::shared_ptr<Slot>& slot) {
    if (slot) kept_.emplace_back(slot, std::exchange(slot->gradient, Tensor()));
  }
  // A slot that this tape itself lets nothing flow into; a tape inside of its nodes may. It is written only then: other
  // threads may be asking the same model's parameters.
  void watch(const std::shared_ptr<Slot>& slot) { watched_.emplace_back(slot, slot->gradient); }

 private:
  std::vector<std::pair<std::shared_ptr<Slot>, Tensor>> kept_, watched_;
};

std::vector<Variable> wrapped(const char* name, std::vector<Tensor> values, std::vector<Wrt> inputs,
                              JointPullBack joint) {
  std::vector<Variable> results;
  Tape::Node node{name, {}, std::move(inputs), std::move(joint)};
  for (Tensor& value : values) {
    auto slot = std::make_shared<Slot>(Slot{value.shape(), false, {}});
    node.outputs.push_back(slot);
    results.emplace_back(std::move(value), std::move(slot));
  }
  active_tape->append(std::move(node));
  return results;
}

}  // namespace

Tape* Tape::active() { return active_tape; }
Tape::Recording::Recording(Tape& tape) : before_(active_tape) { active_tape = &tape; }
Tape::Recording::~Recording() { active_tape = before_; }
Tape::Pause::Pause() : before_(active_tape) { active_tape = nullptr; }
Tape::Pause::~Pause() { active_tape = before_; }

Variable record(const char* name, Tensor value, std::vector<Wrt> inputs) {
  OperationWatch::see_value(name, value);
  Profile::report(name, Profile::Phase::forward);
  std::erase_if(inputs, [](const Wrt& w) { return !w.slot; });
  if (inputs.empty()) return Variable(std::move(value));
  std::vector<Tensor> values;
  values.push_back(std::move(value));
  return std::move(wrapped(name, std::move(values), std::move(inputs), nullptr)[0]);
}

std::vector<Variable> record_many(const char* name, std::vector<Tensor> values, const std::vector<Variable>& inputs,
                                  const std::function<JointPullBack()>& make_pull_back) {
  for (const Tensor& value : values) OperationWatch::see_value(name, value);
  Profile::report(name, Profile::Phase::forward);
  const bool needed = std::ranges::any_of(inputs, [](const Variable& v) { return v.requires_grad(); });
  if (!needed || !active_tape) return {values.begin(), values.end()};
  std::vector<Wrt> slots;
  for (const Variable& v : inputs) slots.push_back({v.slot(), nullptr});
  return wrapped(name, std::move(values), std::move(slots), make_pull_back());
}

void Tape::backward(const Variable& loss) {
  check(loss.shape().numel() == 1, "Tape::backward", "the loss must be one value, got shape ", loss.shape());
  backward({loss}, {Tensor::full(loss.shape(), 1)});
}

void Tape::backward(const std::vector<Variable>& outputs, const std::vector<Tensor>& seeds) {
  require(outputs.size() == seeds.size(), "Tape::backward", outputs.size(), " outputs but ", seeds.size(), " seeds");
  const Pause pause;
  bool reached = false;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].slot()) continue;
    check_gradient(*outputs[i].slot(), seeds[i], "Tape::backward");
    reached = true;
  }
  require(reached, "Tape::backward", "the loss depends on nothing that requires a gradient (was it recorded?)");
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].slot()) flow_into(*outputs[i].slot(), seeds[i], "Tape::backward");
  }
  try {
    sweep(true, nullptr);
  } catch (...) {
    for (const Node& node : nodes_) {
      for (const auto& slot : node.outputs) slot->gradient = Tensor();
    }
    nodes_.clear();
    throw;
  }
  nodes_.clear();
}

std::vector<Tensor> Tape::gradients(const std::vector<Variable>& outputs, const std::vector<Tensor>& seeds,
                                    const std::vector<Variable>& inputs) {
  require(outputs.size() == seeds.size(), "Tape::gradients", outputs.size(), " outputs but ", seeds.size(), " seeds");
  const Pause pause;
  Aside aside;
  std::vector<std::shared_ptr<Slot>> wanted;
  for (const Variable& v : inputs) {
    require(v.requires_grad(), "Tape::gradients", "an input of shape ", v.shape(), " does not require a gradient");
    wanted.push_back(v.slot());
    aside.take(v.slot());
  }
  const auto set_aside = [&aside](const std::shared_ptr<Slot>& slot) {
    if (slot && slot->leaf) aside.watch(slot);
    else aside.take(slot);
  };
  for (const Variable& v : outputs) set_aside(v.slot());
  for (const Node& node : nodes_) {
    for (const auto& slot : node.outputs) aside.take(slot);
    for (const Wrt& input : node.inputs) set_aside(input.slot);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& slot = outputs[i].slot();
    if (slot && (!slot->leaf || std::ranges::find(wanted, slot) != wanted.end())) {
      flow_into(*slot, seeds[i], "Tape::gradients");
    }
  }
  sweep(false, &wanted);
  std::vector<Tensor> results;
  for (const Variable& v : inputs) {
    results.push_back(v.gradient().defined() ? v.gradient() : Tensor::zeros(v.shape()));
  }
  return results;
}

// From the last node to the first: every output's gradient is complete when its node is reached. The gradient of an
// intermediate value is dropped as soon as it has been used, unless it is wanted; so is what a function captured, when
// the tape is spent.
void Tape::sweep(bool spend, const std::vector<std::shared_ptr<Slot>>* wanted) {
  const auto is_wanted = [&](const std::shared_ptr<Slot>& s) {
    return wanted && std::ranges::find(*wanted, s) != wanted->end();
  };
  for (size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    const bool used = std::ranges::any_of(node.outputs, [](const auto& s) { return s->gradient.defined(); });
    if (used) {
      std::vector<Tensor> dy;
      for (const auto& slot : node.outputs) {
        dy.push_back(is_wanted(slot) ? slot->gradient : std::exchange(slot->gradient, Tensor()));
        if (!dy.back().defined()) dy.back() = Tensor::zeros(slot->shape);
      }
      const auto into = [&](const std::shared_ptr<Slot>& slot, Tensor dx) {
        OperationWatch::see_gradient(node.name, dx);
        if (!wanted || !slot->leaf || is_wanted(slot)) flow_into(*slot, std::move(dx), node.name);
      };
      if (node.joint) {
        std::vector<Tensor> dx = node.joint(dy);
        require(dx.size() == node.inputs.size(), node.name, "its gradient returned ", dx.size(), " values for ",
                node.inputs.size(), " inputs");
        for (size_t k = 0; k < dx.size(); ++k) {
          if (node.inputs[k].slot && dx[k].defined()) into(node.inputs[k].slot, std::move(dx[k]));
        }
      } else {
        for (Wrt& input : node.inputs) {
          into(input.slot, input.pull_back(dy[0]));
          if (spend) input.pull_back = nullptr;
        }
      }
      Profile::report(node.name, Profile::Phase::backward);
    }
    if (spend) node = Node{};
  }
}

}  // namespace bijou
