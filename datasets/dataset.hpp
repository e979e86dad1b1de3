// Data sets: examples to train on, to choose by, and to report; by name, or from a file of one's own.
//
//   const Dataset digits = load_dataset("digits", {});      // built in: 1,797 images of 8x8, integers 0..16
//   Loader loader(digits.train, digits.levels, 64, seed);   // dequantised batches (datasets/loader.hpp)
//
// The numbers are the raw ones. Dequantisation is the loader's; scaling, logit and standardisation are flows,
// so that their log-determinants are counted where all others are.
#pragma once
#include "autograd/tensor.hpp"

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

// Rows that are made, or read from the disk, when they are asked for.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual Shape shape() const = 0;  // [n, ...]: of the tensor that all rows would be
  virtual Tensor rows(std::span<const int64_t> index) const = 0;
  // As a training step of this epoch sees them: a pure function of (seed, epoch, index).
  virtual Tensor rows_for_training(std::span<const int64_t> index, uint64_t seed, int64_t epoch) const = 0;
};

struct Examples {
  Tensor x;                 // images [n, H, W, C] or vectors [n, D], raw values; undefined: all is read from `source`
  std::vector<int> labels;  // n class numbers; or empty: none are known
  // Where rows come from when x is undefined; beside x: what training sees instead of it.
  std::shared_ptr<const RowSource> source = nullptr;

  bool defined() const { return x.defined() || source; }
  Shape shape() const { return x.defined() ? x.shape() : source->shape(); }
  int64_t size() const { return defined() ? shape()[0] : 0; }
  Examples select(std::span<const int64_t> index) const;  // a copy of these rows, with their labels
  Tensor rows(int64_t begin, int64_t end) const;          // a copy of these rows
  Tensor rows_for_training(std::span<const int64_t> index, uint64_t seed, int64_t epoch) const;
};

struct Dataset {
  std::string name;  // "digits", "moons", ...; for a file, its path; what is missing of CIFAR-10
  Examples train, validation, test;
  int levels = 0;                        // images of integers 0 .. levels-1 (digits: 17, MNIST: 256);
                                         // 0: real-valued data (toys, tables), which need no dequantisation
  int classes = 0;                       // labels are 0 .. classes-1; 0: no labels
  std::vector<std::string> columns;      // a table's column names; empty for all others
  std::vector<std::string> class_names;  // where they are known: of a folder of pictures
  std::vector<double> noise_widths;      // of a dequantised table: what was added to each column (datasets/columns.hpp)
  std::string remark;                    // one line that the user should read; or empty
  bool own_validation = false, own_test = false;  // parts that the set comes with: no fraction has a say
  bool seeded = false;                            // the split seed has a say
  uint64_t file_hash = 0;                         // of pictures: of all files; 0: the values are in the parts
  // The density's entropy in nats, where it is known: no model's expected loss can be lower.
  double entropy = std::numeric_limits<double>::quiet_NaN();

  const Examples& any_part() const { return train.defined() ? train : test; }
  bool is_image() const { return any_part().shape().rank() == 4; }
  Shape example_shape() const { return any_part().shape().from(1); }  // [H, W, C] or [D]
  int64_t dimensions() const { return example_shape().numel(); }      // D
};

// A number that tells whether a data set is still the same: from all values and labels, part by part. (No guard against
// forgery; for that there are the sums of `bijou data info`.)
uint64_t fingerprint_of(const Dataset& data);
uint64_t hash_of(std::string_view bytes, uint64_t before);

// How a folder of pictures is read (datasets/pictures.hpp).
struct PictureOptions {
  std::optional<int> size = {};       // the shorter side becomes this long, and a square of it is cut out
  bool random_crop = false;           // for training: anywhere, drawn anew in each epoch; else from the centre
  bool grey = false, colour = false;  // neither: in colour, unless all pictures are grey
  int64_t memory = 0;                 // bytes that the tensors may take; beyond it, batches are read from the disk.
                                      // 0: half of the machine's
};

enum class HeaderLine { found, yes, no };  // of a table: whether its first line names the columns

struct DatasetOptions {
  // Which examples are training, validation and test (and which points a toy density draws). It is apart from
  // the training seed, so that figures of different training seeds are about the same test set and
  // can be compared.
  uint64_t split_seed = 0;
  // How much of the examples goes into these parts, where a set does not come with them. Nothing: a tenth (of IDX
  // files: a twelfth). 0: nothing is cut off.
  std::optional<double> validation_fraction = {}, test_fraction = {};
  std::optional<int> only_class = {};  // training and validation are of examples with this label; the test part stays
  std::string test_data = {};  // the test part: all examples of these data, or their own test part
  std::string data_dir = {};   // the flag --data-dir; may be empty (data_directories in file.hpp)
  PictureOptions pictures = {};
  int64_t toy_train = 50'000, toy_validation = 5'000, toy_test = 10'000;

  // Of tables; UsageError where they are given for other data.
  std::string columns = {};    // those to keep: names, numbers from 1 and ranges of them, "alcohol,3,5-8"; "": all
  std::string separator = {};  // a character, "tab" or "space"; "": found on the first line
  HeaderLine header = HeaderLine::found;
  bool dequantise = false;                // add noise to the columns that repeat values (datasets/columns.hpp)
  std::vector<double> noise_widths = {};  // by these widths, as when a model was trained; empty: found in the data
};

// By one of dataset_names(); or else by a path: a folder of the four IDX files, of CIFAR-10's or of pictures,
// CIFAR-10's .tar.gz, one IDX file of images, a table of numbers (CSV), or NumPy's arrays (.npy, .npz, a folder of
// train.npy and test.npy). Errors: UsageError, neither a name nor a path; DataError, the data are missing or broken, or
// the test data are of another kind.
Dataset load_dataset(const std::string& name_or_path, const DatasetOptions& options = {});

// Nothing is cut: all examples are the test part, in their order; of a set with a test part of its own, that alone.
// The other parts are empty.
Dataset load_test_data(const std::string& name_or_path, DatasetOptions options = {});
std::vector<std::string> dataset_names();

// The built-in digits: 1,293 training, 144 validation and 360 test images [n, 8, 8, 1] of 17 levels, with
// labels 0..9. Credit and licence: datasets/digits/README.md.
Dataset load_digits(const DatasetOptions& options = {});

// Cuts `all` by a permutation seeded by split_seed: the first `test` of it, then `validation`, the rest for
// training.
void split_examples(Dataset& dataset, const Examples& all, int64_t validation, int64_t test, uint64_t split_seed);

// The same by the options' fractions. `what` names the examples: "rows". DataError: too few of them.
void split_examples(Dataset& dataset, const Examples& all, const char* what, const DatasetOptions& options);

// A fraction of n, rounded down. DataError: it is none, or all.
int64_t share_of(int64_t n, double fraction, const std::string& name, const char* what);

// Fewer levels, as Glow has them (its section 6: 5 bits): x -> floor(x / 2^(8 - bits)), 256 levels -> 2^bits, in all
// three parts. Bits/dim are about the new levels, and cannot be compared with those of 8 bits. UsageError: bits
// outside 1 .. 8, or data that are no images of 256 levels.
void reduce_bits(Dataset& data, int bits);

}  // namespace bijou
