// A workload that another program steers: see serve.cpp for the lines it understands.
#pragma once
#include "apps/bench/subject.hpp"

namespace bijou::inline BIJOU_SCALAR::bench {

int serve(const Workload& workload, const std::string& folder);  // the exit code

}  // namespace bijou
