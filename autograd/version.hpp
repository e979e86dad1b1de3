#pragma once

namespace bijou {

// Of the program and of the library; the Makefile, pkg-config and CMake read it here.
inline constexpr const char* version = "0.1.0";

}  // namespace bijou
