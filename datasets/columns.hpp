// What a table's columns want before a density is fitted: which to keep, and noise where values repeat.
//
// A density on real numbers can grow without limit at a value that occurs again and again, so that its figure says
// nothing. A column repeats values when
//
//   at most half of its rows are distinct values, or one value is in 5 % of the rows (and in 10 rows at least).
//
// Dequantised, x becomes x + u w, u ~ U[0, 1): w is the smallest gap between neighbouring values of that column, in
// all parts, so that the intervals [x, x + w) of two values do not overlap, and x could be had back. The average of
// log p(x + u w) + log w over u is then a lower bound of log P(x), as for images (datasets/loader.hpp). Gaps below
// 2^-20 of the column's largest magnitude are rounding errors, and no width. The noise is drawn once, when the
// table is loaded. Where one value repeats among many single ones, the gap is small, and so is what noise can do:
// such a column is better left out.
#pragma once
#include "datasets/dataset.hpp"

namespace bijou::inline BIJOU_SCALAR {

// The columns that `choice` asks for (DatasetOptions::columns), from 0, in its order. A name goes before a number.
// UsageError: no such column, one that is chosen twice, less than two.
std::vector<size_t> choose_columns(const std::string& choice, const std::vector<std::string>& names,
                                   const std::string& file);

struct Repeats {
  size_t column;      // from 0
  int64_t distinct;   // how many values
  int64_t commonest;  // how many rows have the commonest of them
  double gap;         // the smallest between neighbouring values; 0: there is but one value
};
std::vector<Repeats> repeated_values(const Dataset& table);  // of all its parts; only the columns that repeat values

// x + u w: u is a pure function of (seed, part, row), and the sum stays below x + w.
Tensor add_uniform_noise(const Tensor& x, const std::vector<double>& widths, uint64_t seed, uint64_t part);

// Adds noise to the parts of a table: by the options' widths, or else by the gaps of the columns that repeat values.
void add_table_noise(Dataset& dataset, const DatasetOptions& options);

// Before a density is fitted to a table. DataError: a column is constant in the training part, so that its density would
// be infinite. Returns one line that the user should read: which columns repeat values; or "".
std::string check_columns(const Dataset& table);

// UsageError: options of tables for data that are none.
void refuse_table_options(const DatasetOptions& options, const std::string& name);

}  // namespace bijou
