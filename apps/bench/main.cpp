// bijou-bench: what a training step, or a batch of samples, costs (`make bench`, `make bench-peers`); and steps for
// another implementation to repeat (`make results-ROW` of such a row).
#include "apps/bench/memory.hpp"
#include "apps/bench/serve.hpp"
#include "apps/bench/steps.hpp"
#include "apps/bench/subject.hpp"
#include "apps/bench/table.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/machine.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>

using namespace bijou;

namespace {

// A line for each workload, for programs: name, task, family, shape, batch, GFLOP, goal, description, between tabs.
int list(const std::vector<bench::Workload>& chosen) {
  for (const auto& w : chosen) {
    const auto model = build_flow(w.config, 0);
    const std::string shape = text(data_of(w.config).input);
    std::printf("%s\t%s\t%s\t%s\t%lld\t%.6g\t%g\t%s\n", w.name.c_str(), bench::task_name(w.task),
                family_of(w.config).c_str(), shape.c_str(), static_cast<long long>(w.batch),
                bench::direct_gflop(w, *model), w.goal, w.what.c_str());
  }
  return 0;
}

// So many steps from the same start: the time of one, and a checkpoint. Its bytes must not depend on the threads.
int train(bench::Workload workload, int64_t batch, int steps, const std::string& out) {
  if (workload.task != bench::Task::train)
    fail<UsageError>(workload.name, " is no repeated training step; W1 to W6 are");
  if (batch > 0) workload.batch = batch;
  bench::Subject subject(workload);
  std::vector<double> ms;
  for (int i = 0; i < steps; ++i) ms.push_back(subject.step());
  subject.save(out);
  std::printf("%.3f\n", bench::spread(ms).median);
  return 0;
}

struct DepthOptions {
  std::vector<int> depths = {8, 16, 32, 64};
  int64_t width = 512, batch = 16;
  int timed = 3;
  std::string out;
};

int memory(const DepthOptions& o) {
  const GlowConfig config{.data = {.input = {32, 32, 3}, .levels = 256}, .scales = 3, .width = o.width};
  if (!o.out.empty() && !std::ofstream(o.out, std::ios::app)) {  // known before minutes are spent
    fail<StorageError>("cannot write '", o.out, "'; choose a folder that exists and that you may write to");
  }
  const std::string what = text("32x32x3, L = 3, width ", o.width, ", batches of ", o.batch);
  const auto points = memory_against_depth(config, o.batch, o.depths, o.timed);
  std::printf("Glow %s, %d threads: activations, and the time of a training step\n%s", what.c_str(), kernels::threads(),
              memory_table(points).c_str());
  if (o.out.empty()) return 0;
  draw_memory(o.out, points, "Activations of a step of Glow: " + what);
  std::printf("picture: %s\n", o.out.c_str());
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("What Bijou's training steps and samples cost on this machine.");
  app.name("bijou-bench");
  app.require_subcommand(1);
  std::string name, folder;
  bench::Effort effort{.timings = 7, .seconds = 3};
  const auto timed = [&](CLI::App* command) {
    command->add_option("--timings", effort.timings, "of each workload, at least")->check(CLI::Range(1, 100000));
    command->add_option("--seconds", effort.seconds, "and at least for this long")->check(CLI::Range(0.0, 3600.0));
  };
  auto* table = app.add_subcommand("table", "the machine, and a row for each workload");
  table->add_option("--only", name, "the workloads whose names begin so");
  timed(table);
  auto* machine = app.add_subcommand("machine", "the machine, and what it can do at best");
  auto* lines = app.add_subcommand("list", "the workloads, for programs");
  lines->add_option("--only", name, "those whose names begin so");
  auto* one = app.add_subcommand("run", "one workload in this process, for `table`");
  one->add_option("WORKLOAD", name, "its name")->required();
  timed(one);
  auto* start = app.add_subcommand("first-step", "build the model of W8, train one step, and end");
  auto* steps_only = app.add_subcommand("train", "so many steps and a checkpoint; prints the milliseconds of a step");
  int64_t batch = 0;
  int count = 50;
  std::string out;
  steps_only->add_option("WORKLOAD", name, "its name")->required();
  steps_only->add_option("--batch", batch, "examples, if not the workload's own")->check(CLI::Range(1, 4096));
  steps_only->add_option("--steps", count, "how many")->check(CLI::Range(1, 100000));
  steps_only->add_option("--out", out, "the checkpoint")->required();
  DepthOptions depth;
  auto* ways =
      app.add_subcommand("memory", "what a step of Glow keeps, stored, checkpointed and reversible, as K grows");
  ways->add_option("--depths", depth.depths, "K, the steps of flow in each scale")->check(CLI::Range(1, 4096));
  ways->add_option("--width", depth.width, "of the couplings' networks")->check(CLI::Range(1, 4096));
  ways->add_option("--batch", depth.batch, "images")->check(CLI::Range(1, 4096));
  ways->add_option("--timed", depth.timed, "steps to time; the fastest counts")->check(CLI::Range(1, 1000));
  ways->add_option("--out", depth.out, "a PNG file for the curves");
  auto* server = app.add_subcommand("serve", "write weights and a batch into a folder, then obey lines on stdin");
  server->add_option("WORKLOAD", name, "its name")->required();
  server->add_option("FOLDER", folder, "for workload.safetensors")->required();
  auto* recorded = app.add_subcommand(
      "steps", "the first steps of a training, and what another implementation needs to repeat them");
  std::string config, data_dir;
  int steps = 100;
  recorded->add_option("CONFIG", config, "as bijou train --config has it")->required();
  recorded->add_option("FOLDER", folder, "for steps.safetensors and bijou.csv")->required();
  recorded->add_option("--data-dir", data_dir, "as bijou train has it");
  recorded->add_option("--steps", steps, "how many")->check(CLI::Range(1, 100000))->capture_default_str();
  auto* compared = app.add_subcommand("compare-steps", "both implementations' losses side by side; 1: they differ");
  double tolerance = 1e-3;
  std::string title;
  compared
      ->add_option("FOLDER", folder,
                   "with bijou.csv and pytorch.csv, and pytorch-reversed.csv where there is a control")
      ->required();
  compared->add_option("--out", out, "a folder for steps.csv, curve.png and apart.png")->required();
  compared->add_option("--title", title, "of the picture");
  compared->add_option("--tolerance", tolerance, "largest relative difference")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::printf("%s", app.get_subcommands().empty() ? app.help().c_str() : app.get_subcommands()[0]->help().c_str());
    return 0;
  } catch (const CLI::ParseError& e) {
    fail<UsageError>(e.what(), " (bijou-bench --help says how)");
  }
  if (const std::string complaint = kernels::blas_complaint(); !complaint.empty()) fail<UsageError>(complaint);
  if (*table) return bench::print_table(bench::workloads_named(name), effort);
  if (*machine) return bench::print_machine(), 0;
  if (*lines) return list(bench::workloads_named(name));
  if (*one) return bench::measure(bench::workload(name), effort);
  if (*steps_only) return train(bench::workload(name), batch, count, out);
  if (*ways) return memory(depth);
  if (*start) return bench::first_step(bench::workload("W8"));
  if (*recorded) return bench::record_steps(config, data_dir, steps, folder);
  if (*compared) return bench::compare_steps(folder, out, title, tolerance);
  if (*server) return bench::serve(bench::workload(name), folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const UsageError& e) {
    std::fprintf(stderr, "bijou-bench: %s\n", e.what());
    return 2;
  } catch (const DataError& e) {
    std::fprintf(stderr, "bijou-bench: %s\n", e.what());
    return 3;
  } catch (const StorageError& e) {
    std::fprintf(stderr, "bijou-bench: %s\n", e.what());
    return 6;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bijou-bench: %s\n", e.what());
    return 1;
  }
}
