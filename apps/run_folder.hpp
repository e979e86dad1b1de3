// runs/<model>-<data>/: everything that a training leaves behind.
//
//   config.json  model.txt  log.csv  *.png  ckpt/last.safetensors  ckpt/best.safetensors
#pragma once
#include "apps/options.hpp"

#include <filesystem>
#include <fstream>

namespace bijou::inline BIJOU_SCALAR {

class RunFolder {
 public:
  // Makes the folder. One that exists and holds a run is moved aside (runs/x -> runs/x.1), and a line says so; a
  // folder that holds anything else is refused: UsageError.
  explicit RunFolder(const std::string& path);

  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string last() const { return file("ckpt/last.safetensors"); }
  std::string best() const { return file("ckpt/best.safetensors"); }
  void write(const std::string& name, const std::string& content) const;  // StorageError on a full disk

  struct LogRow {
    int64_t epoch, step;
    double learning_rate, train, validation;  // nats per example and, for images, bits/dim beside them
    double gradient_norm;
    int64_t clipped;
    double examples_per_second, gflops, rss_mib, seconds;
  };
  void log(const LogRow& row, int64_t dimensions);

 private:
  std::filesystem::path path_;
  std::ofstream log_;
};

// Where a finished run keeps its model: RUN may be the folder, or a checkpoint file itself.
std::string checkpoint_of(const std::string& run);

// A path as one word for the shell: quoted where it holds anything but plain characters.
std::string shell_quoted(const std::string& path);

// A name for the folder: "digits", or the stem of a path.
std::string data_stem(const std::string& data);

}  // namespace bijou
