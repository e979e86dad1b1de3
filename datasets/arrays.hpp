// Data sets from NumPy's arrays: one .npy, an .npz, or a folder of train.npy, val.npy and test.npy.
//
//   [n, D]                       a table of any numbers
//   [n, H, W] or [n, H, W, C]    images of 256 levels; unsigned bytes only
//
// An .npz gives its array X, x, data or train, or else the only one with two axes or more; y, Y, labels or label are
// its class numbers where they are whole numbers 0 .. 9999. Where there is a test part (test, x_test; beside train,
// x_train), it is the test part; the validation part is val, valid, validation (x_val, ...), or else a tenth of the
// training part by split_seed. What comes as one array is split 80/10/10 by split_seed.
#pragma once
#include "datasets/dataset.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace bijou::inline BIJOU_SCALAR {

Dataset load_npy(std::string content, const std::string& name, const DatasetOptions& options = {});
Dataset load_npz(std::string_view content, const std::string& name, const DatasetOptions& options = {});
Dataset load_npy_folder(const std::filesystem::path& folder, const DatasetOptions& options = {});
bool holds_npy(const std::filesystem::path& folder);  // one of the parts' files

}  // namespace bijou
