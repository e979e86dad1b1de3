// A law of flows: one case for each row of the table of flows that it applies to, named `flow: <law>: <row>`.
//
//   struct Law {
//     static constexpr const char* name = "...";
//     static bool applies(const FlowCase& row);                    // may be left out: to every row
//     static void hold(const FlowCase& row, const Flow& flow);     // with doctest's CHECK and REQUIRE
//   };
//   const bool registered = register_law<Law>();
#pragma once
#include "autograd/gradcheck.hpp"
#include "autograd/kernels/machine.hpp"
#include "tests/tables/flows.hpp"
#include "tests/tables/rows.hpp"

#include <cmath>

namespace bijou_tests {

// The rows are small: one thread is faster than several that wait for each other.
class OneThread {
 public:
  OneThread() : before_(bijou::kernels::threads()) { bijou::kernels::set_threads(1); }
  ~OneThread() { bijou::kernels::set_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

template <class Law>
struct LawRows {
  static const std::vector<const bijou::FlowCase*>& rows() {
    static const std::vector<const bijou::FlowCase*> chosen = [] {
      std::vector<const bijou::FlowCase*> all;
      for (const bijou::FlowCase& row : bijou::flow_cases()) {
        if constexpr (requires { Law::applies(row); }) {
          if (!Law::applies(row)) continue;
        }
        all.push_back(&row);
      }
      return all;
    }();
    return chosen;
  }
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto* row : rows()) names.push_back(bijou::text("flow: ", Law::name, ": ", row->name));
    return names;
  }
  static void run(size_t i) {
    const OneThread one;
    const bijou::FlowInstance made = bijou::make_flow(*rows()[i]);
    Law::hold(*rows()[i], *made.flow);
  }
};

template <class Law>
bool register_law(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return register_rows<LawRows<Law>>(file, line);
}

// The largest difference, relative to the largest value but at least to 1; NaN when there is one.
inline double distance(const bijou::Tensor& a, const bijou::Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double scale = 1, worst = 0;
  for (size_t i = 0; i < a.data().size(); ++i) {
    const double difference = std::abs(a.data()[i] - b.data()[i]);
    scale = std::max(scale, std::abs(static_cast<double>(b.data()[i])));
    if (!(difference <= worst)) worst = difference;
    if (std::isnan(difference)) return difference;
  }
  return worst / scale;
}

// d y / d x of a flow at one example [1, ...], as a matrix.
inline bijou::Tensor jacobian_at(const bijou::Flow& flow, const bijou::Tensor& example) {
  return bijou::jacobian_of_one([&](const bijou::Variable& x) { return flow.forward(x).y; }, example);
}

}  // namespace bijou_tests
