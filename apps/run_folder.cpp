#include "apps/run_folder.hpp"

#include "flows/model.hpp"

#include <cstdio>

namespace bijou::inline BIJOU_SCALAR {

namespace fs = std::filesystem;

namespace {

void move_aside(const fs::path& path) {
  if (!fs::is_directory(path)) fail<UsageError>("--out ", path.string(), " is a file; name a folder");
  if (fs::is_empty(path)) return;
  // What the constructor makes at once: a run that failed before its first step is one, too.
  if (!fs::is_directory(path / "ckpt") || !fs::exists(path / "log.csv")) {
    fail<UsageError>("--out ", path.string(), " exists and is not a run of bijou; name another folder");
  }
  for (int i = 1;; ++i) {
    fs::path aside = path;
    aside += text(".", i);
    if (fs::exists(aside)) continue;
    fs::rename(path, aside);
    std::fprintf(stderr, "the earlier run was moved to %s\n", aside.string().c_str());
    return;
  }
}

}  // namespace

RunFolder::RunFolder(const std::string& path) : path_(path) {
  while (!path_.empty() && path_.filename().empty()) path_ = path_.parent_path();  // "run/" -> "run"
  try {
    if (fs::exists(path_)) move_aside(path_);
    fs::create_directories(path_ / "ckpt");
  } catch (const fs::filesystem_error& e) {
    fail<StorageError>("the output folder ", path_.string(), " cannot be written (", e.code().message(),
                       "); choose another with --out");
  }
  log_.open(file("log.csv"));
  log_.imbue(std::locale::classic());
  log_ << "epoch,step,lr,train_nll_nats,train_bits_per_dim,validation_nll_nats,validation_bits_per_dim,grad_norm,"
          "clipped,"
          "images_per_s,gflop_per_s,rss_mib,wall_s"
       << std::endl;
  if (!log_) fail<StorageError>("the output folder ", path_.string(), " cannot be written; choose another with --out");
}

void RunFolder::write(const std::string& name, const std::string& content) const {
  std::ofstream out(file(name));
  out << content << std::flush;
  if (!out) fail<StorageError>(file(name), ": cannot be written (is the disk full?)");
}

void RunFolder::log(const LogRow& r, int64_t d) {
  log_ << r.epoch << ',' << r.step << ',' << r.learning_rate << ',' << r.train << ',' << bits_per_dim(r.train, d) << ','
       << r.validation << ',' << bits_per_dim(r.validation, d) << ',' << r.gradient_norm << ',' << r.clipped << ','
       << r.examples_per_second << ',' << r.gflops << ',' << r.rss_mib << ',' << r.seconds << std::endl;
  if (!log_) fail<StorageError>(file("log.csv"), ": cannot be written (is the disk full?)");
}

std::string checkpoint_of(const std::string& run) {
  const fs::path path(run);
  std::error_code error;  // a name too long, a folder that may not be searched
  if (!fs::exists(path, error))
    fail<CheckpointError>(run, ": no such run; train one with `bijou train`, or name its folder");
  if (!fs::is_directory(path, error)) return run;
  for (const char* name : {"ckpt/best.safetensors", "ckpt/last.safetensors"}) {
    if (fs::exists(path / name, error)) return (path / name).string();
  }
  fail<CheckpointError>(
      run, ": this folder holds no ckpt/best.safetensors and no ckpt/last.safetensors; is it a run of bijou?");
}

std::string shell_quoted(const std::string& path) {
  if (path.starts_with('-')) return shell_quoted("./" + path);  // or it would be taken for an option
  const bool plain = path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+") ==
                     std::string::npos;
  if (plain && !path.empty()) return path;
  std::string out = "'";
  for (char c : path) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string data_stem(const std::string& data) {
  fs::path path(data);
  while (!path.empty() && path.filename().empty()) path = path.parent_path();
  const std::string stem = path.stem().string();
  return stem.empty() || stem == "." || stem == ".." ? "data" : stem;
}

}  // namespace bijou
