#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "apps/plot/canvas.hpp"
#include "apps/plot/jacobians.hpp"
#include "apps/plot/magnitudes.hpp"
#include "tests/unit/plot_helpers.hpp"

using namespace bijou::plot;

namespace {

Matrix zeros(std::size_t rows, std::size_t columns) {
  return {std::vector<double>(rows * columns, 0.0), rows, columns};
}

double& at(Matrix& matrix, std::size_t row, std::size_t column) { return matrix.values[row * matrix.columns + column]; }

/// A coupling's Jacobian: the identity above, a full block and a diagonal below.
Matrix triangle(std::size_t n) {
  Matrix matrix = zeros(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    at(matrix, i, i) = i < n / 2 ? 1.0 : 0.3 + 0.01 * static_cast<double>(i);
    for (std::size_t j = 0; i >= n / 2 && j < n / 2; ++j) at(matrix, i, j) = std::sin(static_cast<double>(3 * i + j));
  }
  return matrix;
}

JacobianView view_of(const Matrix& natural, const Matrix& ordered) {
  return {.title = "layer",
          .equation = "\u2202y/\u2202x = diag(s)",
          .facts = {"det = 1", "log|det| = 0"},
          .natural = natural,
          .natural_note = "own order",
          .ordered = ordered,
          .ordered_note = "sorted"};
}

std::size_t differing_pixels(const Decoded& a, const Decoded& b) {
  REQUIRE(a.width == b.width);
  REQUIRE(a.height == b.height);
  std::size_t n = 0;
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) n += a.at(x, y) == b.at(x, y) ? 0 : 1;
  }
  return n;
}

}  // namespace

TEST_CASE("jacobians: a shrunken matrix keeps the largest entry of each block") {
  for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{53, 41}, {12, 70}, {8, 8}}) {
    Matrix matrix = zeros(rows, columns);
    for (std::size_t k = 0; k < matrix.values.size(); k += 17) {
      matrix.values[k] = (k % 2 == 0 ? 1.0 : -1.0) * (1.0 + static_cast<double>(k * 31 % 97));
    }
    const Matrix small = shrink(matrix, 10);
    REQUIRE(small.rows == std::min<std::size_t>(rows, 10));
    REQUIRE(small.columns == std::min<std::size_t>(columns, 10));
    // What each block holds, from the large matrix' side.
    std::vector<double> largest(small.values.size(), 0.0);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        double& here = largest[i * small.rows / rows * small.columns + j * small.columns / columns];
        if (std::abs(at(matrix, i, j)) > std::abs(here)) here = at(matrix, i, j);
      }
    }
    CHECK(small.values == largest);
  }
  CHECK(shrink(triangle(6), 6).values == triangle(6).values);
  CHECK(shrink({}, 4).values.empty());
  CHECK(message_of([] { shrink(zeros(2, 2), 0); }).find("shrink") != std::string::npos);
  CHECK_THROWS_AS(shrink({{1.0, 2.0}, 2, 2}, 4), std::invalid_argument);
}

TEST_CASE("jacobians: zeros are white, and no other entry is, however small it is drawn") {
  for (const std::size_t n : {3, 20, 77, 400}) {
    Matrix matrix = zeros(n, n);
    at(matrix, 0, n - 1) = 1.0;
    at(matrix, n - 1, n / 2) = -1e-30;
    detail::Magnitudes magnitudes;
    magnitudes.add(matrix);
    Canvas canvas(44, 44, palette::blue);
    const Rect frame{2, 2, 40, 40};
    detail::draw_magnitudes(canvas, frame, matrix, magnitudes.scale());
    const std::size_t drawn = std::max<std::size_t>(n, 40);  // entries that cover less than a pixel share it
    std::vector<bool> expected(40 * 40, false);
    for (const auto& [row, column] : {std::pair<std::size_t, std::size_t>{0, n - 1}, {n - 1, n / 2}}) {
      for (std::size_t y = 0; y < 40; ++y) {
        for (std::size_t x = 0; x < 40; ++x) {
          const bool here =
              drawn == n ? row * 40 / n == y && column * 40 / n == x : y * n / 40 == row && x * n / 40 == column;
          if (here) expected[y * 40 + x] = true;
        }
      }
    }
    for (int y = 0; y < 40; ++y) {
      for (int x = 0; x < 40; ++x) {
        CHECK((canvas.pixel(x + 2, y + 2) != palette::white) == expected[static_cast<std::size_t>(y) * 40 + x]);
      }
    }
    CHECK(canvas.pixel(41, 2) == viridis(1.0));
    CHECK(canvas.pixel(1, 20) == palette::blue);
    CHECK(canvas.pixel(42, 20) == palette::blue);
    // The frame's line leaves the outermost entries alone.
    detail::stroke_outside(canvas, frame);
    CHECK(canvas.pixel(41, 2) == viridis(1.0));
    CHECK(canvas.pixel(1, 20) != palette::blue);
  }
}

