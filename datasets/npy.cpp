#include "datasets/npy.hpp"

#include "datasets/file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace bijou::inline BIJOU_SCALAR {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr const char* kRemedy = "save it again by np.save(file, x)";

uint64_t little_endian(std::string_view bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// The header: a Python dictionary of three entries, in any order.
class HeaderReader {
 public:
  HeaderReader(std::string_view words, NumpyArray& array) : all_(words), rest_(words), array_(array) {}

  void read() {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !descr_) descr_ = true, read_type();
      else if (key == "fortran_order" && !order_) order_ = true, array_.fortran = read_truth();
      else if (key == "shape" && !shape_) shape_ = true, read_shape();
      else refuse("the entry ", in_quotes(key), " is unknown, or there twice");
      if (!accept(',') && !peek('}')) refuse("a comma is missing");
    }
    skip_space();
    if (!rest_.empty()) refuse("something follows the closing brace");
    if (!descr_ || !order_ || !shape_) refuse("descr, fortran_order and shape should all be there");
  }

 private:
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... why) const {
    fail<DataError>(array_.name, ": its header cannot be read at character ", all_.size() - rest_.size() + 1, " (",
                    why..., "); ", kRemedy);
  }

  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
  bool peek(char c) {
    skip_space();
    return rest_.starts_with(c);
  }
  bool accept(char c) {
    if (!peek(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) refuse("expected ", c);
  }
  std::string quoted() {
    const char quote = peek('"') ? '"' : '\'';
    expect(quote);
    const size_t end = rest_.find(quote);
    if (end == std::string_view::npos || end > 40) refuse("a quoted word has no end");
    const std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return word;
  }
  bool read_truth() {
    for (const std::string_view word : {"True", "False"})
      if (peek(word[0]) && rest_.starts_with(word)) {
        rest_.remove_prefix(word.size());
        return word == "True";
      }
    refuse("expected True or False");
  }
  void read_type() {
    if (peek('[')) {
      fail<DataError>(array_.name,
                      ": is a structured array (its columns have names and types of their own); save plain "
                      "numbers: numpy.lib.recfunctions.structured_to_unstructured(x)");
    }
    array_.dtype = quoted();
  }
  void read_shape() {
    expect('(');
    while (!accept(')')) {
      skip_space();
      uint64_t size = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc() || size > INT64_MAX) refuse("expected a size of at least 0");
      rest_.remove_prefix(end - rest_.data());
      if (rest_.starts_with('L')) rest_.remove_prefix(1);  // Python 2 wrote long numbers so
      if (array_.shape.rank() == Shape::kMaxRank)
        fail<DataError>(array_.name, ": has more than ", Shape::kMaxRank, " axes; reshape it");
      array_.shape.append(static_cast<int64_t>(size));
      if (!accept(',') && !peek(')')) refuse("a comma is missing");
    }
  }

  std::string_view all_, rest_;
  NumpyArray& array_;
  bool descr_ = false, order_ = false, shape_ = false;
};

// The bytes of one value, by the type's name.
size_t item_size(const NumpyArray& array) {
  const std::string& t = array.dtype;
  const std::string remedy = "; save it as np.asarray(x, dtype=np.float32)";
  if (t.find('O') != std::string::npos)
    fail<DataError>(array.name, ": holds pickled Python objects, which are programs and are never run here", remedy);
  size_t size = 0;
  const auto [end, error] = std::from_chars(t.data() + std::min<size_t>(2, t.size()), t.data() + t.size(), size);
  const bool readable = error == std::errc() && end == t.data() + t.size() && std::strchr("<>|=", t[0]) != nullptr;
  const bool is_text = readable && (t[1] == 'U' || t[1] == 'S') && size < (size_t{1} << 32);
  if (is_text) return t[1] == 'U' ? 4 * size : size;
  const char* kinds = size == 1 ? "biu" : size == 2 ? "iu" : size == 4 || size == 8 ? "iuf" : "";
  if (!readable || std::strchr(kinds, t[1]) == nullptr || t[1] == '\0')
    fail<DataError>(array.name, ": values of type ", in_quotes(t), " are not read", remedy);
  return size;
}

// Calls body(i, bits) with the bits of each value in C order, as an unsigned number of the value's size.
template <class Body>
void for_each_value(const NumpyArray& a, size_t size, const Body& body) {
  const bool swapped = a.dtype[0] == '>';
  const char* const from = a.content.data() + a.offset;
  const auto bits = [&](int64_t at) {
    const auto* const p = reinterpret_cast<const unsigned char*>(from) + at * static_cast<int64_t>(size);
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= uint64_t{p[i]} << 8 * (swapped ? size - 1 - i : i);
    return value;
  };
  const int64_t n = a.shape.numel();
  if (!a.fortran) {
    for (int64_t i = 0; i < n; ++i) body(i, bits(i));
    return;
  }
  // Fortran order: the first axis runs fastest. `at` follows the index in C order, whose last axis runs fastest.
  std::array<int64_t, Shape::kMaxRank> index{}, stride{};
  int64_t step = 1, at = 0;
  for (int axis = 0; axis < a.shape.rank(); ++axis) stride[axis] = step, step *= a.shape[axis];
  for (int64_t i = 0; i < n; ++i) {
    body(i, bits(at));
    for (int axis = a.shape.rank() - 1; axis >= 0; --axis) {
      at += stride[axis];
      if (++index[axis] < a.shape[axis]) break;
      at -= stride[axis] * a.shape[axis];
      index[axis] = 0;
    }
  }
}

