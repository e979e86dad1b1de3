// runs/<model>-<data>/: everything that a training leaves behind.
//
//   config.json  model.txt  log.csv  *.png  samples/epoch-0007.png  ckpt/last.safetensors  ckpt/best.safetensors
//   figures.json  report.html      at the end: what was printed, and all of it on a page (apps/run_figures.hpp, report.hpp)
//
// While a process trains into it, it holds a lock on ckpt/: another one is refused.
#pragma once
#include "apps/options.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

namespace bijou::inline BIJOU_SCALAR {

class RunFolder {
 public:
  // Makes the folder. One that exists and holds a run is moved aside (runs/x -> runs/x.1), and a line says so; a
  // folder that holds anything else is refused: UsageError.
  explicit RunFolder(const std::string& path);
  // The folder of an earlier run that is to go on (or was to begin: it may be empty, or not there). UsageError: it holds
  // anything else, or another process trains into it.
  static RunFolder reopened(const std::string& path);
  RunFolder(RunFolder&& other) noexcept
      : path_(std::move(other.path_)), log_(std::move(other.log_)), lock_(std::exchange(other.lock_, -1)) {}
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string last() const { return file("ckpt/last.safetensors"); }
  std::string best() const { return file("ckpt/best.safetensors"); }
  static std::string last_of(const std::string& path);  // where the folder at this path has its last(), if it has one
  // All or nothing: on a full disk (StorageError) what was there stays.
  void write(const std::string& name, const std::string& content) const;

  struct LogRow {
    int64_t epoch, step, images;              // images: examples that were seen, in all
    double learning_rate, train, validation;  // nats per example, and bits/dim beside them
    double gradient_norm;                     // of the epoch's last step
    int64_t clipped;                          // steps
    double worst_inverse, log_det;            // of some validation examples: largest |f^-1(f(x)) - x|, mean log|det J|
    int64_t nonfinite;                        // steps
    double examples_per_second, gflops, rss_mib, seconds;  // what a clock or the machine says: not the same twice
  };
  void log(const LogRow& row, int64_t dimensions);
  // Takes away the rows of later steps, and one that was not finished; returns the seconds that the last row left says.
  double cut_log(int64_t step);

 private:
  struct Reopened {};
  RunFolder(const std::string& path, Reopened);
  void make(const std::string& path, bool reopen);
  void start_log();

  std::filesystem::path path_;
  std::ofstream log_;
  int lock_ = -1;
};

// A file, all or nothing: on a full disk (StorageError) what was there stays.
void write_whole(const std::string& path, const std::string& content);

// Where a finished run keeps its model: RUN may be the folder, or a checkpoint file itself.
std::string checkpoint_of(const std::string& run);

// A path as one word for the shell: quoted where it holds anything but plain characters.
std::string shell_quoted(const std::string& path);
std::string shell_word(const std::string& word);  // the same of any word, an option among them

// What a checkpoint says of its data, which holds no path: the name, or the last part of a path.
std::string data_name(const std::string& data);
// The data that a run was trained on, as they were given, or by key = "test_data" those it was tested on: from the
// config.json of its folder, which knows the path; else, for a checkpoint that stands alone, what it says itself ("" when
// it says nothing).
std::string data_of_run(const std::string& run, const std::map<std::string, std::string>& metadata,
                        const char* key = "data");

// A name for the folder: "digits", or the stem of a path.
std::string data_stem(const std::string& data);

}  // namespace bijou
