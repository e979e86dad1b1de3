#include "datasets/table.hpp"

#include "datasets/file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace bijou::inline BIJOU_SCALAR {
namespace {

struct Cell {
  std::string_view words;  // trimmed, without quotes
  size_t character;        // where it begins in the line, from 1
};

std::string_view trim(std::string_view s) {
  const size_t first = s.find_first_not_of(" \t"), last = s.find_last_not_of(" \t");
  return first == std::string_view::npos ? s.substr(0, 0) : s.substr(first, last - first + 1);
}

char find_separator(std::string_view line) {
  for (char c : {';', '\t', ','})
    if (line.find(c) != std::string_view::npos) return c;
  return ' ';
}

std::vector<Cell> split_line(std::string_view line, char separator) {
  std::vector<Cell> cells;
  size_t begin = 0;
  for (;;) {
    if (separator == ' ') begin = std::min(line.find_first_not_of(' ', begin), line.size());
    size_t end = begin;
    for (bool inside = false; end < line.size() && (inside || line[end] != separator); ++end)
      inside ^= line[end] == '"';
    const std::string_view words = trim(line.substr(begin, end - begin));
    const size_t at = words.empty() ? begin : static_cast<size_t>(words.data() - line.data());
    const bool has_quotes = words.size() >= 2 && words.front() == '"' && words.back() == '"';
    cells.push_back({has_quotes ? trim(words.substr(1, words.size() - 2)) : words, at + 1});
    if (separator == ' ') end = std::min(line.find_first_not_of(' ', end), line.size());
    if (end == line.size()) return cells;
    begin = separator == ' ' ? end : end + 1;
  }
}

enum class Parsed { number, out_of_range, word };

Parsed parse_number(std::string_view s, double& value) {
  if (s.size() >= 2 && s[0] == '+' && s[1] != '-') s.remove_prefix(1);  // from_chars knows no plus sign
  const auto [after, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (after != s.data() + s.size() || error == std::errc::invalid_argument) return Parsed::word;
  return error == std::errc() ? Parsed::number : Parsed::out_of_range;
}

bool is_header(const std::vector<Cell>& cells) {
  double ignored;
  return std::ranges::all_of(cells, [&](const Cell& c) { return parse_number(c.words, ignored) == Parsed::word; });
}

// The lines that count, with their numbers from 1.
template <class Body>
void for_each_line(std::string_view content, const Body& body) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  for (int64_t number = 1; !content.empty(); ++number) {
    const size_t end = content.find('\n');
    std::string_view line = content.substr(0, end);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trim(line).empty() && line[0] != '#') body(line, number);
  }
}

class Parser {
 public:
  explicit Parser(const std::string& name) : name_(name) {}

  void line(std::string_view line, int64_t number) {
    if (columns_.empty()) {
      separator_ = find_separator(line);
      if (first(split_line(line, separator_), number)) return;
    }
    const std::vector<Cell> cells = split_line(line, separator_);
    if (cells.size() != columns_.size())
      fail<DataError>(name_, ":", number, ":", cells.back().character, ": this row has ", cells.size(),
                      " cells, the first has ", columns_.size(), "; mend or remove it");
    for (size_t j = 0; j < cells.size(); ++j) values_.push_back(number_of(cells[j], number, j));
  }

  Table table() {
    if (values_.empty()) fail<DataError>(name_, ": holds no row of numbers");
    const auto width = static_cast<int64_t>(columns_.size());
    const int64_t rows = static_cast<int64_t>(values_.size()) / width;
    return {std::move(columns_), Tensor::from({rows, width}, values_)};
  }

 private:
  bool first(const std::vector<Cell>& cells, int64_t number) {  // names the columns; was it the header?
    const bool header = is_header(cells);
    if (cells.size() < 2)
      fail<DataError>(name_, ":", number, ": one column only (no ; tab , or space in ", in_quotes(cells[0].words),
                      "): a coupling needs two columns");
    for (size_t j = 0; j < cells.size(); ++j) {
      const bool named = header && !cells[j].words.empty();
      columns_.push_back(named ? std::string(cells[j].words) : text("column ", j + 1));
    }
    return header;
  }

  double number_of(const Cell& cell, int64_t number, size_t j) const {
    const auto refuse = [&](const auto&... why) {
      const std::string plain = text("column ", j + 1);
      fail<DataError>(name_, ":", number, ":", cell.character, ": ", plain,
                      columns_[j] == plain ? "" : " (" + in_quotes(columns_[j]) + ")", ": ", why...);
    };
    if (cell.words.empty()) refuse("the cell is empty; fill it or remove the row");
    double value = 0;
    const Parsed parsed = parse_number(cell.words, value);
    if (parsed == Parsed::word)
      refuse(in_quotes(cell.words), " is not a number; remove the column, or write decimals with a point");
    if (parsed == Parsed::number && !std::isfinite(value))
      refuse(in_quotes(cell.words), " is not finite; fill it or remove the row");
    if (parsed == Parsed::out_of_range || std::abs(value) > std::numeric_limits<Real>::max())
      refuse(in_quotes(cell.words), " does not fit in a ", kScalarName, "; scale the column");
    return value;
  }

  const std::string& name_;
  char separator_ = ',';
  std::vector<std::string> columns_;
  std::vector<double> values_;  // row by row
};

}  // namespace

Table parse_table(std::string_view content, const std::string& name) {
  if (const size_t zero = content.find('\0'); zero != std::string_view::npos)
    fail<DataError>(name, ": is not a table of text (byte ", zero + 1, " is zero): export it as CSV");
  Parser parser(name);
  for_each_line(content, [&](std::string_view line, int64_t number) { parser.line(line, number); });
  return parser.table();
}

Dataset load_table(std::string_view content, const std::string& name, const DatasetOptions& options) {
  Table table = parse_table(content, name);
  const int64_t n = table.x.shape()[0];
  if (n < 10) fail<DataError>(name, ": ", n, " rows; at least 10 are needed to split them");
  Dataset dataset;
  dataset.name = name;
  dataset.columns = std::move(table.columns);
  split_examples(dataset, {table.x, {}}, n / 10, n / 10, options.split_seed);

  const std::span<const Real> x = dataset.train.x.data();
  const size_t width = dataset.columns.size();
  for (size_t j = 0; j < width; ++j) {
    size_t i = j;
    while (i < x.size() && x[i] == x[j]) i += width;
    if (i >= x.size())
      fail<DataError>(name, ": column ", j + 1, " (", in_quotes(dataset.columns[j]), ") is constant (", x[j],
                      ") in the training part: its density would be infinite; remove the column");
  }
  return dataset;
}

Moments column_moments(const Tensor& x) {
  check(x.rank() == 2 && x.shape()[0] > 0, "column_moments", "expects [n, D] with n > 0, got ", x.shape());
  const auto width = static_cast<size_t>(x.shape()[1]);
  const auto n = static_cast<double>(x.shape()[0]);
  Moments m{std::vector<double>(width), std::vector<double>(width)};
  const std::span<const Real> values = x.data();
  for (size_t i = 0; i < values.size(); ++i) m.mean[i % width] += static_cast<double>(values[i]) / n;
  for (size_t i = 0; i < values.size(); ++i) {
    const double deviation = static_cast<double>(values[i]) - m.mean[i % width];
    m.stddev[i % width] += deviation * deviation / n;
  }
  for (double& s : m.stddev) s = std::sqrt(s);
  return m;
}

}  // namespace bijou
