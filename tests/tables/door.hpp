// Doors between the float and the double build, which are both linked into the program of the laws: functions
// whose signatures hold no type of Bijou, and whose names end in the scalar. Each build of a table defines
// those of its own.
#pragma once
#include <string>
#include <vector>

#ifdef BIJOU_DOUBLE
#define BIJOU_DOOR(name) name##_f64
#else
#define BIJOU_DOOR(name) name##_f32
#endif

namespace bijou_door {

// operations.cpp: d <R, f(inputs)> / d inputs for a row of the table and one of its sets of shapes, R a fixed
// random tensor (draw_projection); argument after argument.
std::vector<double> gradients_f32(const std::string& name, int set);
std::vector<double> gradients_f64(const std::string& name, int set);

// Runs the whole table, and names the branches of the kernels (kernels/branches.hpp) that it did not take.
std::vector<std::string> untaken_branches_f32();
std::vector<std::string> untaken_branches_f64();

// convolutions.cpp: where a convolution or a gradient of it is not what its definition says.
std::vector<std::string> convolution_offences_f32();
std::vector<std::string> convolution_offences_f64();

}  // namespace bijou_door
