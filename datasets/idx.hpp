// IDX, the file format of MNIST and its relatives: a big-endian header, then unsigned bytes.
//
//   images   2051 = 0x00000803, n, height, width (uint32 each), then n * height * width bytes
//   labels   2049 = 0x00000801, n,                              then n bytes
//
// A data set is four of them: {train,t10k}-{images-idx3,labels-idx1}-ubyte, each plain or gzipped (told by
// the content; the name may end in .gz or not).
#pragma once
#include "datasets/dataset.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

// [n, H, W, 1], values 0..255. DataError: missing, truncated or longer than its header says, not IDX, labels
// instead of images, a size of zero. Nothing is allocated before the header's sizes agree with the bytes that
// are there.
Tensor read_idx_images(const std::filesystem::path& path);
std::vector<int> read_idx_labels(const std::filesystem::path& path);

// "mnist" or "fashion-mnist", from the first of data_directories() that holds one of its files, in a folder
// mnist/ or MNIST/raw/ (fashion-mnist/ or FashionMNIST/raw/). DataError: missing (says where it was looked
// for, and how to get it) or broken.
Dataset load_idx(const std::string& name, const DatasetOptions& options = {});

// The folder that holds the four files. The test files are the test part. The last twelfth of the training
// files is the validation part: by convention the last 5,000 of MNIST's 60,000; or as many as
// options.validation_fraction says. So the split depends on no seed.
Dataset load_idx_folder(const std::filesystem::path& folder, const std::string& name,
                        const DatasetOptions& options = {});

// One file of images, without labels, from its content: 80 % training, 10 % validation, 10 % test, by a
// permutation seeded by options.split_seed.
Dataset load_idx_file(std::string_view content, const std::string& path, const DatasetOptions& options = {});
bool looks_like_idx(std::string_view content);  // no text begins as IDX does: with two zero bytes

}  // namespace bijou
