// Compiled with the kernels' flags (Makefile: KERNEL_FLAGS), since it asks what this processor can do.
#include "apps/bench/machine_speed.hpp"

#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/machine.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/tensor.hpp"

#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

namespace bijou::inline BIJOU_SCALAR::bench {
namespace {

// Seconds of the fastest of five.
template <class F>
double seconds(const F& f) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
using Vector = Real __attribute__((vector_size(kVectorBytes)));
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(Real));

// Sixteen chains hide the latency of the multiply-adds. Each starts from another number: equal ones would be computed
// once. a x + b with a < 1 stays finite.
Real chains(int64_t rounds, Real start) {
  constexpr int kChains = 16;
  Vector x[kChains], a = Vector{} + Real(0.999), b = Vector{} + Real(0.001);
  for (int i = 0; i < kChains; ++i) x[i] = Vector{} + (start + static_cast<Real>(i));
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) x[i] = x[i] * a + b;
  }
  Real sum = 0;
  for (const Vector& v : x) sum += v[0];
  return sum;
}

std::string cpu_model() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string rounded(double value, const char* unit) { return text(std::lround(value), " ", unit); }

// On one thread, and on all of them.
template <class F>
std::string one_and_all(const F& f, const char* unit) {
  const int all = kernels::threads();
  kernels::set_threads(1);
  const double one = f();
  kernels::set_threads(all);
  return all == 1 ? rounded(one, unit) : rounded(one, unit) + "; " + rounded(f(), unit) + text(" on ", all, " threads");
}

}  // namespace

double fma_gflops() {
  constexpr int64_t kRounds = 1'000'000;
  const int64_t tasks = 4 * kernels::threads();
  std::vector<Real> results(static_cast<size_t>(tasks));
  const double s = seconds([&] {
    kernels::for_tasks(tasks, [&](int64_t t) { results[static_cast<size_t>(t)] = chains(kRounds, Real(t)); });
  });
  return 2e-9 * 16 * kLanes * static_cast<double>(kRounds * tasks) / s;
}

double sgemm_gflops() {
  constexpr int64_t n = 1024;
  const Tensor a = Tensor::full({n, n}, 0.5), b = Tensor::full({n, n}, 0.25);
  Tensor c({n, n});
  const auto out = c.mutable_data();
  return 2e-9 * n * n * n /
         seconds([&] { kernels::matmul(false, false, n, n, n, a.data().data(), b.data().data(), out.data()); });
}

double blas_gflops() {
  constexpr int64_t n = 1024;
  const Tensor a = Tensor::full({n, n}, 0.5), b = Tensor::full({n, n}, 0.25);
  Tensor c({n, n});
  const auto out = c.mutable_data();
  return 2e-9 * n * n * n / seconds([&] {
           kernels::for_tasks(1, [&](int64_t) {
             kernels::gemm(false, false, n, n, n, a.data().data(), n, b.data().data(), n, 0, out.data(), n);
           });
         });
}

double triad_gigabytes() {
  constexpr int64_t n = 32 << 20;  // 128 MiB an array
  const Tensor b = Tensor::full({n}, 1), c = Tensor::full({n}, 2);
  Tensor a({n});
  Real* const out = a.mutable_data().data();
  const Real *x = b.data().data(), *y = c.data().data();
  return 3e-9 * sizeof(Real) * n / seconds([&] { kernels::for_each(n, [&](int64_t i) { out[i] = x[i] + 3 * y[i]; }); });
}

std::vector<std::pair<std::string, std::string>> describe_machine() {
  return {{"processor", cpu_model()},
          {"cores", text(std::thread::hardware_concurrency())},
          {"threads", text(kernels::threads())},
          {"compiler", text("g++ ", __VERSION__)},
          {"BLAS", kernels::blas_description()},
          {"fused multiply-add peak", one_and_all(fma_gflops, "GFLOP/s")},
          {"sgemm, 1024 x 1024 x 1024", one_and_all(sgemm_gflops, "GFLOP/s")},
          {"the same as one call of the BLAS, one thread", rounded(blas_gflops(), "GFLOP/s")},
          {"memory bandwidth (triad)", one_and_all(triad_gigabytes, "GB/s")}};
}

}  // namespace bijou
