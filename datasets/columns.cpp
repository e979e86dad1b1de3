#include "datasets/columns.hpp"

#include "datasets/file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string_view>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// "3" or "5-8", from 1; {0, 0}: no such thing.
std::pair<size_t, size_t> range_of(std::string_view item) {
  size_t first = 0, last = 0;
  const char *const begin = item.data(), *const end = begin + item.size();
  const auto [after, error] = std::from_chars(begin, end, first);
  if (error != std::errc()) return {0, 0};
  if (after == end) return {first, first};
  if (*after != '-') return {0, 0};
  const auto [after_last, error_last] = std::from_chars(after + 1, end, last);
  if (error_last != std::errc() || after_last != end || last < first) return {0, 0};
  return {first, last};
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr size_t kMost = 12;
  std::string all;
  for (size_t j = 0; j < std::min(names.size(), kMost); ++j) all += (j ? ", " : "") + in_quotes(names[j]);
  return names.size() > kMost ? text(all, " and ", names.size() - kMost, " more") : all;
}

std::vector<Real> column_of(const Dataset& table, size_t column) {
  std::vector<Real> values;
  for (const Examples* part : {&table.train, &table.validation, &table.test})
    for (int64_t i = 0; i < part->size(); ++i) values.push_back(part->x.data()[i * part->x.shape()[1] + column]);
  return values;
}

void refuse_constants(const Dataset& dataset) {
  const std::span<const Real> x = dataset.train.x.data();
  const size_t width = dataset.columns.size();
  for (size_t j = 0; j < width; ++j) {
    size_t i = j;
    while (i < x.size() && x[i] == x[j]) i += width;
    if (i >= x.size())
      fail<DataError>(dataset.name, ": column ", j + 1, " (", in_quotes(dataset.columns[j]), ") is constant (", x[j],
                      ") in the training part: its density would be infinite; remove the column, or leave it out by "
                      "--columns (values of more than seven digits are alike in single precision: subtract an offset)");
  }
}

// One line about the columns that repeat values, those with the fewest values first.
std::string remark_on(std::vector<Repeats> repeats, const Dataset& dataset) {
  if (repeats.empty()) return "";
  constexpr size_t kMost = 3;
  std::ranges::stable_sort(repeats, {}, &Repeats::distinct);
  const int64_t rows = dataset.train.size() + dataset.validation.size() + dataset.test.size();
  std::string all;
  for (size_t j = 0; j < std::min(repeats.size(), kMost); ++j) {
    const Repeats& r = repeats[j];
    all += text(j ? "; " : "", in_quotes(dataset.columns[r.column]), " has ", r.distinct, " distinct values in ", rows,
                " rows, one of them ", r.commonest, " times");
  }
  if (repeats.size() > kMost) all += text("; ", repeats.size() - kMost, " more");
  return text(dataset.name, ": ", repeats.size(), " of ", dataset.columns.size(), " columns repeat values (", all,
              "): a density can grow without limit there; --dequantise adds noise as wide as their smallest gaps");
}

}  // namespace

std::vector<size_t> choose_columns(const std::string& choice, const std::vector<std::string>& names,
                                   const std::string& file) {
  std::vector<size_t> chosen;
  if (choice.empty()) {
    chosen.resize(names.size());
    std::iota(chosen.begin(), chosen.end(), size_t{0});
    return chosen;
  }
  std::vector<bool> taken(names.size(), false);
  for (size_t at = 0; at <= choice.size();) {
    const size_t comma = std::min(choice.find(',', at), choice.size());
    const std::string item = choice.substr(at, comma - at);
    at = comma + 1;
    auto [first, last] = range_of(item);
    if (const auto named = std::ranges::find(names, item); named != names.end())
      first = last = static_cast<size_t>(named - names.begin()) + 1;
    if (first == 0 || last > names.size())
      fail<UsageError>("--columns: ", file, " has no column ", in_quotes(item), "; it has ", names.size(), ": ",
                       list_of(names));
    for (size_t j = first - 1; j < last; ++j) {
      if (taken[j]) fail<UsageError>("--columns: column ", j + 1, " (", in_quotes(names[j]), ") is chosen twice");
      taken[j] = true;
      chosen.push_back(j);
    }
  }
  if (chosen.size() < 2) fail<UsageError>("--columns: one column only: a coupling needs two columns");
  return chosen;
}

