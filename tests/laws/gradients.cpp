// Every operation's gradient, in double against finite differences and in float against double. `make
// gradcheck` runs these cases, one for each row of the table of operations.
#include "tests/tables/door.hpp"
#include "tests/tables/operations.hpp"
#include "tests/tables/rows.hpp"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <regex>
#include <set>

using namespace bijou;

namespace {

constexpr double kBound = 1e-7;       // double against finite differences
constexpr double kFloatBound = 1e-4;  // float against double

double relative_error(double g, double h, double floor = 1e-3) {
  return std::abs(g - h) / std::max({std::abs(g), std::abs(h), floor});
}

double dot(const Tensor& a, std::span<const double> b) {
  return std::inner_product(b.begin(), b.end(), a.data().begin(), 0.0);
}

// The derivative of <R, f> along one random direction of one argument, by the gradient and by finite
// differences: says as much about all entries at once as a difference for each would say about that one.
double directional_error(const OperationCase& op, int set, const std::vector<Tensor>& inputs, size_t argument,
                         std::span<const double> gradient) {
  Rng rng(2, stream("direction", argument));
  const Tensor direction = Tensor::randn(inputs[argument].shape(), rng);
  const auto at = [&](double by) {
    std::vector<Variable> xs(inputs.begin(), inputs.end());
    xs[argument] = Variable(math::add(inputs[argument], math::scale_offset(direction, by, 0)));
    const Tensor y = op.f(xs).value();
    return dot(y, draw_projection(y.shape(), set).data());
  };
  const double h = 1e-3, fd = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  return relative_error(dot(direction, gradient), fd);
}

// The largest relative error among the entries. In the large sets an entry is the sum of thousands of terms
// that may cancel, so there a float's error is measured against the largest entry.
double float_error(std::span<const double> f32, std::span<const double> f64, bool large) {
  double floor = 1e-3, worst = 0;
  for (size_t i = 0; large && i < f64.size(); ++i) floor = std::max(floor, std::abs(f64[i]));
  for (size_t i = 0; i < f64.size(); ++i) {
    const double error = relative_error(f32[i], f64[i], floor);
    if (error > worst || std::isnan(error)) worst = error;
  }
  return worst;
}

void print_line(const std::string& operation, const std::string& argument, const std::string& shape, double error,
                double in_float) {
  static bool header = false;
  if (!std::exchange(header, true)) {
    std::printf("%-38s %8s  %-18s %9s %7s  %9s %7s\n", "gradient of", "argument", "shape", "error", "bound", "in float",
                "bound");
  }
  std::printf("%-38s %8s  %-18s %9.1e %7.0e  %9.1e %7.0e\n", operation.c_str(), argument.c_str(), shape.c_str(), error,
              kBound, in_float, kFloatBound);
}

struct Gradients {
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const OperationCase& op : operations()) names.push_back(std::string("gradient: ") + op.name);
    return names;
  }

  static void run(size_t row) {
    const OperationCase& op = operations()[row];
    REQUIRE(op.shapes.size() >= 3);
    for (int set = 0; set < op.sets(); ++set) {
      const bool large = op.is_large(set);
      const std::vector<Tensor> inputs = draw_inputs(op, set);
      const auto f32 = bijou_door::gradients_f32(op.name, set), f64 = bijou_door::gradients_f64(op.name, set);
      REQUIRE(f32.size() == f64.size());
      std::vector<GradientError> errors;
      if (!large) errors = check_gradients(op.f, inputs);
      size_t begin = 0;
      for (size_t a = 0; a < inputs.size(); ++a) {
        const size_t size = static_cast<size_t>(inputs[a].numel());
        const std::span g32 = std::span(f32).subspan(begin, size), g64 = std::span(f64).subspan(begin, size);
        const double error = large ? directional_error(op, set, inputs, a, g64) : errors[a].error;
        const double in_float = float_error(g32, g64, large);
        const std::string argument = text(a + 1, " of ", inputs.size()), shape = text(inputs[a].shape());
        print_line(op.name, argument, shape, error, in_float);
        const std::string at = large ? "along a random direction"
                                     : text("entry ", errors[a].entry, ": gradient ", errors[a].gradient,
                                            ", finite difference ", errors[a].difference);
        CHECK_MESSAGE(error < kBound, "argument ", argument, ", shape ", shape, ", ", at);
        CHECK_MESSAGE(in_float < kFloatBound, "argument ", argument, ", shape ", shape);
        begin += size;
      }
      CHECK(begin == f64.size());
    }
  }
};

[[maybe_unused]] const bool registered = bijou_tests::register_rows<Gradients>();

// The functions that a header declares, as "name(parameter, parameter)": the last word of each parameter,
// without its default value.
std::multiset<std::string> declared_functions(const char* path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file, "the tests run in the project's folder: no ", path, " here");
  std::string line, code;
  while (std::getline(file, line)) code += line.substr(0, line.find("//")) + "\n";
  std::multiset<std::string> functions;
  const std::regex declaration(R"(([\w:<>]+)\s+(operator[^\s\w(]+|\w+)\s*\(([^;{}]*)\)\s*;)");
  const std::regex parameter(R"((\w+)\s*(=[^,]*)?(,|$))");
  for (std::sregex_iterator d(code.begin(), code.end(), declaration), end; d != end; ++d) {
    const std::string parameters = (*d)[3];
    std::string symbol = (*d)[2].str() + "(";
    for (std::sregex_iterator p(parameters.begin(), parameters.end(), parameter); p != end; ++p) {
      symbol += (symbol.back() == '(' ? "" : ", ") + (*p)[1].str();
    }
    functions.insert(symbol + ")");
  }
  return functions;
}

}  // namespace

TEST_CASE("gradient table: every operation of ops.hpp has a row") {
  const auto declared = declared_functions("autograd/ops.hpp");
  REQUIRE(declared.size() > 40);  // or the text was not understood
  std::set<std::string> covered, names;
  for (const OperationCase& op : operations()) {
    covered.insert(op.symbol);
    CHECK_MESSAGE(names.insert(op.name).second, "two rows are called ", op.name);
    CHECK_MESSAGE(declared.count(op.symbol) == 1, "the row ", op.name, " covers ", op.symbol,
                  ", which ops.hpp declares ", declared.count(op.symbol), " times");
  }
  for (const std::string& symbol : declared) {
    CHECK_MESSAGE(covered.contains(symbol), "no row of tests/tables/operations.cpp covers ", symbol);
  }
}

TEST_CASE("gradient table: every branch was taken") {
  for (const std::string& name : bijou_door::untaken_branches_f32()) FAIL_CHECK("in float: ", name);
  for (const std::string& name : bijou_door::untaken_branches_f64()) FAIL_CHECK("in double: ", name);
}
