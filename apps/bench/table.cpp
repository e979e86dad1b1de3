#include "apps/bench/table.hpp"

#include "apps/bench/machine_speed.hpp"
#include "apps/bench/subject.hpp"
#include "autograd/kernels/machine.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>

namespace bijou::inline BIJOU_SCALAR::bench {
namespace {

// For the shell, in one piece.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// This program once more, with so many threads; what it printed.
std::string run_self(const std::string& arguments, int threads) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = text("OMP_NUM_THREADS=", threads, " ", quoted(self), " ", arguments);
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) fail<Error>("cannot start ", command);
  std::string out;
  char part[256];
  while (std::fgets(part, sizeof part, pipe)) out += part;
  if (::pclose(pipe) != 0) fail<Error>("'", command, "' failed");
  return out;
}

struct Measured {
  Spread ms;
  double gflop;
  int64_t peak;
};

Measured measured_apart(const Workload& w, const Effort& effort, int threads) {
  Measured m{};
  long long peak = 0;
  if (w.task != Task::first_step) {
    const std::string line =
        run_self(text("run ", w.name, " --timings ", effort.timings, " --seconds ", effort.seconds), threads);
    if (std::sscanf(line.c_str(), "ms %lf %lf %lf gflop %lf peak %lld", &m.ms.median, &m.ms.low, &m.ms.high, &m.gflop,
                    &peak) != 5) {
      fail<Error>("what the process of ", w.name, " printed is no measurement: ", line);
    }
  } else {
    std::vector<double> ms;
    for (int i = 0; i < effort.timings; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const std::string line = run_self("first-step", threads);
      ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
      if (std::sscanf(line.c_str(), "peak %lld", &peak) != 1) fail<Error>("first-step printed ", line);
    }
    m.ms = spread(ms);
  }
  m.peak = peak;
  return m;
}

void print_row(const Workload& w, const Measured& many, const Measured& one, double sgemm) {
  const auto batch = static_cast<long long>(w.batch);
  const std::string range = text("(", many.ms.low, " .. ", many.ms.high, ")");
  std::printf("%-4s %-58s %5lld  %9.3f  %-21s ", w.name.c_str(), w.what.c_str(), batch, many.ms.median, range.c_str());
  const double rate = many.gflop / many.ms.median * 1e3;
  if (w.task == Task::first_step) std::printf("%8s  %6s", "-", "-");  // what takes its time there is no product
  else std::printf("%8.1f  %5.0f%%", rate, 100 * rate / sgemm);
  std::printf("  %8.0f  %11.3f  %5.2f\n", static_cast<double>(many.peak) / (1 << 20), one.ms.median,
              one.ms.median / many.ms.median);
}

}  // namespace

void print_machine() {
  for (const auto& [name, value] : describe_machine()) std::printf("%-46s %s\n", name.c_str(), value.c_str());
}

int first_step(const Workload& w) {
  Subject(w).step();
  std::printf("peak %lld\n", static_cast<long long>(peak_resident_memory()));
  return 0;
}

int measure(const Workload& w, const Effort& effort) {
  Subject subject(w);
  for (int i = 0; i < 2; ++i) subject.step();
  std::vector<double> ms;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  while (std::ssize(ms) < effort.timings || seconds() < effort.seconds) ms.push_back(subject.step());
  const Spread s = spread(ms);
  std::printf("ms %.4f %.4f %.4f gflop %.6g peak %lld\n", s.median, s.low, s.high, subject.gflop(),
              static_cast<long long>(peak_resident_memory()));
  return 0;
}

int print_table(const std::vector<Workload>& chosen, const Effort& effort) {
  const int all = kernels::threads();
  print_machine();
  const double sgemm = sgemm_gflops();
  std::printf("\n%-4s %-58s %5s  %9s  %-21s %8s  %6s  %8s  %11s  %5s\n", "", "", "batch", "ms", "(min .. max)",
              "GFLOP/s", "sgemm", "peak MiB", "1 thread ms", "ratio");
  for (const Workload& w : chosen) {
    print_row(w, measured_apart(w, effort, all), measured_apart(w, effort, 1), sgemm);
    std::fflush(stdout);
  }
  std::printf(
      "\nms: median of a step. GFLOP/s: of direct convolutions, counted from the layers' shapes. sgemm: the share\n"
      "of its rate. ratio: how many times as fast on %d threads as on one.\n",
      all);
  return 0;
}

}  // namespace bijou
