// What the Jacobians look like: the zeros, ones and triangles that the header blocks of flows/ claim, by which their
// log-determinants are cheap.
#include "autograd/math.hpp"
#include "tests/laws/flow_law.hpp"

#include <array>
#include <set>

using namespace bijou;
using bijou_tests::jacobian_at;
using bijou_tests::register_law;

namespace {

struct Matrix {
  Tensor values;
  double operator()(int64_t row, int64_t column) const { return values.data()[row * values.shape()[1] + column]; }
  int64_t rows() const { return values.shape()[0]; }
  int64_t columns() const { return values.shape()[1]; }
};

// dy/dx = [ I 0 ; dy2/dx1 diag(e^s) ]. The map is affine in x2, so that e^s is also what y2 gains when x2 gains 1.
struct Triangle {
  static constexpr const char* name = "the coupling's Jacobian is a triangle";
  static bool applies(const FlowCase& row) { return row.stays && row.batch == 1; }
  static void hold(const FlowCase& row, const Flow& flow) {
    double steering = 0;  // by x1; on one input, all ReLUs of a small network may be off
    for (uint64_t seed = 0; seed < 10; ++seed) steering += hold_at(draw_data(row, flow, seed), row, flow);
    CHECK(steering > 1e-3);
  }
  static double hold_at(const Tensor& x, const FlowCase& row, const Flow& flow) {
    Tensor moved = x.clone();
    for (int64_t i = 0; i < x.numel(); ++i) {
      if (!row.stays(i)) moved.mutable_data()[i] += 1;
    }
    const Tensor y = flow.forward(x).y.value(), y_moved = flow.forward(moved).y.value();
    const Matrix J{jacobian_at(flow, x)};
    double log_det = 0, steering = 0;
    int64_t staying = 0;
    for (int64_t i = 0; i < J.rows(); ++i) {
      if (row.stays(i)) {
        ++staying;
        CHECK(y.data()[i] == x.data()[i]);
      } else {
        CHECK(J(i, i) == doctest::Approx(y_moved.data()[i] - y.data()[i]).epsilon(1e-10));
        log_det += std::log(J(i, i));
      }
      for (int64_t j = 0; j < J.columns(); ++j) {
        if (row.stays(i)) {
          CHECK(J(i, j) == (i == j));
        } else if (row.stays(j)) {
          steering += std::abs(J(i, j));
        } else if (i != j) {
          CHECK(J(i, j) == 0);
        }
      }
    }
    CHECK(staying > 0);
    CHECK(staying < J.rows());
    CHECK(flow.forward(x).log_det.item() == doctest::Approx(log_det).epsilon(1e-10));
    return steering;
  }
};

struct Diagonal {
  static constexpr const char* name = "the Jacobian is diagonal";
  static bool applies(const FlowCase& row) {
    static const std::set<std::string> classes = {"BatchNormFlow", "Rescale",       "Logit",       "Standardize",
                                                  "ActNormFlow",   "DiagonalScale", "LearnedPrior"};
    return classes.contains(row.covers) && row.batch == 1;
  }
  static void hold(const FlowCase& row, const Flow& flow) {
    const Matrix J{jacobian_at(flow, draw_data(row, flow))};
    for (int64_t i = 0; i < J.rows(); ++i) {
      for (int64_t j = 0; j < J.columns(); ++j) CHECK((i == j ? J(i, j) > 0 : J(i, j) == 0));
    }
  }
};

// Of a squeeze from [H, W, C]: the place in x of each value of y, in the orders that flows/squeeze.hpp states.
std::vector<int64_t> squeezed_from(const Shape& input, const std::string& name) {
  const int64_t width = input[1], channels = input[2], rows = input[0] / 2, columns = width / 2;
  std::vector<int64_t> from(static_cast<size_t>(input.numel()), -1);
  for (int64_t i = 0; i < input[0]; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      const int64_t dy = i % 2, dx = j % 2, diagonal = dy == dx ? dy : 3 - dx;
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t k = name.find("by channels") != std::string::npos    ? c * 4 + dy * 2 + dx
                          : name.find("by diagonals") != std::string::npos ? diagonal * channels + c
                                                                           : (dy * 2 + dx) * channels + c;
        from[((i / 2) * columns + j / 2) * 4 * channels + k] = (i * width + j) * channels + c;
      }
    }
  }
  REQUIRE(rows * columns * 4 * channels == input.numel());
  return from;
}

