// A folder of one's own PNG, JPEG and BMP pictures as a data set of 256 levels.
//
//   folder/*.png                          flat: no labels; 80 % training, 10 % validation, 10 % test, by the split seed
//   folder/CLASS/*.jpg                    one folder a class: labels 0, 1, ... by sorted folder names; cut the same way
//   folder/{train,valid,test}/...         parts of their own, flat or by classes; valid may be val or validation. A part
//                                         that is not there is cut from the training pictures, a tenth of them
//
// Files are taken in the order of their names, so the bytes do not depend on the file system. Of other files than
// these three formats, and of those whose name begins with a dot, none is read.
//
// Pictures lie in memory when their tensors fit into a budget; else each batch reads its own from the disk, to the
// same bytes (RowSource in dataset.hpp).
#pragma once
#include "datasets/dataset.hpp"

#include <filesystem>

namespace bijou::inline BIJOU_SCALAR {

// True when the folder has such files itself, in a folder of its own, or in a class's folder of train/.
bool holds_pictures(const std::filesystem::path& folder);

// By the first bytes.
bool looks_like_picture(std::string_view content);

// [n, size, size, C]; without a size, pictures must be of one size, and are taken as they are. Crops for training are
// drawn anew in each epoch; all other uses see the centre. DataError: a picture that cannot be taken
// (decode_picture.hpp), two sizes, a folder with too few pictures, classes that training does not have.
Dataset load_pictures(const std::filesystem::path& folder, const std::string& name, const DatasetOptions& options);

}  // namespace bijou
