// Files and folders of data: reading a whole file, gzip or not, with one clear line for each way it can
// go wrong.
#pragma once
#include "autograd/check.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

// No file is read, and none is unpacked, beyond this: a small .gz may hide any amount of zeros.
inline constexpr size_t kLargestFile = size_t{2} << 30;  // bytes

// The content of a file; a gzip file is unpacked, recognised by its first two bytes, whatever its name.
// DataError: no such file, a folder, no permission, a read error, larger than kLargestFile, a .gz that ends
// early, a .gz whose checksum or content is wrong, bytes after its end.
std::string read_file(const std::filesystem::path& path);

// Unpacks gzip data that is in memory already. `name` is for the messages.
std::string unpack_gzip(std::span<const unsigned char> packed, const std::string& name, size_t largest = kLargestFile);

// True as well where one may not look: opening the file then says so.
bool is_there(const std::filesystem::path& path);

// Where data sets are looked for, in this order: the flag (--data-dir; "" when not given), the environment
// variable BIJOU_DATA_DIR, Debian's folder of data sets, ./data. DataError: the flag names no folder.
std::vector<std::filesystem::path> data_directories(const std::string& flag);

// Text from a file, fit for a message: in quotes, cut when long, with control characters shown as '?'.
std::string in_quotes(std::string_view words);

}  // namespace bijou