// Layers that only move values: y[i] = x[from[i]].
struct Movers {
  static constexpr const char* name = "the Jacobian is the permutation";
  static bool applies(const FlowCase& row) {
    static const std::set<std::string> classes = {"Squeeze", "Unsqueeze", "Flatten", "Permutation"};
    return classes.contains(row.covers) && row.batch == 1;
  }
  static std::vector<int64_t> expected(const FlowCase& row, const Flow& flow) {
    const std::string covers = row.covers;
    if (covers == "Squeeze") return squeezed_from(flow.input_shape(), row.name);
    std::vector<int64_t> from(static_cast<size_t>(flow.input_shape().numel()));
    if (covers == "Unsqueeze") {
      const std::vector<int64_t> to = squeezed_from(flow.output_shape(), row.name);
      for (size_t i = 0; i < to.size(); ++i) from[to[i]] = static_cast<int64_t>(i);
      return from;
    }
    const int64_t channels = flow.input_shape()[-1];
    for (int64_t i = 0; i < std::ssize(from); ++i) {
      if (covers == "Flatten") from[i] = i;
      else if (row.name.find("reversed") != std::string::npos) from[i] = i - i % channels + channels - 1 - i % channels;
      else from[i] = std::array<int64_t, 4>{2, 0, 3, 1}[i];
    }
    return from;
  }
  static void hold(const FlowCase& row, const Flow& flow) {
    const Matrix J{jacobian_at(flow, draw_data(row, flow))};
    const std::vector<int64_t> from = expected(row, flow);
    REQUIRE(J.rows() == std::ssize(from));
    for (int64_t i = 0; i < J.rows(); ++i) {
      for (int64_t j = 0; j < J.columns(); ++j) CHECK(J(i, j) == (j == from[i]));
    }
  }
};

Tensor parameter_of(const Flow& flow, const std::string& name) {
  for (const auto& p : flow.parameters()) {
    if (p.name == name) return p.variable->value();
  }
  for (const auto& b : flow.buffers()) {
    if (b.name == name) return *b.tensor;
  }
  FAIL("no parameter or buffer is called ", name);
  throw 0;
}

// W, or P L (U + diag(s)) multiplied out by the definition, (P v)_i = v_p(i).
Tensor w_of(const FlowCase& row, const Flow& flow) {
  if (std::string(row.covers) == "InvertibleConv") return parameter_of(flow, "w");
  const Matrix lower{parameter_of(flow, "lower")}, upper{parameter_of(flow, "upper")};
  const Tensor log_s = parameter_of(flow, "log_s"), sign = parameter_of(flow, "sign"),
               p = parameter_of(flow, "permutation");
  const int64_t c = log_s.numel();
  Tensor w = Tensor::zeros({c, c});
  for (int64_t i = 0; i < c; ++i) {
    const int64_t at = static_cast<int64_t>(p.data()[i]);
    for (int64_t j = 0; j < c; ++j) {
      for (int64_t k = 0; k < c; ++k) {
        const double l = k < at ? lower(at, k) : k == at, u = j > k ? upper(k, j) : 0;
        w.mutable_data()[i * c + j] += l * (j == k ? sign.data()[k] * std::exp(log_s.data()[k]) : u);
      }
    }
  }
  return w;
}

// dy/dx = diag(W, W, ..., W), W once for each pixel.
struct Blocks {
  static constexpr const char* name = "the 1x1 convolution's Jacobian has W for each pixel";
  static bool applies(const FlowCase& row) {
    return std::string(row.covers).starts_with("InvertibleConv") && row.batch == 1;
  }
  static void hold(const FlowCase& row, const Flow& flow) {
    const Matrix J{jacobian_at(flow, draw_data(row, flow))}, W{w_of(row, flow)};
    const int64_t c = W.rows();
    for (int64_t i = 0; i < J.rows(); ++i) {
      for (int64_t j = 0; j < J.columns(); ++j) {
        if (i / c == j / c) CHECK(J(i, j) == doctest::Approx(W(i % c, j % c)).epsilon(1e-12));
        else CHECK(J(i, j) == 0);
      }
    }
  }
};

