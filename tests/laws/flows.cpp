// What must hold for every flow of the table: it is inverted, its log-determinant is that of its Jacobian, example by
// example; both scalar builds agree; checkpoints bring back the same model.
#include "flows/checkpoint.hpp"
#include "tests/laws/flow_law.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

using namespace bijou;
using bijou_tests::distance;
using bijou_tests::jacobian_at;
using bijou_tests::register_law;

namespace {

struct Inverse {
  static constexpr const char* name = "inverse";
  static void hold(const FlowCase& row, const Flow& flow) {
    const Tensor x = draw_data(row, flow), y = draw_latents(row, flow);
    CHECK(distance(flow.inverse(flow.forward(x).y.value()), x) < 1e-9);
    CHECK(distance(flow.forward(flow.inverse(y)).y.value(), y) < 1e-9);
  }
};

// The determinant is of the Jacobian by automatic differentiation, never of the inverse's opposite: with a wrong
// factor, forward and inverse still agree.
struct LogDet {
  static constexpr const char* name = "log_det";
  static void hold(const FlowCase& row, const Flow& flow) {
    const Tensor x = draw_data(row, flow), log_det = flow.forward(x).log_det.value();
    REQUIRE(log_det.shape() == Shape{row.batch});
    double largest = 0;
    for (int64_t n = 0; n < row.batch; ++n) {
      const double exact = math::slogdet(jacobian_at(flow, x.rows(n, n + 1)), false).log_abs;
      CHECK(std::abs(log_det.data()[n] - exact) / std::max(1.0, std::abs(exact)) < 1e-9);
      largest = std::max(largest, std::abs(log_det.data()[n]));
    }
    if (row.keeps_volume) {
      CHECK(largest == 0);
    } else {
      CHECK(largest > 1e-3);  // else the law says little
    }
  }
};

// initialize hands the batch on as forward then does; and a flow without data-dependent layers stays as it was.
struct Initialize {
  static constexpr const char* name = "initialize";
  static void hold(const FlowCase& row, const Flow&) {
    const auto made = make_flow(row);
    const Tensor x = draw_data(row, *made.flow), before = made.flow->forward(x).y.value();
    const Tensor y = made.flow->initialize(x);
    CHECK(distance(y, made.flow->forward(x).y.value()) < 1e-12);
    if (made.flow->summary().find("ActNorm") == std::string::npos && row.name.find("data") == std::string::npos &&
        row.name.find("learned 5-D") == std::string::npos) {
      CHECK(distance(y, before) < 1e-12);
    }
  }
};

// A row is one draw of the weights. An inverse that is solved for, or a constraint on the weights, may fail for others;
// so layers are inverted under many, gentle and rough ones. What a badly conditioned layer loses is not the law's matter:
// the error is measured at the output, relative to how much the layer stretches.
struct ManyDraws {
  static constexpr const char* name = "inverse and log_det under many weights";
  static bool applies(const FlowCase& row) { return row.batch == 1 && !row.model; }
  static void hold(const FlowCase& row, const Flow&) {
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      FlowCase drawn = row;
      drawn.noise = row.noise * (seed % 4 == 0 ? row.rough : 1);
      const FlowInstance made = make_flow(drawn, seed);
      const Flow& flow = *made.flow;
      const Tensor x = draw_data(row, flow, seed);
      const auto [y, log_det] = flow.forward(x);
      const Tensor J = jacobian_at(flow, x), back = flow.inverse(y.value());
      const double stretch = std::sqrt(math::sum_squares(J)) + 1;
      CHECK_MESSAGE(distance(flow.forward(back).y.value(), y.value()) < 1e-9 * stretch, "weights ", seed);
      const double exact = math::slogdet(J, false).log_abs;
      CHECK_MESSAGE(std::abs(log_det.item() - exact) / std::max(1.0, std::abs(exact)) < 1e-9, "weights ", seed);
    }
  }
};

struct Independence {
  static constexpr const char* name = "examples are independent";
  static bool applies(const FlowCase& row) { return row.batch > 1; }
  static void hold(const FlowCase& row, const Flow& flow) {
    const Tensor x = draw_data(row, flow), z = draw_latents(row, flow), inverse = flow.inverse(z);
    const auto [y, log_det] = flow.forward(x);
    for (int64_t n = 0; n < row.batch; ++n) {
      const auto alone = flow.forward(x.rows(n, n + 1));
      CHECK(distance(alone.y.value(), y.value().rows(n, n + 1)) < 1e-12);
      CHECK(distance(alone.log_det.value(), log_det.value().rows(n, n + 1)) < 1e-12);
      CHECK(distance(flow.inverse(z.rows(n, n + 1)), inverse.rows(n, n + 1)) < 1e-12);
    }
    if (row.stays && !row.keeps_volume)
      CHECK(log_det.value().data()[0] != log_det.value().data()[1]);  // the network sees its input
  }
};

