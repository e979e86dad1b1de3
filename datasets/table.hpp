// Tables of real numbers: CSV and its relatives.
//
// The separator is found on the first line: the first of ; tab , that occurs there, else runs of spaces. The
// first line is a header when none of its cells is a number. (DatasetOptions can say otherwise, and choose columns;
// the cells of others may hold anything.) Cells may be in double quotes. Numbers have a
// decimal point whatever the locale. Blank lines, lines that begin with #, and a byte order mark are skipped.
#pragma once
#include "datasets/dataset.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

struct Table {
  std::vector<std::string> columns;  // the header's names, or "column 1", "column 2", ...
  Tensor x;                          // [rows, columns]; of the chosen columns
};

// DataError, as "file:line:character: column N (name): ...": a word where a number is expected, a missing
// cell, NaN or infinity, a number beyond the scalar's range, a row with too few or too many cells. And for
// the whole file: not a text, no rows, one column only, more than 65,536. UsageError: options that make no sense.
Table parse_table(std::string_view content, const std::string& name, const DatasetOptions& options = {});

// 80 % training, 10 % validation, 10 % test, or by the options' fractions, by a permutation seeded by
// options.split_seed. DataError: too few rows.
Dataset load_table(std::string_view content, const std::string& name, const DatasetOptions& options = {});
Dataset split_table(Table table, const std::vector<int>& labels, const std::string& name,
                    const DatasetOptions& options);  // the same of a table that is there

struct Moments {
  std::vector<double> mean, stddev;  // per column; stddev is the root of the mean squared deviation (1/n)
};
Moments column_moments(const Tensor& x);  // x: [n, D]; sums in double

}  // namespace bijou
