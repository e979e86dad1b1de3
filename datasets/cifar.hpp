// CIFAR-10 in its binary form: records of 3,073 bytes, a label 0 .. 9 and then the red, the green and the blue plane of
// an image of 32 x 32, each by rows.
//
// The data set is a folder of data_batch_1.bin .. data_batch_5.bin and test_batch.bin, 10,000 records each, as
// https://www.cs.toronto.edu/~kriz/cifar.html ("CIFAR-10 binary version") gives them; or that page's
// cifar-10-binary.tar.gz as it is. The same pictures "pickled" for Python are refused: only Python reads that form, and
// reading it runs what is in it.
#pragma once
#include "datasets/dataset.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace bijou::inline BIJOU_SCALAR {

// From the first of data_directories() that holds one of its files, in a folder cifar-10-batches-bin/ or cifar-10/, or
// that holds cifar-10-binary.tar.gz.
// DataError: missing (says where it was looked for, and how to get it) or broken.
Dataset load_cifar10(const DatasetOptions& options = {});

// The folder that holds the files; images are [n, 32, 32, 3], 256 levels. test_batch.bin is the test part. The last
// tenth of the training batches is the validation part: 5,000 of 50,000, whatever the seed. One training batch is
// enough; when some are missing, the data set's name says how many there are. options.validation_fraction may say
// another part than a tenth.
Dataset load_cifar10_folder(const std::filesystem::path& folder, const std::string& name,
                            const DatasetOptions& options = {});
bool holds_cifar10(const std::filesystem::path& folder);

// The same from a tar archive's bytes, whatever the folder in it is called.
Dataset load_cifar10_tar(std::string_view archive, const std::string& path, const std::string& name,
                         const DatasetOptions& options = {});

// DataError for a folder of the pickled form: names the right file.
void refuse_pickled_cifar10(const std::filesystem::path& folder);

}  // namespace bijou