struct FloatAgrees {
  static constexpr const char* name = "float agrees with double";
  static void hold(const FlowCase& row, const Flow&) {
    const auto f32 = bijou_door::flow_values_f32(row.name), f64 = bijou_door::flow_values_f64(row.name);
    const int64_t n = static_cast<int64_t>(f64.size());
    CHECK(distance(Tensor::from({static_cast<int64_t>(f32.size())}, f32), Tensor::from({n}, f64)) < 1e-4);
  }
};

// A file in a folder of its own, removed at the end.
class TemporaryFile {
 public:
  TemporaryFile() : folder_(std::filesystem::temp_directory_path() / text("bijou-laws-", ::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path() const { return folder_ / "model.safetensors"; }

 private:
  std::filesystem::path folder_;
};

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.data(), b.data());
}

struct Checkpoint {
  static constexpr const char* name = "save and load";
  static bool applies(const FlowCase& row) { return row.model.has_value(); }
  static void hold(const FlowCase& row, const Flow& flow) {
    const FlowInstance made = make_flow(row);
    const auto& model = dynamic_cast<const FlowModel&>(*made.owner);
    const TemporaryFile file;
    save_flow(file.path(), model, *row.model, {{"epoch", "7"}});
    const SavedFlow loaded = load_flow(file.path());
    const Tensor x = draw_data(row, flow), z = draw_latents(row, flow);
    const auto [y, log_det] = flow.forward(x);
    const auto again = loaded.model->bijection().forward(x);
    CHECK(same_bytes(again.y.value(), y.value()));
    CHECK(same_bytes(again.log_det.value(), log_det.value()));
    CHECK(same_bytes(loaded.model->log_prob(x).value(), model.log_prob(x).value()));
    CHECK(same_bytes(loaded.model->bijection().inverse(z), flow.inverse(z)));
    CHECK(config_to_json(loaded.config) == config_to_json(*row.model));
    CHECK(loaded.model->summary() == model.summary());
    CHECK(loaded.metadata.at("epoch") == "7");
  }
};

[[maybe_unused]] const bool registered[] = {
    register_law<Inverse>(),   register_law<LogDet>(),      register_law<Initialize>(), register_law<Independence>(),
    register_law<ManyDraws>(), register_law<FloatAgrees>(), register_law<Checkpoint>()};

}  // namespace

TEST_CASE("flow table: every class derived from Flow has a row, and every partition") {
  std::set<std::string> classes, partitions, covered, names;
  const std::regex derived(R"(class\s+(\w+)[\w\s]*:\s*public\s+Flow\b)");
  const std::regex partition(R"(unique_ptr<Partition>\s+(\w+)_partition\()");
  const auto find_all = [](const std::string& code, const std::regex& what, std::set<std::string>& found) {
    for (std::sregex_iterator it(code.begin(), code.end(), what), end; it != end; ++it) found.insert((*it)[1]);
  };
  REQUIRE_MESSAGE(std::filesystem::is_directory("flows"), "the tests run in the project's folder: no flows/ here");
  for (const auto& entry : std::filesystem::directory_iterator("flows")) {
    if (entry.path().extension() != ".hpp") continue;
    std::ifstream file(entry.path());
    const std::string code{std::istreambuf_iterator<char>(file), {}};
    find_all(code, derived, classes);
    find_all(code, partition, partitions);
  }
  REQUIRE(classes.size() >= 8);  // or the text was not understood
  REQUIRE(partitions.size() >= 3);
  std::string all_names;
  for (const FlowCase& row : flow_cases()) {
    covered.insert(row.covers);
    all_names += row.name + "\n";
    CHECK_MESSAGE(names.insert(row.name).second, "two rows are called ", row.name);
    CHECK_MESSAGE(classes.contains(row.covers), "the row ", row.name, " covers ", row.covers,
                  ", which flows/*.hpp do not derive from Flow");
  }
  for (const std::string& name : classes) {
    CHECK_MESSAGE(covered.contains(name), "no row of tests/tables/flows.cpp covers the class ", name);
  }
  for (const std::string& name : partitions) {
    for (const std::string keep : {"first", "second"}) {
      CHECK_MESSAGE(all_names.find(text("coupling by ", name, " ", keep)) != std::string::npos,
                    "no row of tests/tables/flows.cpp covers ", name, "_partition with Keep::", keep);
    }
  }
}
