#include "apps/bench/workloads.hpp"

#include <algorithm>

namespace bijou::inline BIJOU_SCALAR::bench {
namespace {

GlowConfig glow(const Shape& images, int scales, int64_t width, double alpha) {
  return {.data = {.input = images, .levels = 256, .alpha = alpha}, .scales = scales, .steps = 8, .width = width};
}

RealNVPConfig realnvp_images() {
  return {.data = {.input = {32, 32, 3}, .levels = 256}, .scales = 2, .features = 64, .blocks = 4};
}

RealNVPConfig realnvp_points() { return {.data = {.input = {2}}, .couplings = 8, .hidden = {128, 128}}; }

// Multiply-adds of a forward pass of one example: each weight of a product or convolution is used once at every pixel.
int64_t multiply_adds(const Module& module, int64_t pixels) {
  if (const auto* flow = dynamic_cast<const Flow*>(&module)) {
    const Shape& s = flow->input_shape();
    pixels = s.rank() == 3 ? s[0] * s[1] : 1;
  }
  int64_t sum = 0;
  for (const auto& child : module.children()) sum += multiply_adds(*child, pixels);
  if (!module.children().empty()) return sum;
  for (const auto& p : module.parameters()) {
    const Shape& s = p.variable->shape();
    if (s.rank() == 2 || s.rank() == 4) sum += s.numel() * pixels;
  }
  return sum;
}

}  // namespace

const std::vector<Workload>& workloads() {
  using enum Task;
  const GlowConfig narrow = glow({32, 32, 3}, 3, 128, 0);
  static const std::vector<Workload> all = {
      {"W1", "NICE, the paper's MNIST network", train, 100, 1.2, flow_preset("nice", "mnist")},
      {"W2", "RealNVP 32x32x3, 64 features, 4 residual blocks, 2 scales", train, 32, 2.5, realnvp_images()},
      {"W3", "Glow 32x32x3, K=8, L=3, width 512", train, 16, 1.3, glow({32, 32, 3}, 3, 512, 0)},
      {"W4", "Glow 32x32x3, K=8, L=3, width 128", train, 32, 1.4, narrow},
      {"W5", "Glow 28x28x1, K=8, L=2, width 64", train, 64, 2.2, glow({28, 28, 1}, 2, 64, 1e-6)},
      {"W6", "RealNVP in 2-D, 8 couplings, MLP of 2 x 128", train, 512, 2.5, realnvp_points()},
      {"W7a", "64 samples from the model of W2", sample, 64, 2.5, realnvp_images()},
      {"W7b", "64 samples from the model of W4", sample, 64, 1.4, narrow},
      {"W8", "process start to the end of the first step of W6", first_step, 512, 20, realnvp_points()},
  };
  return all;
}

std::vector<Workload> workloads_named(const std::string& beginning) {
  std::vector<Workload> chosen;
  std::string names;
  for (const Workload& w : workloads()) {
    if (w.name.starts_with(beginning)) chosen.push_back(w);
    names += (names.empty() ? "" : ", ") + w.name;
  }
  if (chosen.empty()) fail<UsageError>("no workload is called '", beginning, "'; there are: ", names);
  return chosen;
}

const Workload& workload(const std::string& name) {
  for (const Workload& w : workloads()) {
    if (w.name == name) return w;
  }
  const auto near = workloads_named(name);  // none: the error that lists them
  fail<UsageError>("'", name, "' is more than one workload; the first is ", near[0].name);
}

const char* task_name(Task task) {
  return task == Task::train ? "train" : task == Task::sample ? "sample" : "first-step";
}

double direct_gflop(const Workload& w, const FlowModel& model) {
  const double passes = w.task == Task::sample ? 1 : 3;  // backward is a product with the weights, and one for theirs
  return 2e-9 * passes * static_cast<double>(w.batch) * static_cast<double>(multiply_adds(model, 1));
}

}  // namespace bijou
