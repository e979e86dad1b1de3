#include "apps/run_folder.hpp"

#include "flows/model.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace bijou::inline BIJOU_SCALAR {

namespace fs = std::filesystem;

namespace {

constexpr const char* kColumns =
    "epoch,step,images,lr,nll_nats,bits_per_dim,validation_nll_nats,validation_bits_per_dim,grad_norm,clipped,"
    "inv_err_max,logdet_mean,nonfinite,images_per_s,gflop_per_s,rss_mb,wall_s";

fs::path without_slash(fs::path path) {
  while (!path.empty() && path.filename().empty()) path = path.parent_path();  // "run/" -> "run"
  return path;
}

// Whether the folder holds what the constructor makes at once: a run that failed before its first step is one, too.
void check_is_run(const fs::path& path) {
  if (!fs::is_directory(path)) fail<UsageError>("--out ", path.string(), " is a file; name a folder");
  if (fs::is_empty(path) || (fs::is_directory(path / "ckpt") && fs::exists(path / "log.csv"))) return;
  fail<UsageError>("--out ", path.string(), " exists and is not a run of bijou; name another folder");
}

// The folder ckpt itself is locked: nothing stays behind, and the lock goes with the process, however it ends.
int lock_of(const fs::path& path) {
  const int folder = ::open((path / "ckpt").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;  // then nothing can be written either, and the next step says so
  if (::flock(folder, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return folder;  // or there are no locks here
  ::close(folder);
  fail<UsageError>("another process is training into ", path.string(),
                   "; wait for it, or name another folder with --out");
}

// A file under its temporary name, of a process that died while it wrote.
bool is_left_over(const std::string& name) {
  return name.find(".tmp-") != std::string::npos || name.find(".png.part") != std::string::npos;
}

void move_aside(const fs::path& path) {
  check_is_run(path);
  if (fs::is_empty(path)) return;
  if (const int lock = lock_of(path); lock >= 0) ::close(lock);  // refused while another one trains
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

RunFolder::RunFolder(const std::string& path) { make(path, false); }
RunFolder::RunFolder(const std::string& path, Reopened) { make(path, true); }
RunFolder RunFolder::reopened(const std::string& path) { return {path, Reopened()}; }

void RunFolder::make(const std::string& path, bool reopen) {
  path_ = without_slash(path);
  try {
    if (fs::exists(path_)) reopen ? check_is_run(path_) : move_aside(path_);
    fs::create_directories(path_ / "ckpt");
    fs::create_directories(path_ / "samples");
    lock_ = lock_of(path_);
    for (const char* folder : {"", "ckpt", "samples"}) {
      for (const auto& entry : fs::directory_iterator(path_ / folder)) {
        if (is_left_over(entry.path().filename().string())) fs::remove(entry.path());
      }
    }
  } catch (const fs::filesystem_error& e) {
    fail<StorageError>("the output folder ", path_.string(), " cannot be written (", e.code().message(),
                       "); choose another with --out");
  }
  if (!reopen || !fs::exists(path_ / "log.csv")) start_log();
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void RunFolder::start_log() {
  log_.open(file("log.csv"));
  log_.imbue(std::locale::classic());
  log_ << kColumns << std::endl;
  if (!log_) fail<StorageError>("the output folder ", path_.string(), " cannot be written; choose another with --out");
}

double RunFolder::cut_log(int64_t step) {
  std::ifstream before(file("log.csv"));
  std::string kept = kColumns + std::string("\n");
  double seconds = 0;
  std::string line;
  std::getline(before, line);                            // the names
  while (std::getline(before, line) && !before.eof()) {  // a row without its end was not finished
    std::istringstream cells(line);
    cells.imbue(std::locale::classic());
    int64_t epoch, at;
    char comma;
    if (!(cells >> epoch >> comma >> at) || at > step) break;
    kept += line + "\n";
    seconds = std::strtod(line.substr(line.rfind(',') + 1).c_str(), nullptr);
  }
  before.close();
  log_.close();
  write("log.csv", kept);
  log_.open(file("log.csv"), std::ios::app);
  log_.imbue(std::locale::classic());
  return seconds;
}

void RunFolder::write(const std::string& name, const std::string& content) const { write_whole(file(name), content); }

void write_whole(const std::string& path, const std::string& content) {
  const std::string temporary = text(path, ".tmp-", ::getpid());
  std::ofstream out(temporary, std::ios::binary);
  out << content;
  out.close();  // flushes: what did not reach the file shows here
  std::error_code error;
  if (out) fs::rename(temporary, path, error);
  if (out && !error) return;
  fs::remove(temporary, error);
  fail<StorageError>(path, ": cannot be written (is the disk full?); choose another place with --out");
}

void RunFolder::log(const LogRow& r, int64_t d) {
  log_ << r.epoch << ',' << r.step << ',' << r.images << ',' << r.learning_rate << ',' << r.train << ','
       << bits_per_dim(r.train, d) << ',' << r.validation << ',' << bits_per_dim(r.validation, d) << ','
       << r.gradient_norm << ',' << r.clipped << ',' << r.worst_inverse << ',' << r.log_det << ',' << r.nonfinite << ','
       << r.examples_per_second << ',' << r.gflops << ',' << r.rss_mib << ',' << r.seconds << std::endl;
  if (!log_) fail<StorageError>(file("log.csv"), ": cannot be written (is the disk full?)");
}

std::string RunFolder::last_of(const std::string& path) { return (fs::path(path) / "ckpt/last.safetensors").string(); }

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
  return shell_word(path.starts_with('-') ? "./" + path : path);  // or it would be taken for an option
}

std::string shell_word(const std::string& word) {
  const bool plain = word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+=") ==
                     std::string::npos;
  if (plain && !word.empty()) return word;
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string data_name(const std::string& data) { return without_slash(data).filename().string(); }

std::string data_of_run(const std::string& run, const std::map<std::string, std::string>& metadata, const char* key) {
  const fs::path checkpoint = checkpoint_of(run);
  std::ifstream file(checkpoint.parent_path().parent_path() / "config.json");
  const auto config = nlohmann::json::parse(file, nullptr, false);
  const auto said = metadata.find(key);
  const std::string name = said == metadata.end() ? "" : said->second;
  if (!config.is_object() || !config.contains(key) || !config[key].is_string()) return name;
  const auto path = config[key].get<std::string>();
  return data_name(path) == name ? path : name;  // the file may belong to something else
}

std::string data_stem(const std::string& data) {
  fs::path path(data);
  while (!path.empty() && path.filename().empty()) path = path.parent_path();
  const std::string stem = path.stem().string();
  return stem.empty() || stem == "." || stem == ".." ? "data" : stem;
}

}  // namespace bijou
