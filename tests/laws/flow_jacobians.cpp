// What the Jacobians look like: the zeros, ones and triangles that the header blocks of flows/ claim, by which their
// log-determinants are cheap.
#include "tests/laws/flow_law.hpp"

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

// y[i, j, (dy, dx, c)] = x[2i + dy, 2j + dx, c]
struct Permutation {
  static constexpr const char* name = "the Jacobian is the permutation";
  static bool applies(const FlowCase& row) {
    return row.name.starts_with("squeeze") && row.name.find(" by ") == std::string::npos && row.batch == 1;
  }
  static void hold(const FlowCase& row, const Flow& flow) {
    const Matrix J{jacobian_at(flow, draw_data(row, flow))};
    const int64_t width = flow.input_shape()[1], channels = flow.input_shape()[2];
    int64_t to = 0;
    for (int64_t i = 0; i < flow.output_shape()[0]; ++i) {
      for (int64_t j = 0; j < flow.output_shape()[1]; ++j) {
        for (int64_t dy = 0; dy < 2; ++dy) {
          for (int64_t dx = 0; dx < 2; ++dx) {
            for (int64_t c = 0; c < channels; ++c, ++to) {
              const int64_t from = ((2 * i + dy) * width + 2 * j + dx) * channels + c;
              for (int64_t k = 0; k < J.columns(); ++k) CHECK(J(to, k) == (k == from));
            }
          }
        }
      }
    }
    CHECK(to == J.rows());
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

[[maybe_unused]] const bool registered[] = {register_law<Triangle>(), register_law<Diagonal>(),
                                            register_law<Permutation>(), register_law<BlockTriangle>()};

}  // namespace
