// The door between the program, which computes in float, and its inspections, which compute in double: the sources of
// this folder are compiled for both scalars, and both are linked into the program. Functions of the door have no type
// of Bijou in their signatures, and their names end in the scalar.
#pragma once
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef BIJOU_DOUBLE
#define BIJOU_DOOR(name) name##_f64
#else
#define BIJOU_DOOR(name) name##_f32
#endif

namespace bijou_inspect {

// An error on its way through the door: the kinds of autograd/check.hpp, whose classes each scalar has for itself.
// `through_door` in apps/check.cpp makes the float build's errors of it.
struct Failure : std::runtime_error {
  enum class Kind { usage, value, data, checkpoint, non_finite, storage, other };
  Failure(Kind what_kind, const std::string& what) : std::runtime_error(what), kind(what_kind) {}
  Kind kind;
};

// Which model: a checkpoint, or a preset with random weights.
struct Source {
  std::string checkpoint;      // "": none
  std::string family, preset;  // of random weights
  uint64_t seed = 0;           // of those, of the data, and of what is drawn for the checks
};

// --- check ---------------------------------------------------------------------------------------------------------

// What comes back from a round trip: the largest absolute error, and the largest value, which errors are relative to.
struct RoundTrip {
  double error = 0, largest = 0;
  double units = 0;  // the error in units in the last place of the largest value
};
struct RoundTrips {
  RoundTrip x;  // x -> y -> x
  RoundTrip y;  // y -> x -> y
};

struct ParameterCheck {
  std::string name;
  std::vector<int64_t> shape;
  int measured = 0;                     // directions in which the function is smooth enough for differences
  double error = 0;                     // the largest of them, relative
  double gradient = 0, difference = 0;  // the two numbers there
};

// The log-determinant of one example in several ways; errors relative to max(1, |log_det|).
struct LogDet {
  double formula = 0;
  bool by_autodiff = false, by_differences = false;
  double autodiff = 0, differences = 0;  // slogdet of the Jacobian by either
  double autodiff_error = 0, differences_error = 0;
};

struct LayerCheck {
  std::string name, description, equation;
  int64_t dimensions = 0;
  std::vector<LogDet> log_dets;  // an entry for each example; empty: the base density, which has none
  bool by_autodiff = true, by_differences = true;
  std::vector<ParameterCheck> parameters;
  bool inverts = true;  // false: the base density
  RoundTrips in_double, in_float;
  std::vector<std::string> failures;  // what lies above its bound, a phrase each
};

struct ModelCheck {
  std::string title;
  std::vector<std::string> notes;  // lines that say what was checked
  std::vector<LayerCheck> layers;  // in the order of the flow
  std::vector<LayerCheck> wholes;  // the composition of all layers, and the base density if it has parameters
  double bound_exact = 0, bound_differences = 0, bound_float = 0;
};

// Calls `progress` with each layer's name before it is checked.
using Progress = std::function<void(const std::string& name)>;
ModelCheck check_model_f64(const Source& source, const Progress& progress);
ModelCheck check_model_f32(const Source& source, const Progress& progress);

// A model without its types.
struct PlainModel {
  std::string family, config;                // JSON
  std::vector<std::vector<double>> tensors;  // parameters, then buffers, in order of construction
};

// The round trips of all layers, and at last of the whole, from the inputs given (a batch for each).
std::vector<RoundTrips> round_trips_f64(const PlainModel& model, const std::vector<std::vector<double>>& inputs);
std::vector<RoundTrips> round_trips_f32(const PlainModel& model, const std::vector<std::vector<double>>& inputs);

// --- jacobian ------------------------------------------------------------------------------------------------------

struct PlainMatrix {
  std::vector<double> values;  // row-major
  size_t rows = 0, columns = 0;
};

// The Jacobian of a layer at the input that it really gets; in the layer's own order, and in the one that shows what
// its log-determinant rests on.
struct LayerJacobian {
  std::string short_name;  // without the containers that all layers share; asked for, it is understood, too
  std::string name, description, equation;
  PlainMatrix natural, ordered, part;  // part: one of the equal blocks on the diagonal, if there are such
  std::string order;                   // what was done for `ordered`, in words
  std::string part_note;
  int sign = 1;                     // of det dy/dx
  double log_det = 0, formula = 0;  // by slogdet of the matrix, and by the layer's formula
  int diagonal_sign = 1;
  double diagonal = 0;          // the log of the product of `ordered`'s diagonal
  bool diagonal_is_det = true;  // `ordered` is triangular
};

using PlainPoints = std::vector<std::vector<double>>;  // (x, y) each

// What a layer makes of points and lines in the plane.
struct PlaneFrame {
  std::string title;
  PlainPoints points;
  std::vector<PlainPoints> vertical, horizontal;  // lines that started out so
};

struct ModelJacobians {
  std::string title;
  std::vector<std::string> notes;
  std::vector<PlaneFrame> film;  // from data to latents; empty unless the data are in the plane
};

// Calls `see` with each layer's Jacobian, or with that of the layer of this name.
using SeeJacobian = std::function<void(const LayerJacobian&)>;
ModelJacobians jacobians_f64(const Source& source, const std::string& layer, const SeeJacobian& see);
ModelJacobians jacobians_f32(const Source& source, const std::string& layer, const SeeJacobian& see);

}  // namespace bijou_inspect