// ZCA: dy/dx = C^-1/2, symmetric and positive. Learned whitening: dy/dx = L, its diagonal positive.
struct Whitening {
  static constexpr const char* name = "the whitening's Jacobian is symmetric, or a triangle";
  static bool applies(const FlowCase& row) {
    const std::string covers = row.covers;
    return (covers == "ZCA" || covers == "TriangularWhitening") && row.batch == 1;
  }
  static void hold(const FlowCase& row, const Flow& flow) {
    const Matrix J{jacobian_at(flow, draw_data(row, flow))};
    double below = 0;
    for (int64_t i = 0; i < J.rows(); ++i) {
      CHECK(J(i, i) > 0);
      for (int64_t j = 0; j < i; ++j) {
        below += std::abs(J(i, j));
        if (std::string(row.covers) == "ZCA") CHECK(std::abs(J(i, j) - J(j, i)) < 1e-12);
        else CHECK(J(j, i) == 0);
      }
    }
    CHECK(below > 1e-2);
    if (std::string(row.covers) == "ZCA") {
      for (const double value : math::eigen_symmetric(J.values).values.data()) CHECK(value > 0);
    }
  }
};

// Scale by scale: with respect to what scale i gives, (h, z_i), the latents z_i are that very z_i, and all later ones
// depend on h alone. So dz/dx is block triangular in these coordinates, and its determinant is the scales' product.
struct BlockTriangle {
  static constexpr const char* name = "the Jacobian is a block triangle";
  static bool applies(const FlowCase& row) { return std::string(row.covers) == "MultiScale" && row.batch == 1; }
  static void hold(const FlowCase& row, const Flow& flow) {
    Tensor h = draw_data(row, flow), rest = jacobian_at(flow, h);  // d (z_i, z_i+1, ...) / d h
    double log_det = 0;
    for (const auto& child : flow.children()) {
      const auto& scale = dynamic_cast<const Flow&>(*child);
      const auto d = math::slogdet(jacobian_at(scale, h), true);
      log_det += d.log_abs;
      const Tensor block = math::matmul(rest, d.inverse_transposed, math::Trans::no, math::Trans::yes);
      const Matrix M{block};  // d (z_i, z_i+1, ...) / d (h, z_i)
      const Tensor y = scale.forward(h).y.value();
      const int64_t channels = y.shape()[-1], keep = &child == &flow.children().back() ? 0 : channels / 2;
      std::vector<int64_t> kept, factored;  // columns: values of y
      for (int64_t i = 0; i < y.numel(); ++i) (i % channels < keep ? kept : factored).push_back(i);
      const int64_t own = static_cast<int64_t>(factored.size());
      double later = 0;
      for (int64_t i = 0; i < M.rows(); ++i) {
        for (int64_t k = 0; k < own; ++k) CHECK(M(i, factored[k]) == doctest::Approx(i == k ? 1 : 0).epsilon(1e-9));
        for (const int64_t column : kept) {
          if (i < own) CHECK(std::abs(M(i, column)) < 1e-9);
          else later += std::abs(M(i, column));
        }
      }
      if (kept.empty()) break;
      CHECK(later > 0.1);
      rest = math::slice(math::transpose(math::transpose(block).rows(kept)), 0, own, M.rows());
      h = math::slice(y, -1, 0, keep);
    }
    CHECK(flow.forward(draw_data(row, flow)).log_det.item() == doctest::Approx(log_det).epsilon(1e-9));
  }
};

[[maybe_unused]] const bool registered[] = {register_law<Triangle>(),  register_law<Diagonal>(),
                                            register_law<Movers>(),    register_law<Blocks>(),
                                            register_law<Whitening>(), register_law<BlockTriangle>()};

}  // namespace
