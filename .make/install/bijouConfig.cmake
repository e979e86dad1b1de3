# find_package(bijou) gives bijou::bijou: the static library, its headers, C++20, and all that it is linked with.
cmake_policy(VERSION 3.13...3.25)
include(CMakeFindDependencyMacro)
find_dependency(OpenMP COMPONENTS CXX)
find_dependency(ZLIB)

if(NOT TARGET bijou::bijou)
  get_filename_component(_bijou_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
  add_library(bijou::bijou STATIC IMPORTED)
  set_target_properties(bijou::bijou PROPERTIES
    IMPORTED_LOCATION "${_bijou_prefix}/lib/libbijou.a"
    IMPORTED_LINK_INTERFACE_LANGUAGES CXX
    INTERFACE_INCLUDE_DIRECTORIES "${_bijou_prefix}/include/bijou"
    INTERFACE_COMPILE_FEATURES cxx_std_20
    # OpenBLAS in its OpenMP flavour, which need not be what -lopenblas finds by itself: its folder, for the linker and
    # for the loader.
    INTERFACE_LINK_DIRECTORIES "@BLAS_DIRECTORIES@"
    INTERFACE_LINK_OPTIONS "@BLAS_OPTIONS@"
    INTERFACE_LINK_LIBRARIES "@BLAS_LIBRARIES@;ZLIB::ZLIB;OpenMP::OpenMP_CXX")
  unset(_bijou_prefix)
endif()