TEST_CASE("jacobians: one entry of a large matrix is one pixel of the page") {
  const Folder folder;
  Matrix matrix = zeros(1500, 1500);
  at(matrix, 3, 3) = 10.0;
  at(matrix, 1400, 1400) = 1e-3;
  jacobian_page(folder.file("without.png"), view_of(matrix, matrix));
  Matrix more = matrix;
  at(more, 700, 20) = 1e-2;
  jacobian_page(folder.file("with.png"), view_of(matrix, more));
  CHECK(differing_pixels(Decoded(folder.file("without.png")), Decoded(folder.file("with.png"))) == 1);
}

TEST_CASE("jacobians: colours are magnitudes on a scale of their own") {
  const auto scale_of = [](std::vector<double> values) {
    const std::size_t n = values.size();
    detail::Magnitudes magnitudes;
    magnitudes.add({std::move(values), 1, n});
    return magnitudes.scale();
  };
  const auto scale = scale_of({0.0, -1e-4, 1.0, 1e-2});
  CHECK(scale.exponents.lo == doctest::Approx(-4.0));
  CHECK(scale.exponents.hi == doctest::Approx(0.0));
  CHECK(!scale.cut);
  CHECK(detail::magnitude_color(0.0, scale) == palette::white);
  CHECK(detail::magnitude_color(1e-4, scale) == viridis(0.0));
  CHECK(detail::magnitude_color(-1.0, scale) == viridis(1.0));
  CHECK(distance(detail::magnitude_color(1e-2, scale), viridis(0.5)) <= 2);
  // Alike: the middle. Too far apart: what is below shares the darkest colour.
  CHECK(distance(detail::magnitude_color(7.0, scale_of({7.0, -7.0})), viridis(0.5)) <= 2);
  const auto wide = scale_of({1.0, 1e-20});
  CHECK(wide.cut);
  CHECK(wide.exponents.span() == doctest::Approx(8.0));
  CHECK(detail::magnitude_color(1e-20, wide) == viridis(0.0));
  CHECK(scale_of({0.0, 0.0}).exponents.given());
}

TEST_CASE("jacobians: both panels of a page share one scale, and so do the maps of a sheet") {
  const Folder folder;
  const Matrix one{{1.0}, 1, 1}, small{{1e-3}, 1, 1};
  jacobian_page(folder.file("page.png"), view_of(one, small));
  jacobian_sheet(folder.file("sheet.png"), {view_of({}, one), view_of({}, small)}, "");
  for (const char* name : {"page.png", "sheet.png"}) {
    const Decoded picture(folder.file(name));
    // The first matrix is the brightest, the second the darkest, and the first stands to the left.
    const auto columns = [&](Color color) {
      int left = picture.width, right = 0;
      for (int x = 0; x < picture.width; ++x) {
        int hits = 0;
        for (int y = 0; y < picture.height; ++y) hits += picture.at(x, y) == color ? 1 : 0;
        if (hits > 200) left = std::min(left, x), right = std::max(right, x);
      }
      return std::pair{left, right};
    };
    const auto [bright_left, bright_right] = columns(viridis(1.0));
    const auto [dark_left, dark_right] = columns(viridis(0.0));
    CHECK(bright_right - bright_left > 250);
    CHECK(dark_right - dark_left == bright_right - bright_left);
    CHECK(dark_left > bright_right);
  }
}

