// What the commands of a trained run write: where, in which format, all or nothing.
#pragma once
#include "apps/interrupt.hpp"
#include "apps/options.hpp"

#include <fstream>
#include <functional>
#include <span>

namespace bijou::inline BIJOU_SCALAR {

// The path of a file that is to be written: options.out, or `name` in the folder of the run (beside it, when RUN is a
// checkpoint file). UsageError: something is there already, and --force was not given; or it ends otherwise than in one
// of `endings` (".png"; an empty ending counts as the first).
std::string output_path(const OutputOptions& options, const std::string& run, const std::string& name,
                        std::span<const char* const> endings);
// The same of a second file, which goes along with the first: its stem, and a word more.
std::string beside(const std::string& path, const std::string& word, const char* ending);
void refuse_existing(const std::string& path, const OutputOptions& options);

// Rows of numbers in a file whose ending says how: .csv, or NumPy's .npy. They come block by block, and memory does not
// grow with their number. What was begun and not finished is taken away; what was there before stays until then.
class RowFile {
 public:
  enum class Numbers { real, bytes };  // of .npy: float32; or whole numbers 0 .. 255, uint8
  // `rows` in all, each of this shape.
  RowFile(const std::string& path, int64_t rows, const Shape& row, Numbers numbers = Numbers::real);
  RowFile(const RowFile&) = delete;
  RowFile& operator=(const RowFile&) = delete;
  ~RowFile();

  void append(const Tensor& rows);     // NonFiniteError: a number is not finite; Interrupted: by Ctrl-C
  void append(std::string_view line);  // of a CSV file: a line of its own, as its header
  void finish();                       // StorageError: it could not be written

 private:
  void require_written() const;
  void require_uninterrupted() const;
  std::string path_, temporary_;
  bool csv_;
  Numbers numbers_;
  int64_t rows_, left_;
  std::ofstream file_;
  InterruptScope catch_signals_;
};

// The plotting library's failures are about files, or pictures that are too large: errors of this program.
void writing(const std::function<void()>& draw);

}  // namespace bijou