// Before anything is allocated: a text may have no bytes at all, and then any shape fits.
void require_numbers(const NumpyArray& a) {
  if (!a.is_number()) fail<DataError>(a.name, ": holds text (", a.dtype, ") where numbers are expected");
}

// Calls body(i, value) with each number, as its own type: float, double, int64_t or uint64_t.
template <class Body>
void for_each_number(const NumpyArray& a, const Body& body) {
  const size_t size = item_size(a);
  const char kind = a.kind();
  if (kind == 'f' && size == 4)
    for_each_value(a, size, [&](int64_t i, uint64_t b) { body(i, std::bit_cast<float>(static_cast<uint32_t>(b))); });
  else if (kind == 'f') for_each_value(a, size, [&](int64_t i, uint64_t b) { body(i, std::bit_cast<double>(b)); });
  else if (kind == 'i') {
    const int unused = 64 - 8 * static_cast<int>(size);  // shifted up and down again, for the sign
    for_each_value(a, size, [&](int64_t i, uint64_t b) { body(i, static_cast<int64_t>(b << unused) >> unused); });
  } else for_each_value(a, size, body);
}

}  // namespace

Tensor NumpyArray::tensor() const {
  require_numbers(*this);
  Tensor x(shape);
  const std::span<Real> to = x.mutable_data();
  for_each_number(*this, [&](int64_t i, auto value) {
    to[i] = static_cast<Real>(value);
    if (std::isinf(to[i]) && std::isfinite(static_cast<double>(value)))
      fail<DataError>(name, ": the value ", value, " does not fit in a ", kScalarName, "; scale the data");
  });
  return x;
}

std::vector<double> NumpyArray::doubles() const {
  require_numbers(*this);
  std::vector<double> values(static_cast<size_t>(shape.numel()));
  for_each_number(*this, [&](int64_t i, auto value) { values[i] = static_cast<double>(value); });
  return values;
}

std::vector<int64_t> NumpyArray::integers() const {
  require_numbers(*this);
  std::vector<int64_t> values(static_cast<size_t>(shape.numel()));
  for_each_number(*this, [&](int64_t i, auto value) {
    constexpr double kLargest = 0x1p53;  // up to here doubles count in ones
    const auto v = static_cast<double>(value);
    if (!(std::abs(v) <= kLargest) || v != std::floor(v))
      fail<DataError>(name, ": the value ", value, " is no whole number, or too large");
    values[i] = static_cast<int64_t>(v);
  });
  return values;
}

std::string NumpyArray::words() const {
  if ((kind() != 'U' && kind() != 'S') || shape.numel() != 1)
    fail<DataError>(name, ": holds ", dtype, " of shape ", shape, " where one text is expected");
  std::string out;
  const size_t unit = kind() == 'U' ? 4 : 1, end = content.size();
  for (size_t at = offset; at < end; at += unit) {
    std::string letter = content.substr(at, unit);
    if (dtype[0] == '>') letter.assign(letter.rbegin(), letter.rend());
    const auto code = static_cast<uint32_t>(little_endian(letter, 0, unit));
    if (code > 0x10FFFF) fail<DataError>(name, ": its text is broken (a letter of number ", code, ")");
    if (unit == 1 || code < 0x80) out += static_cast<char>(code);
    else if (code < 0x800) (out += static_cast<char>(0xC0 | code >> 6)) += static_cast<char>(0x80 | (code & 0x3F));
    else {
      if (code >= 0x10000)
        (out += static_cast<char>(0xF0 | code >> 18)) += static_cast<char>(0x80 | (code >> 12 & 0x3F));
      else out += static_cast<char>(0xE0 | code >> 12);
      (out += static_cast<char>(0x80 | (code >> 6 & 0x3F))) += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  out.erase(out.find_last_not_of('\0') + 1);  // NumPy fills up with zeros
  return out;
}

bool looks_like_npy(std::string_view content) { return content.starts_with(kMagic); }

NumpyArray parse_npy(std::string content, const std::string& name) {
  NumpyArray array;
  array.name = name;
  if (!looks_like_npy(content)) fail<DataError>(name, ": does not begin as .npy does; ", kRemedy);
  const auto cut = [&] { fail<DataError>(name, ": truncated: it ends within its header; ", kRemedy); };
  if (content.size() < 8) cut();
  const int major = static_cast<unsigned char>(content[6]);
  if (major < 1 || major > 3) fail<DataError>(name, ": is of version ", major, "; known are 1 to 3; ", kRemedy);
  const size_t width = major == 1 ? 2 : 4, begin = 8 + width;
  if (content.size() < begin) cut();
  const uint64_t length = little_endian(content, 8, width);
  if (length > content.size() - begin) cut();
  HeaderReader(std::string_view(content).substr(begin, length), array).read();

  const size_t size = item_size(array);
  int64_t values = 1;  // not 0 because a value has no bytes: of an empty text, any number would fit
  bool overflow = false;
  for (const int64_t d : array.shape) overflow = overflow || __builtin_mul_overflow(values, d, &values);
  uint64_t expected = 0;
  overflow = overflow || __builtin_mul_overflow(size, static_cast<uint64_t>(values), &expected);
  if (overflow) fail<DataError>(name, ": the header says ", array.shape, ", more than any file holds; ", kRemedy);
  array.offset = begin + length;
  const uint64_t found = content.size() - array.offset;
  if (found != expected)
    fail<DataError>(name, found < expected ? ": truncated" : ": too long", ": the header says ", array.shape, " of ",
                    array.dtype, " = ", expected, " bytes, found ", found, "; ", kRemedy);
  array.content = std::move(content);
  return array;
}

}  // namespace bijou