TEST_CASE("jacobians: small matrices show their numbers") {
  const Folder folder;
  const Matrix plus{{1.0, 0.0, 2.0, 3.0}, 2, 2}, minus{{1.0, 0.0, -2.0, 3.0}, 2, 2};
  jacobian_page(folder.file("plus.png"), view_of(plus, plus));
  jacobian_page(folder.file("minus.png"), view_of(plus, minus));
  // The magnitudes agree: only a minus sign, and what it pushes aside, can differ.
  const std::size_t sign = differing_pixels(Decoded(folder.file("plus.png")), Decoded(folder.file("minus.png")));
  CHECK(sign > 5);
  CHECK(sign < 500);
}

TEST_CASE("jacobians: pages of any matrices, the same bytes each time") {
  const Folder folder;
  jacobian_page(folder.file("a.png"), view_of(triangle(64), triangle(12)));
  jacobian_page(folder.file("b.png"), view_of(triangle(64), triangle(12)));
  CHECK(bytes_of(folder.file("a.png")) == bytes_of(folder.file("b.png")));
  CHECK(Decoded(folder.file("a.png")).width < 2000);
  jacobian_page(folder.file(), {});
  jacobian_page(folder.file(), view_of(zeros(5, 5), {}));
  jacobian_page(folder.file(), view_of({{1e300, 1e-300}, 1, 2}, zeros(900, 2)));
  JacobianView words = view_of(triangle(4), triangle(4));
  for (int i = 0; i < 200; ++i) words.equation += " \u03a3 log s";
  const int before = Decoded(folder.file()).height;
  jacobian_page(folder.file(), words);
  CHECK(Decoded(folder.file()).height > before);
  CHECK_THROWS_AS(jacobian_page(folder.file("no/such.png"), words), std::runtime_error);
}

TEST_CASE("jacobians: what is wrong with a matrix is said") {
  const Folder folder;
  Matrix broken = triangle(6);
  broken.values.pop_back();
  const std::string sizes = message_of([&] { jacobian_page(folder.file(), view_of(broken, triangle(6))); });
  CHECK(sizes.find("jacobian_page") != std::string::npos);
  CHECK(sizes.find("6 x 6 but has 35 values") != std::string::npos);
  for (const double bad : {no_number, infinity, -infinity}) {
    Matrix wild = triangle(6);
    at(wild, 4, 2) = bad;
    const std::string page = message_of([&] { jacobian_page(folder.file(), view_of(triangle(6), wild)); });
    CHECK(page.find("row 4, column 2") != std::string::npos);
    const std::string sheet = message_of([&] { jacobian_sheet(folder.file(), {view_of({}, wild)}, "sheet"); });
    CHECK(sheet.find("\"layer\"") != std::string::npos);
    CHECK(sheet.find("row 4, column 2") != std::string::npos);
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("jacobians: a sheet shows every layer, and 150 of them fit") {
  const Folder folder;
  for (const std::size_t n : {1, 4, 5, 13, 31, 61, 150}) {
    jacobian_sheet(folder.file(), std::vector<JacobianView>(n, view_of({}, {{1.0}, 1, 1})), "a title");
    const Decoded sheet(folder.file());
    CHECK(sheet.width < 2400);
    // Every map is a square of the middle colour; the colour bar has little of it.
    const double area = static_cast<double>(sheet.count(viridis(0.5))) / static_cast<double>(n);
    CHECK(area > 180.0 * 180.0);
    CHECK(std::abs(std::sqrt(area) - std::round(std::sqrt(area))) < 0.5);
  }
  std::vector<JacobianView> layers(7, view_of({}, triangle(10)));
  layers[2].ordered = {};
  layers[3].title = std::string(300, 'W');
  layers[4].equation = std::string(400, 'x');
  jacobian_sheet(folder.file("a.png"), layers, "");
  jacobian_sheet(folder.file("b.png"), layers, "");
  CHECK(bytes_of(folder.file("a.png")) == bytes_of(folder.file("b.png")));
  jacobian_sheet(folder.file(), {}, "none");
  CHECK(Decoded(folder.file()).height > 100);
}
