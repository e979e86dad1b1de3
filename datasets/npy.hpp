// NumPy's arrays in a file (.npy): a magic word, the version, a header that is a Python literal, and the values.
//
//   \x93NUMPY  major minor  length  {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }  values
//
// Versions 1 to 3; booleans, integers and floats of 4 or 8 bytes, of either byte order, in C or in Fortran order. What
// holds pickled Python objects is refused by name: a pickle is a program, and reading it would run it.
#pragma once
#include "autograd/tensor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

// The array as it lies in the file; its values become numbers when they are asked for.
struct NumpyArray {
  std::string name;  // for messages: "wine.npz: X"
  Shape shape;
  std::string dtype;  // as NumPy writes it: "|u1", "<i8", ">f4", "<U12"
  bool fortran = false;
  std::string content;  // the file
  size_t offset = 0;    // where the values begin in it

  char kind() const { return dtype[1]; }  // b: boolean, i and u: integers, f: floats, U and S: text
  bool is_integer() const { return kind() == 'b' || kind() == 'i' || kind() == 'u'; }
  bool is_number() const { return is_integer() || kind() == 'f'; }

  // In C order. DataError: text, or a finite value beyond the scalar's range. NaN and infinity stay what they are.
  Tensor tensor() const;
  std::vector<double> doubles() const;    // the same without loss (but for integers beyond 2^53)
  std::vector<int64_t> integers() const;  // DataError: values that are no whole numbers, or too large
  std::string words() const;              // one string (of U or S), as UTF-8; DataError: no text, or several
};

// DataError: not .npy, another version, a header that cannot be read, a type that is no plain number or text, sizes
// that do not fit the bytes that follow. Nothing is allocated but the array's own bytes.
NumpyArray parse_npy(std::string content, const std::string& name);
bool looks_like_npy(std::string_view content);

}  // namespace bijou
