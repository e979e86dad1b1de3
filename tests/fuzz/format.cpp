#include "tests/fuzz/format.hpp"

#include "tests/unit/largest_allocation.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace bijou_tests {

using bijou::text;

namespace {

std::string complaint_about_message(const std::string& message) {
  constexpr size_t kLongest = 4000;
  if (message.empty()) return "an error without a message";
  if (message.size() > kLongest) return text("an error of ", message.size(), " bytes: ", message.substr(0, 200));
  for (const char c : message)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "an error that is not one printable line: " + message;
  return "";
}

}  // namespace

std::vector<Format>& formats() {
  static std::vector<Format> all;
  return all;
}

std::string complaint_about(const Format& format, const std::string& bytes) {
  std::string complaint;
  bool refused = true;
  const size_t asked = memory_asked_for([&] {
    try {
      format.read(bytes);
      refused = false;
    } catch (const std::exception& e) {
      complaint = format.documented(e) ? complaint_about_message(e.what())
                                       : text("an error of an undocumented kind, ", typeid(e).name(), ": ", e.what());
    }
  });
  if (!complaint.empty()) return complaint;
  // What is read becomes tensors, of the whole and of its parts: four bytes for one, twice.
  const size_t limit = std::max(format.least, format.factor * bytes.size());
  const size_t most = refused ? asked : std::max(largest_allocation(), asked / 4);
  if (most > limit) return text("an input of ", bytes.size(), " bytes asked for ", most, ", more than ", limit);
  return "";
}

MemoryFile::MemoryFile(const std::string& bytes) : file_(memfd_create("input", 0)) {
  if (file_ < 0 || write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    bijou::fail<std::runtime_error>("no file in memory could be written");
  }
}
MemoryFile::~MemoryFile() { close(file_); }
std::string MemoryFile::path() const { return text("/proc/self/fd/", file_); }

}  // namespace bijou_tests
