#include "datasets/table.hpp"

#include "datasets/columns.hpp"
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

constexpr size_t kMostColumns = 65'536;

char separator_by_name(const std::string& name) {
  if (name == "tab" || name == "\\t") return '\t';
  if (name == "space") return ' ';
  constexpr std::string_view kUnfit = "\"+-.0123456789";  // they are part of a cell
  if (name.size() != 1 || kUnfit.find(name[0]) != std::string_view::npos || name[0] == '\n' || name[0] == '\r')
    fail<UsageError>("--separator ", in_quotes(name), ": must be one character that is in no number, tab, or space");
  return name[0];
}

char find_separator(std::string_view line) {
  for (char c : {';', '\t', ','})
    if (line.find(c) != std::string_view::npos) return c;
  return ' ';
}

struct Cells {
  std::vector<Cell> cells;  // of more than kMostColumns, the last stands in for all others: a line may be of commas
  size_t count = 0;
};

Cells split_line(std::string_view line, char separator) {
  Cells all;
  size_t begin = 0;
  for (;;) {
    if (separator == ' ') begin = std::min(line.find_first_not_of(' ', begin), line.size());
    size_t end = begin;
    for (bool inside = false; end < line.size() && (inside || line[end] != separator); ++end)
      inside ^= line[end] == '"';
    const std::string_view words = trim(line.substr(begin, end - begin));
    const size_t at = words.empty() ? begin : static_cast<size_t>(words.data() - line.data());
    const bool has_quotes = words.size() >= 2 && words.front() == '"' && words.back() == '"';
    if (++all.count > kMostColumns) all.cells.pop_back();
    all.cells.push_back({has_quotes ? trim(words.substr(1, words.size() - 2)) : words, at + 1});
    if (separator == ' ') end = std::min(line.find_first_not_of(' ', end), line.size());
    if (end == line.size()) return all;
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
  Parser(const std::string& name, const DatasetOptions& options) : name_(name), options_(options) {}

  void line(std::string_view line, int64_t number) {
    if (columns_.empty()) {
      separator_ = options_.separator.empty() ? find_separator(line) : separator_by_name(options_.separator);
      if (first(split_line(line, separator_), number)) return;
    }
    const auto [cells, count] = split_line(line, separator_);
    if (count != columns_.size())
      fail<DataError>(name_, ":", number, ":", cells.back().character, ": this row has ", count,
                      " cells, the first has ", columns_.size(), "; mend or remove it");
    for (const size_t j : chosen_) values_.push_back(static_cast<Real>(number_of(cells[j], number, j)));
  }

  Table table() {
    if (values_.empty()) fail<DataError>(name_, ": holds no row of numbers");
    Table table;
    for (const size_t j : chosen_) table.columns.push_back(std::move(columns_[j]));
    const auto width = static_cast<int64_t>(chosen_.size());
    table.x = Tensor({static_cast<int64_t>(values_.size()) / width, width});
    std::ranges::copy(values_, table.x.mutable_data().begin());
    return table;
  }

 private:
  bool first(const Cells& line, int64_t number) {  // names the columns; was it the header?
    const auto& [cells, count] = line;
    const bool header = options_.header == HeaderLine::found ? is_header(cells) : options_.header == HeaderLine::yes;
    if (cells.size() < 2)
      fail<DataError>(name_, ":", number, ": one column only (no ",
                      options_.separator.empty() ? "; tab , or space" : options_.separator, " in ",
                      in_quotes(cells[0].words), "): a coupling needs two columns");
    if (count > kMostColumns)
      fail<DataError>(name_, ":", number, ": ", count, " columns; at most ", kMostColumns, " are read");
    for (size_t j = 0; j < cells.size(); ++j) {
      const bool named = header && !cells[j].words.empty();
      columns_.push_back(named ? std::string(cells[j].words) : text("column ", j + 1));
    }
    chosen_ = choose_columns(options_.columns, columns_, name_);
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
      refuse(in_quotes(cell.words),
             " is not a number; remove the column or leave it out by --columns, or write "
             "decimals with a point");
    if (parsed == Parsed::number && !std::isfinite(value))
      refuse(in_quotes(cell.words), " is not finite; fill it or remove the row");
    if (parsed == Parsed::out_of_range || std::abs(value) > std::numeric_limits<Real>::max())
      refuse(in_quotes(cell.words), " does not fit in a ", kScalarName, "; scale the column");
    return value;
  }

  const std::string& name_;
  const DatasetOptions& options_;
  char separator_ = ',';
  std::vector<std::string> columns_;  // of the file
  std::vector<size_t> chosen_;        // of these
  std::vector<Real> values_;          // row by row; in Real, so that they need no more than four times the file's size
};

}  // namespace

Table parse_table(std::string_view content, const std::string& name, const DatasetOptions& options) {
  if (const size_t zero = content.find('\0'); zero != std::string_view::npos)
    fail<DataError>(name, ": is not a table of text (byte ", zero + 1, " is zero): export it as CSV");
  Parser parser(name, options);
  for_each_line(content, [&](std::string_view line, int64_t number) { parser.line(line, number); });
  return parser.table();
}

Dataset load_table(std::string_view content, const std::string& name, const DatasetOptions& options) {
  return split_table(parse_table(content, name, options), {}, name, options);
}

Dataset split_table(Table table, const std::vector<int>& labels, const std::string& name,
                    const DatasetOptions& options) {
  Dataset dataset;
  dataset.name = name;
  dataset.columns = std::move(table.columns);
  split_examples(dataset, {table.x, labels}, "rows", options);
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
