// The values of the operations, by hand: a gradient check cannot see that f and f' are wrong together.
#include "autograd/ops.hpp"
#include "tests/tables/rows.hpp"

#include <cmath>

using namespace bijou;

namespace {

struct ValueCase {
  const char* name;
  std::function<Variable()> call;
  Shape shape;
  std::vector<double> expected;
};

Variable v(const Shape& shape, std::initializer_list<double> values) { return Tensor::from(shape, values); }
Variable count(const Shape& shape) {  // 1, 2, 3, ...
  Tensor t(shape);
  for (int64_t i = 0; i < t.numel(); ++i) t.mutable_data()[i] = static_cast<Real>(i + 1);
  return t;
}
const double e = std::exp(1.0), ln2 = std::log(2.0);
using math::Triangle;

// clang-format off
const std::vector<ValueCase>& cases() {
  static const std::vector<ValueCase> table = {
    {"add", [] { return v({2, 1}, {1, 2}) + v({2}, {10, 20}); }, {2, 2}, {11, 21, 12, 22}},
    {"subtract", [] { return v({2, 1}, {1, 2}) - v({2}, {10, 20}); }, {2, 2}, {-9, -19, -8, -18}},
    {"multiply", [] { return v({2, 1}, {1, 2}) * v({2}, {10, 20}); }, {2, 2}, {10, 20, 20, 40}},
    {"divide", [] { return v({2}, {10, 20}) / v({2, 1}, {1, 2}); }, {2, 2}, {10, 20, 5, 10}},
    {"add: repeated in the middle", [] { return count({2, 1, 2}) + v({3, 1}, {10, 20, 30}); },
     {2, 3, 2}, {11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34}},
    {"add: a scalar tensor", [] { return v({}, {5}) + v({2}, {1, 2}); }, {2}, {6, 7}},
    {"negate", [] { return -v({2}, {1, -2}); }, {2}, {-1, 2}},
    {"x + c", [] { return v({2}, {1, -2}) + 3; }, {2}, {4, 1}},
    {"x - c", [] { return v({2}, {1, -2}) - 3; }, {2}, {-2, -5}},
    {"x * c", [] { return v({2}, {1, -2}) * 3; }, {2}, {3, -6}},
    {"x / c", [] { return v({2}, {1, -2}) / 4; }, {2}, {0.25, -0.5}},
    {"c + x", [] { return 3 + v({2}, {1, -2}); }, {2}, {4, 1}},
    {"c - x", [] { return 3 - v({2}, {1, -2}); }, {2}, {2, 5}},
    {"c * x", [] { return 3 * v({2}, {1, -2}); }, {2}, {3, -6}},

    {"exp", [] { return exp(v({2}, {0, 1})); }, {2}, {1, e}},
    {"log", [] { return log(v({2}, {1, 2})); }, {2}, {0, ln2}},
    {"tanh", [] { return tanh(v({2}, {0, 1})); }, {2}, {0, (e * e - 1) / (e * e + 1)}},
    {"sigmoid", [] { return sigmoid(v({2}, {0, 1})); }, {2}, {0.5, e / (e + 1)}},
    {"softplus", [] { return softplus(v({2}, {0, 1})); }, {2}, {ln2, std::log(1 + e)}},
    {"relu", [] { return relu(v({3}, {-1, 0, 2})); }, {3}, {0, 0, 2}},
    {"square", [] { return square(v({2}, {3, -4})); }, {2}, {9, 16}},
    {"sqrt", [] { return sqrt(v({2}, {9, 16})); }, {2}, {3, 4}},
    {"abs", [] { return abs(v({2}, {3, -4})); }, {2}, {3, 4}},

    {"sum", [] { return sum(count({2, 3})); }, {}, {21}},
    {"sum over rows", [] { return sum(count({2, 3}), {0}); }, {3}, {5, 7, 9}},
    {"sum over columns", [] { return sum(count({2, 3}), {-1}); }, {2}, {6, 15}},
    {"sum over the middle", [] { return sum(count({2, 2, 2}), {1}); }, {2, 2}, {4, 6, 12, 14}},
    {"sum over both ends", [] { return sum(count({2, 2, 2}), {2, 0}); }, {2}, {14, 22}},
    {"sum over no axis", [] { return sum(count({2}), {}); }, {2}, {1, 2}},
    {"mean", [] { return mean(count({2, 3})); }, {}, {3.5}},
    {"mean over rows", [] { return mean(count({2, 3}), {0}); }, {3}, {2.5, 3.5, 4.5}},
    {"sum_per_sample", [] { return sum_per_sample(count({2, 2, 2})); }, {2}, {10, 26}},
    {"sum_per_sample of scalars", [] { return sum_per_sample(count({2})); }, {2}, {1, 2}},
    {"logsumexp", [] { return logsumexp(v({2, 2}, {0, 0, ln2, 0})); }, {2}, {ln2, std::log(3.0)}},

    {"moments: mean", [] { return moments(v({2, 2}, {1, 10, 3, 30})).mean; }, {2}, {2, 20}},
    {"moments: variance", [] { return moments(v({2, 2}, {1, 10, 3, 30})).variance; }, {2}, {1, 100}},
    {"normalize", [] { return normalize(v({2, 2}, {1, 10, 3, 30}), v({2}, {2, 20}), v({2}, {1, 96}), 4); },
     {2, 2}, {-1 / std::sqrt(5.0), -1, 1 / std::sqrt(5.0), 1}},

    {"reshape", [] { return reshape(count({2, 3}), {Tensor::kInfer, 2}); }, {3, 2}, {1, 2, 3, 4, 5, 6}},
    {"split", [] { return split(count({2, 3}), 1, {1, 2})[1]; }, {2, 2}, {2, 3, 5, 6}},
    {"concat", [] { return concat({count({2, 1}), v({2, 2}, {5, 6, 7, 8})}, -1); }, {2, 3},
     {1, 5, 6, 2, 7, 8}},
    {"concat rows", [] { return concat({count({1, 2}), count({2, 2})}, 0); }, {3, 2}, {1, 2, 1, 2, 3, 4}},
    {"take", [] { return take(count({2, 3}), 1, {2, -1, 0}); }, {2, 3}, {3, 0, 1, 6, 0, 4}},
    {"pad", [] { return pad(count({2, 1}), 1, 1, 2); }, {2, 4}, {0, 1, 0, 0, 0, 2, 0, 0}},
    {"crop", [] { return crop(count({3, 2}), 0, 1, 3); }, {2, 2}, {3, 4, 5, 6}},
    {"permute_channels", [] { return permute_channels(count({2, 3}), {1, 2, 0}); }, {2, 3},
     {2, 3, 1, 5, 6, 4}},
    {"transpose", [] { return transpose(count({2, 3})); }, {3, 2}, {1, 4, 2, 5, 3, 6}},
    {"squeeze2d", [] { return squeeze2d(count({1, 2, 4, 1}), 2); }, {1, 1, 2, 4}, {1, 2, 5, 6, 3, 4, 7, 8}},
    {"unsqueeze2d", [] { return unsqueeze2d(count({1, 1, 2, 4}), 2); }, {1, 2, 4, 1},
     {1, 2, 5, 6, 3, 4, 7, 8}},

    {"matmul", [] { return matmul(count({2, 3}), count({3, 2})); }, {2, 2}, {22, 28, 49, 64}},
    {"slogdet", [] { return slogdet(v({2, 2}, {1, 2, 3, 4})); }, {}, {ln2}},
    {"solve_triangular lower", [] { return solve_triangular(v({2, 2}, {2, 9, 1, 4}), v({2, 1},
     {2, 9}), Triangle::lower); }, {2, 1}, {1, 2}},
    {"solve_triangular upper", [] { return solve_triangular(v({2, 2}, {2, 1, 9, 4}), v({2, 1},
     {4, 8}), Triangle::upper); }, {2, 1}, {1, 2}},
    {"solve_triangular unit lower", [] { return solve_triangular(v({2, 2}, {9, 9, 3, 9}), v({2, 1},
     {1, 5}), Triangle::unit_lower); }, {2, 1}, {1, 2}},
    {"solve_triangular unit upper", [] { return solve_triangular(v({2, 2}, {9, 3, 9, 9}), v({2, 1},
     {7, 2}), Triangle::unit_upper); }, {2, 1}, {1, 2}},
    {"conv2d", [] { return conv2d(count({1, 1, 3, 1}), v({1, 3, 1, 1}, {1, 10, 100})); }, {1, 1, 3, 1},
     {210, 321, 32}},
    {"conv2d: even kernel", [] { return conv2d(count({1, 3, 1, 1}), v({2, 1, 1, 1}, {1, 10})); },
     {1, 3, 1, 1}, {21, 32, 3}},
    {"conv2d with bias", [] { return conv2d(count({1, 1, 2, 1}), v({1, 1, 1, 2}, {1, -1}), v({2},
     {10, 1.5})); },
     {1, 1, 2, 2}, {11, 0.5, 12, -0.5}},
    {"conv2d with bias and relu", [] { return conv2d(count({1, 1, 2, 1}), v({1, 1, 1, 2}, {1, -1}), v({2},
     {10, 1.5}), Activation::relu); },
     {1, 1, 2, 2}, {11, 0.5, 12, 0}},
  };
  return table;
}
// clang-format on

struct Operations {
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const ValueCase& c : cases()) names.push_back(std::string("value: ") + c.name);
    return names;
  }
  static void run(size_t row) {
    const ValueCase& c = cases()[row];
    const Tensor y = c.call().value();
    REQUIRE_MESSAGE(y.shape() == c.shape, text(y.shape()), " instead of ", text(c.shape));
    REQUIRE(y.numel() == static_cast<int64_t>(c.expected.size()));
    for (size_t i = 0; i < c.expected.size(); ++i) {
      CHECK_MESSAGE(y.data()[i] == doctest::Approx(c.expected[i]).epsilon(1e-6), "entry ", i);
    }
  }
};

[[maybe_unused]] const bool registered = bijou_tests::register_rows<Operations>();

}  // namespace
