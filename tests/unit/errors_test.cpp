// Every shape or value error names the operation and what did not fit: a table of calls and what they say.
#include "autograd/ops.hpp"
#include "tests/tables/rows.hpp"

#include <locale>
#include <typeinfo>

using namespace bijou;

namespace {

struct ErrorCase {
  const char* name;
  std::function<void()> call;
  const char* message;
  bool about_shapes = true;  // a ShapeError, else a ValueError
};

Tensor t(const Shape& shape) { return Tensor::full(shape, 1); }
Variable v(const Shape& shape) { return t(shape); }

// clang-format off
const std::vector<ErrorCase>& errors() {
  static const std::vector<ErrorCase> table = {
    {"add", [] { v({2, 3}) + v({2, 4}); },
     "add: shapes [2, 3] and [2, 4] do not broadcast (axis 1: 3 against 4)"},
    {"subtract", [] { v({3}) - v({2, 4}); },
     "subtract: shapes [3] and [2, 4] do not broadcast (axis 1: 3 against 4)"},
    {"multiply", [] { v({2, 3}) * v({4, 1}); },
     "multiply: shapes [2, 3] and [4, 1] do not broadcast (axis 0: 2 against 4)"},
    {"divide", [] { v({2}) / v({3}); }, "divide: shapes [2] and [3] do not broadcast (axis 0: 2 against 3)"},
    {"broadcast_to", [] { math::broadcast_to(t({2, 3}), {1, 3}); },
     "broadcast_to: [2, 3] does not spread to [1, 3]"},
    {"concat along an axis too many", [] { concat({v({2, 3})}, 2); }, "concat: axis 2 of [2, 3]"},
    {"split along an axis too many", [] { split(v({2, 3}), 2, {1}); }, "split: axis 2 of [2, 3]"},
    {"take along an axis too many", [] { take(v({2, 3}), 2, {0}); }, "take: axis 2 of [2, 3]"},
    {"pad along an axis too many", [] { pad(v({2, 3}), -3, 1, 1); }, "pad: axis -3 of [2, 3]"},
    {"crop along an axis too many", [] { crop(v({2, 3}), 2, 0, 1); }, "crop: axis 2 of [2, 3]"},
    {"sum over an axis too many", [] { sum(v({2, 3}), {2}); }, "sum: axis 2 of [2, 3]"},
    {"sum over an axis twice", [] { sum(v({2, 3}), {1, -1}); }, "sum: axis 1 of [2, 3] is named twice"},
    {"mean over an axis twice", [] { mean(v({2, 3}), {0, 0}); }, "sum: axis 0 of [2, 3] is named twice"},
    {"sum_per_sample", [] { sum_per_sample(v({})); }, "sum_per_sample: expects [N, ...], got []"},
    {"logsumexp", [] { logsumexp(v({2, 0})); },
     "logsumexp: expects at least one value along the last axis, got [2, 0]"},
    {"moments", [] { moments(v({0, 3})); }, "moments: expects at least one value per channel, got [0, 3]"},
    {"normalize", [] { normalize(v({4, 3}), v({2}), v({3}), 0); },
     "normalize: statistics [2] and [3] for values [4, 3]"},

    {"reshape", [] { reshape(v({2, 3}), {4, 2}); },
     "reshape: from [2, 3] to [4, 2]: the numbers of elements differ"},
    {"reshape: inferred", [] { reshape(v({2, 3}), {4, Tensor::kInfer}); },
     "reshape: [2, 3] cannot fill axis 1 of the new shape"},
    {"split: too much", [] { split(v({2, 3}), 1, {2, 2}); }, "split: parts of more than axis 1 of [2, 3]"},
    {"split: too little", [] { split(v({2, 3}), -1, {1, 1}); },
     "split: parts of 2 in all along axis 1 of [2, 3]"},
    {"concat", [] { concat({v({2, 3}), v({3, 3})}, 1); },
     "concat: shapes [2, 3] and [3, 3] differ elsewhere than along axis 1"},
    {"concat: ranks", [] { concat({v({2, 3}), v({2})}, 0); },
     "concat: shapes [2, 3] and [2] differ elsewhere than along axis 0"},
    {"concat: nothing", [] { concat({}, 0); }, "concat: nothing to concatenate"},
    {"take", [] { take(v({2, 3}), 1, {0, 3}); }, "take: index 3 along axis 1 of [2, 3]"},
    {"take: below", [] { take(v({2, 3}), 1, {-2}); }, "take: index -2 along axis 1 of [2, 3]"},
    {"take: twice", [] { take(v({2, 3}), 1, {0, 0}); }, "take: index 0 occurs twice", false},
    {"pad", [] { pad(v({2}), 0, -1, 0); }, "pad: cannot pad by -1 and 0", false},
    {"crop", [] { crop(v({2, 3}), 1, 2, 4); }, "crop: [2, 4) along axis 1 of [2, 3]"},
    {"slice", [] { math::slice(t({2, 3}), 0, 1, 3); }, "slice: [1, 3) along axis 0 of [2, 3]"},
    {"permute_channels", [] { permute_channels(v({2, 3}), {0, 1}); },
     "permute_channels: 2 channels for [2, 3]"},
    {"permute_channels: a hole", [] { permute_channels(v({2}), {0, -1}); },
     "permute_channels: not a permutation: holds -1", false},
    {"transpose", [] { transpose(v({2, 3, 4})); }, "transpose: expects a matrix, got [2, 3, 4]"},
    {"squeeze2d", [] { squeeze2d(v({1, 4, 3, 2}), 2); },
     "squeeze2d: height and width of [1, 4, 3, 2] must be multiples of 2"},
    {"unsqueeze2d", [] { unsqueeze2d(v({1, 4, 4, 6}), 2); },
     "unsqueeze2d: the channels of [1, 4, 4, 6] must be a multiple of 4"},

    {"matmul", [] { matmul(v({2, 3}), v({4, 5})); }, "matmul: inner sizes differ: [2, 3] and [4, 5]"},
    {"matmul: transposed", [] { math::matmul(t({2, 3}), t({3, 5}), math::Trans::yes); },
     "matmul: inner sizes differ: [2, 3]' and [3, 5]"},
    {"matmul: ranks", [] { matmul(v({3}), v({3, 4})); }, "matmul: expects two matrices, got [3] and [3, 4]"},
    {"slogdet", [] { slogdet(v({2, 3})); }, "slogdet: expects a square matrix, got [2, 3]"},
    {"slogdet: singular", [] { slogdet(v({2, 2})); },
     "slogdet: the matrix [2, 2] is singular: its determinant is zero", false},
    {"solve_triangular", [] { solve_triangular(v({2, 2}), v({3, 1}), math::Triangle::lower); },
     "solve_triangular: expects A [n, n] and B [n, m], got [2, 2] and [3, 1]"},
    {"solve_triangular: singular", [] { solve_triangular(Tensor::from({2, 2},
     {1, 1, 1, 0}), v({2, 1}), math::Triangle::upper); },
     "solve_triangular: A is singular: its diagonal is zero at 1", false},
    {"conv2d", [] { conv2d(v({1, 4, 4, 3}), v({3, 3, 2, 5})); },
     "conv2d: expects x [N, H, W, in] and w [kh, kw, in, out], got [1, 4, 4, 3] and [3, 3, 2, 5]"},
    {"conv2d: ranks", [] { conv2d(v({4, 4, 3}), v({3, 3, 3, 5}), v({5})); },
     "conv2d: expects x [N, H, W, in] and w [kh, kw, in, out], got [4, 4, 3] and [3, 3, 3, 5]"},
    {"conv2d: bias", [] { conv2d(v({1, 4, 4, 3}), v({3, 3, 3, 5}), v({3})); },
     "conv2d: the bias [3] for kernel [3, 3, 3, 5]"},
    {"conv2d: empty",
     [] { conv2d(v({1, 4, 4, 3}), v({0, 3, 3, 5})); }, "conv2d: an empty kernel [0, 3, 3, 5]"},

    {"Shape: rank", [] { Shape{1, 1, 1, 1, 1, 1, 1}; }, "Shape: at most 6 axes, got 7"},
    {"Shape: negative", [] { Shape{2, -1}; }, "Shape: a size cannot be negative, got -1"},
    {"Shape: axis", [] { static_cast<void>(Shape{2, 3}[-3]); }, "Shape: axis -3 of [2, 3]"},
    {"Tensor::from", [] { Tensor::from({2, 2}, {1, 2, 3}); }, "Tensor::from: 3 values for shape [2, 2]"},
    {"Tensor::mutable_data", [] { Tensor a = t({2}), b = a; a.mutable_data(); },
     "Tensor::mutable_data: these numbers are shared with another tensor; clone() first", false},
    {"Tensor::item", [] { static_cast<void>(t({2}).item()); },
     "Tensor::item: expects one value, got shape [2]"},
    {"Tensor::rows", [] { t({3, 2}).rows(1, 4); }, "Tensor::rows: [1, 4) of [3, 2]"},
    {"Tensor::rows: index", [] { t({3, 2}).rows(std::vector<int64_t>{0, 3}); },
     "Tensor::rows: index 3 of [3, 2]"},
    {"Variable::set_value", [] { Variable x = v({2}); x.set_value(t({3})); },
     "Variable::set_value: from [2] to [3]"},
  };
  return table;
}
// clang-format on

struct Errors {
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const ErrorCase& e : errors()) names.push_back(std::string("error: ") + e.name);
    return names;
  }
  static void run(size_t row) {
    const ErrorCase& expected = errors()[row];
    try {
      expected.call();
      FAIL("nothing was thrown; expected: ", expected.message);
    } catch (const Error& e) {
      CHECK(std::string(e.what()) == expected.message);
      CHECK((typeid(e) == typeid(ShapeError)) == expected.about_shapes);
      CHECK((typeid(e) == typeid(ValueError)) == !expected.about_shapes);
    }
  }
};

[[maybe_unused]] const bool registered = bijou_tests::register_rows<Errors>();

struct German : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("error: text() knows no decimal comma, whatever the locale") {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new German));
  std::ostringstream affected;
  affected << 1234.5;
  const std::string number = text(1234.5, ' ', 1234567), shape = text(Shape{10000, 3});
  std::locale::global(before);
  CHECK(affected.str() == "1.234,5");  // the locale is as said
  CHECK(number == "1234.5 1234567");
  CHECK(shape == "[10000, 3]");
}
