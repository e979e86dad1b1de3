#pragma once

/// Pictures of Jacobian matrices: what a layer's equation says about its determinant, seen as a matrix. As in
/// pictures.hpp each function writes one PNG file; nothing to show gives a picture that says so; a matrix whose
/// sizes contradict each other, or with an entry that is not finite, gives std::invalid_argument.

#include <cstddef>
#include <string>
#include <vector>

namespace bijou::plot {

/// A matrix of numbers, row-major. Of a Jacobian, row i belongs to output i and column j to input j.
struct Matrix {
  std::vector<double> values;
  std::size_t rows = 0, columns = 0;
};

/// The matrix in at most `side` rows and `side` columns. Each entry of the small matrix is the one of largest
/// magnitude in its block of the large one, so that it is 0 only where the whole block is 0. For a sheet of many
/// large Jacobians: it need not hold them all at once.
Matrix shrink(const Matrix& matrix, std::size_t side);

/// The Jacobian of one layer at one point, with the words that belong to it.
struct JacobianView {
  std::string title{};               ///< the layer's name and kind
  std::string equation{};            ///< the paper's equation for its Jacobian or log-determinant
  std::vector<std::string> facts{};  ///< what was measured: "det = 1.23e-4, product of the diagonal = 1.23e-4"
  Matrix natural{};                  ///< in the layer's own order of variables
  std::string natural_note{};        ///< names that order, above its panel
  Matrix ordered{};                  ///< in the order that shows the structure
  std::string ordered_note{};
};

/// Two heat maps of the magnitudes side by side, on one logarithmic scale of viridis; entries that are exactly 0 are
/// white. Small matrices have their numbers written into the cells; the equation and the facts stand below.
void jacobian_page(const std::string& path, const JacobianView& view);

/// One small heat map per layer (the ordered one), line by line in the order given, on one common scale.
void jacobian_sheet(const std::string& path, const std::vector<JacobianView>& layers, const std::string& title);

}  // namespace bijou::plot
