// What a reader does with files that are cut and such with changed bytes: no crash, no hang, no memory beyond what they
// could hold.
#pragma once
#include "tests/unit/datasets_helpers.hpp"
#include "tests/unit/largest_allocation.hpp"

namespace bijou_tests {

// Cut at 50 places and with 200 changed bytes, half of them in its first `head` bytes, a file is read or refused as data
// or as a checkpoint, by its name. What is refused never asks for more than four times the file's size, or for the
// `least` that a message needs in any case. (What is read becomes tensors, of the whole and of the parts.)
inline constexpr size_t kMessage = 4096, kStream = 8192;  // a file that is opened needs a stream's buffer, too
inline void torture(const std::string& good, const std::string& name, size_t head,
                    const std::function<void(const std::string&)>& load, size_t least = kMessage) {
  load(good);
  Rng rng(11);
  int refused = 0;
  const auto try_one = [&](const std::string& content) {
    bool read = false;
    std::string what;
    const size_t asked = memory_asked_for([&] {
      try {
        load(content);
        read = true;
      } catch (const Error& e) {
        ++refused;
        what = e.what();
        const bool as_it_should = dynamic_cast<const DataError*>(&e) || dynamic_cast<const CheckpointError*>(&e);
        CHECK_MESSAGE(as_it_should, what);
      }
    });
    INFO("a file of ", content.size(), " bytes asked for ", asked, "; ", what);
    CHECK((read || what.find(name) != std::string::npos));
    CHECK(what.find('\n') == std::string::npos);
    CHECK((read ? largest_allocation() : asked) <= std::max(4 * content.size(), least));
  };
  const auto change = [&](std::string& content, size_t within) {
    content[rng.below(within)] ^= static_cast<char>(1 + rng.below(255));
  };
  for (int i = 0; i < 50; ++i) try_one(good.substr(0, rng.below(good.size())));
  for (int i = 0; i < 200; ++i) {
    std::string changed = good;
    change(changed, good.size());
    if (i % 2 == 0) change(changed, std::min(good.size(), head));
    try_one(changed);
  }
  CHECK(refused >= 20);
}

}  // namespace bijou_tests
