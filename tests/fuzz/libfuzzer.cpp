// What libFuzzer calls. A program has one format (tests/fuzz/formats/); its name is in the program's.
#include "tests/fuzz/format.hpp"
#include "tests/unit/largest_allocation.hpp"

#include <cstdio>
#include <cstdlib>

// The sanitizer's, whose header comes with its library.
extern "C" int __sanitizer_install_malloc_and_free_hooks(  // NOLINT(bugprone-reserved-identifier)
    void (*asked_for)(const volatile void*, size_t), void (*given_back)(const volatile void*));

// Here the sanitizer reports what is asked for, by malloc as well.
size_t& bijou_tests::largest_allocation() {
  thread_local size_t largest = 0;
  return largest;
}

namespace {

void asked_for(const volatile void*, size_t size) {
  size_t& largest = bijou_tests::largest_allocation();
  largest = std::max(largest, size);
}
void given_back(const volatile void*) {}
const int kInstalled = __sanitizer_install_malloc_and_free_hooks(asked_for, given_back);

}  // namespace

// libFuzzer's names and types.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);  // NOLINT(readability-identifier-naming)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (kInstalled == 0) std::abort();
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::string complaint = bijou_tests::complaint_about(bijou_tests::formats().at(0), bytes);
  if (complaint.empty()) return 0;
  std::fprintf(stderr, "finding: %s\n", complaint.c_str());
  std::abort();
}

// Three of four mutants get right checksums, where the format has any.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  const size_t now = LLVMFuzzerMutate(data, size, most);
  const auto repair = bijou_tests::formats().at(0).repair;
  if (repair != nullptr && seed % 4 != 0) repair({data, now});
  return now;
}
