// The digits, embedded: the program trains its first model without a download.
#include "datasets/dataset.hpp"
#include "datasets/file.hpp"

#include <charconv>

// The assembler puts the file's bytes into this object, between two labels. They are local to it (no .globl):
// the float and the double build of this file may meet in one program. The path is relative to the project's
// root, where the compiler runs.
asm(".pushsection .rodata\n"
    "bijou_digits_begin:\n"
    "  .incbin \"datasets/digits/digits.csv.gz\"\n"
    "bijou_digits_end:\n"
    "  .byte 0\n"
    ".popsection\n");
extern "C" const unsigned char bijou_digits_begin[], bijou_digits_end[];

namespace bijou::inline BIJOU_SCALAR {

Dataset load_digits(const DatasetOptions& options) {
  constexpr int64_t kImages = 1797, kPixels = 64, kValidation = 144, kTest = 360;
  constexpr int kLevels = 17, kClasses = 10;
  const auto packed_bytes = static_cast<size_t>(reinterpret_cast<uintptr_t>(bijou_digits_end) -
                                                reinterpret_cast<uintptr_t>(bijou_digits_begin));
  const std::string csv = unpack_gzip({bijou_digits_begin, packed_bytes}, "the built-in digits");

  Examples all{Tensor({kImages, 8, 8, 1}), std::vector<int>(kImages)};
  const std::span<Real> pixels = all.x.mutable_data();
  const char* at = csv.data();
  const char* const end = at + csv.size();
  const auto next = [&](int largest) {  // an integer and the comma or line's end that follows it
    int value = -1;
    const auto [after, error] = std::from_chars(at, end, value);
    require(error == std::errc() && 0 <= value && value <= largest && after != end, "load_digits",
            "the built-in file is broken at byte ", at - csv.data());
    at = after + 1;
    return value;
  };
  for (int64_t i = 0; i < kImages; ++i) {
    for (int64_t j = 0; j < kPixels; ++j) pixels[i * kPixels + j] = static_cast<Real>(next(kLevels - 1));
    all.labels[i] = next(kClasses - 1);
  }
  require(at == end, "load_digits", "the built-in file is longer than ", kImages, " images");

  Dataset digits;
  digits.name = "digits";
  digits.levels = kLevels;
  digits.classes = kClasses;
  split_examples(digits, all, kValidation, kTest, options.split_seed);
  digits.own_validation = digits.own_test = true;
  return digits;
}

}  // namespace bijou