std::vector<Repeats> repeated_values(const Dataset& table) {
  std::vector<Repeats> all;
  for (size_t j = 0; j < static_cast<size_t>(table.dimensions()); ++j) {
    std::vector<Real> values = column_of(table, j);
    const auto n = static_cast<int64_t>(values.size());
    std::ranges::sort(values);
    const double least = values.front(), most = values.back();
    const double rounding = std::max(std::abs(least), std::abs(most)) * 0x1p-20;
    Repeats r{j, 1, 1, 0};
    int64_t run = 1;
    for (int64_t i = 1; i < n; ++i) {
      const double gap = static_cast<double>(values[i]) - static_cast<double>(values[i - 1]);
      run = gap > 0 ? 1 : run + 1;
      r.commonest = std::max(r.commonest, run);
      if (gap > 0) ++r.distinct;
      if (gap <= rounding) continue;
      r.gap = r.gap == 0 ? gap : std::min(r.gap, gap);
    }
    if (2 * r.distinct <= n || r.commonest >= std::max<int64_t>(10, n / 20)) all.push_back(r);
  }
  return all;
}

Tensor add_uniform_noise(const Tensor& x, const std::vector<double>& widths, uint64_t seed, uint64_t part) {
  check(x.rank() == 2 && static_cast<size_t>(x.shape()[1]) == widths.size(), "add_uniform_noise", "expects [n, ",
        widths.size(), "], got ", x.shape());
  Tensor noisy = x.clone();
  Real* value = noisy.mutable_data().data();
  for (int64_t i = 0; i < x.shape()[0]; ++i) {
    Rng rng(seed, stream("dequantise a table", part, static_cast<uint64_t>(i)));
    for (const double width : widths) {
      const double below = static_cast<double>(*value), u = rng.uniform();
      const Real above = static_cast<Real>(below + width), sum = static_cast<Real>(below + u * width);
      // The sum may round up to the next value; it must stay below.
      *value = sum < above || width == 0 ? sum : std::nextafter(above, *value);
      ++value;
    }
  }
  return noisy;
}

void add_table_noise(Dataset& dataset, const DatasetOptions& options) {
  dataset.noise_widths = options.noise_widths;
  if (dataset.noise_widths.empty()) {
    dataset.noise_widths.resize(dataset.columns.size(), 0);
    for (const Repeats& r : repeated_values(dataset)) dataset.noise_widths[r.column] = r.gap;
    if (std::ranges::count(dataset.noise_widths, 0.0) == std::ssize(dataset.noise_widths))
      fail<UsageError>("--dequantise has no use: no column of ", dataset.name, " repeats its values; leave it out");
  }
  if (dataset.noise_widths.size() != dataset.columns.size())
    fail<DataError>(dataset.name, ": has ", dataset.columns.size(),
                    " columns, the noise that the model was trained with ", dataset.noise_widths.size(),
                    "; choose the same columns by --columns");
  uint64_t number = 0;
  for (Examples* part : {&dataset.train, &dataset.validation, &dataset.test}) {
    if (part->defined()) part->x = add_uniform_noise(part->x, dataset.noise_widths, options.split_seed, number);
    ++number;
  }
}

std::string check_columns(const Dataset& table) {
  refuse_constants(table);
  return remark_on(repeated_values(table), table);
}

void refuse_table_options(const DatasetOptions& options, const std::string& name) {
  const char* const given = !options.columns.empty()              ? "--columns"
                            : !options.separator.empty()          ? "--separator"
                            : options.header != HeaderLine::found ? "--header"
                            : options.dequantise                  ? "--dequantise"
                                                                  : nullptr;
  if (given != nullptr)
    fail<UsageError>(given, " is for tables, and ", name,
                     " is none; leave it out (a run and a configuration have it when a table was "
                     "trained on)");
}

}  // namespace bijou
