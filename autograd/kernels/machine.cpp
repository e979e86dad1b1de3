#include "autograd/kernels/machine.hpp"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace bijou::inline BIJOU_SCALAR::kernels {

#ifdef _OPENMP
void set_threads(int count) { omp_set_num_threads(count); }
int threads() { return omp_get_max_threads(); }
#else
void set_threads(int) {}
int threads() { return 1; }
#endif

// The compiler's own macros say what it was allowed to use in this file, which is compiled with the kernels' flags.
const char* missing_instructions() {
#if defined(__x86_64__)
  __builtin_cpu_init();
#ifdef __AVX512F__
  if (!__builtin_cpu_supports("avx512f")) return "AVX-512";
#endif
#ifdef __AVX512VL__
  if (!__builtin_cpu_supports("avx512vl")) return "AVX-512 VL";
#endif
#ifdef __FMA4__
  if (!__builtin_cpu_supports("fma4")) return "FMA4";
#endif
#ifdef __AVX2__
  if (!__builtin_cpu_supports("avx2")) return "AVX2";
#endif
#ifdef __FMA__
  if (!__builtin_cpu_supports("fma")) return "FMA";
#endif
#ifdef __AVX__
  if (!__builtin_cpu_supports("avx")) return "AVX";
#endif
#ifdef __SSE4_2__
  if (!__builtin_cpu_supports("sse4.2")) return "SSE4.2";
#endif
#endif
  return "";
}

int64_t resident_memory() {
  long long pages = 0;
  if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%*s %lld", &pages) != 1) pages = 0;
    std::fclose(f);
  }
  return pages * sysconf(_SC_PAGESIZE);
}

int64_t physical_memory() {
  int64_t bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  if (std::FILE* f = std::fopen("/sys/fs/cgroup/memory.max", "r")) {  // "max", or the container's limit
    long long limit = 0;
    if (std::fscanf(f, "%lld", &limit) == 1 && limit > 0 && limit < bytes) bytes = limit;
    std::fclose(f);
  }
  return bytes;
}

}  // namespace bijou
