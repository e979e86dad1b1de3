// NumPy's archives (.npz): a zip file whose members are .npy files, stored or deflated.
#pragma once
#include "datasets/npy.hpp"

#include <map>

namespace bijou::inline BIJOU_SCALAR {

// The arrays by their names, without ".npy". Each member's length and CRC are checked. DataError: not a zip file, cut,
// broken; encrypted, zip64, or packed by another method than deflate; a name that occurs twice; a member that is no
// .npy; pickled objects; more than `largest` bytes unpacked. Memory grows with the bytes that come out, not
// with what the directory promises.
std::map<std::string, NumpyArray> read_npz(std::string_view content, const std::string& name,
                                           size_t largest = size_t{2} << 30);
bool looks_like_zip(std::string_view content);

}  // namespace bijou
