// The machine that the kernels meet: its processor, its threads, its memory.
#pragma once
#include "autograd/real.hpp"

#include <string>

namespace bijou::inline BIJOU_SCALAR::kernels {

void set_threads(int count);
int threads();

// Instruction sets that the kernels were compiled for and this processor lacks; "" when it has all. Holds no code
// that needs them, so it may be asked before anything else runs.
const char* missing_instructions();

int64_t resident_memory();  // bytes that this process occupies now; 0 where /proc does not say
int64_t physical_memory();  // bytes that this process may use: the machine's, or its container's limit

}  // namespace bijou
