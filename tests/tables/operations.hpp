// The table of operations: a row for every function of autograd/ops.hpp, overload by overload. A new
// operation gets a row in operations.cpp, and with it its gradient checks; the laws fail when a function has none.
#pragma once
#include "autograd/gradcheck.hpp"

#include <string>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

// What an argument is drawn from: away from where the operation has a kink, a pole, or no value.
enum class Domain {
  any,       // N(0, 1)
  positive,  // [0.5, 2.5)
  nonzero,   // the same with either sign
  regular,   // a well-conditioned matrix, as are its triangles; its diagonal has both signs
};

using Arguments = std::vector<Shape>;
using Sets = std::vector<Arguments>;

struct OperationCase {
  const char* name;             // of the test case: `gradient: <name>`
  const char* symbol;           // the function in ops.hpp and its parameters, e.g. "conv2d(x, w)"
  Sets shapes;                  // sets of arguments; each is held against finite differences
  std::vector<Domain> domains;  // argument by argument; those beyond the end are `any`
  Function f;
  Sets large = {};          // for the kernels' other branches; too large to move each entry
  Function kink = nullptr;  // inputs are drawn again until all its values are away from zero, on both sides

  int sets() const { return static_cast<int>(shapes.size() + large.size()); }
  bool is_large(int set) const { return set >= static_cast<int>(shapes.size()); }
  const Arguments& arguments(int set) const { return is_large(set) ? large[set - shapes.size()] : shapes[set]; }
};

const std::vector<OperationCase>& operations();
const OperationCase& operation(const std::string& name);

// The same numbers in both scalar builds, up to rounding: the arguments, and the R of <R, f(arguments)>.
std::vector<Tensor> draw_inputs(const OperationCase& op, int set);
Tensor draw_projection(const Shape& result, int set);

}  // namespace bijou
