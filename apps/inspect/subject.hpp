// What is inspected: a model in this build's scalar, its layers, and the input that each of them really gets.
#pragma once
#include "apps/inspect/door.hpp"
#include "flows/zoo.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct Subject {
  std::unique_ptr<FlowModel> model;
  FlowConfig config;
  std::vector<std::string> notes;
};

// The model of a checkpoint, or one with random weights. Images are made as small as the scales allow, but no smaller
// than 8 x 8, where that leaves the weights as they are: convolutions do not care. A note says what was done.
Subject load_subject(const bijou_inspect::Source& source);

struct Layer {
  const Flow* flow;
  Tensor x;  // its input, [N, ...]
};

// Every flow that is no container, in the order in which x meets them.
std::vector<Layer> layers_of(const Flow& flow, const Tensor& x);

// dy/dx of a flow at one example [1, ...].
Tensor jacobian_by_autodiff(const Flow& flow, const Tensor& x);

// A batch that the model itself may have made: g(z), z from the base. Where these are not finite, or outside of the
// data's range: uniform in that range, or standard normal.
Tensor draw_examples(const FlowModel& model, const DataSpec& data, int64_t n, uint64_t seed);

// For the other scalar, which makes its own model of it.
bijou_inspect::PlainModel plain(const FlowModel& model, const FlowConfig& config);
std::unique_ptr<FlowModel> from_plain(const bijou_inspect::PlainModel& plain);

// What a function of the door does, with its errors made ready to pass.
template <class F>
auto at_the_door(const F& f) {
  using bijou_inspect::Failure;
  try {
    return f();
  } catch (const UsageError& e) {
    throw Failure(Failure::Kind::usage, e.what());
  } catch (const ValueError& e) {
    throw Failure(Failure::Kind::value, e.what());
  } catch (const DataError& e) {
    throw Failure(Failure::Kind::data, e.what());
  } catch (const CheckpointError& e) {
    throw Failure(Failure::Kind::checkpoint, e.what());
  } catch (const NonFiniteError& e) {
    throw Failure(Failure::Kind::non_finite, e.what());
  } catch (const StorageError& e) {
    throw Failure(Failure::Kind::storage, e.what());
  } catch (const Error& e) {
    throw Failure(Failure::Kind::other, e.what());
  }
}

}  // namespace bijou
