// Checkpoint files in the safetensors format: named tensors and a dictionary of strings. Python reads them in
// one call (safetensors.numpy.load_file), and unlike a pickle they hold no code.
//
//   u64 little-endian   length of the header, a multiple of 8
//   JSON, space-padded  {"__metadata__":{"epoch":"7"},
//                        "conv.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}
//   bytes               the tensors in C order, one after another, without holes
//
// The same contents always give the same bytes: tensors and metadata are written sorted by name.
#pragma once
#include "autograd/tensor.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

struct TensorFile {
  // write_safetensors takes any order; read_safetensors returns the order of the bytes in the file, which for
  // a file of ours is by name.
  std::vector<std::pair<std::string, Tensor>> tensors;
  std::map<std::string, std::string> metadata;
  std::string path = {};  // where it was read, for messages; ignored when writing

  const Tensor& at(std::string_view name) const;  // CheckpointError naming file and tensor when missing
};

// Writes dtype F32 in the float build and F64 in the double build.
//
// All or nothing: the bytes go to a temporary file in the same folder, reach the disk, and only then take the
// final name, so that a crash or a full disk leaves the earlier file whole. (A symbolic link of that name is
// replaced, not followed: last.safetensors may be a link to an epoch that is to be kept.)
//
// StorageError: the path and the reason, e.g. a full disk. NonFiniteError: a tensor holds nan or inf, which
// the reader would refuse: the last good checkpoint is worth more. ValueError: two tensors of one name, text
// that is not UTF-8, or a tensor that is not defined.
void write_safetensors(const std::string& path, const TensorFile& file);

// Reads F64, F32, F16, BF16, I64, I32, U8 and BOOL, all converted to Real (float is exact for integers to 2^24).
//
// The file is not trusted: every length is compared with the bytes that are really there before memory is
// asked for, and each mistake is a CheckpointError of one line with the file, the value and what to do.
TensorFile read_safetensors(const std::string& path);

}  // namespace bijou
