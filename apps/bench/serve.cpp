#include "apps/bench/serve.hpp"

#include <cstdio>
#include <iostream>
#include <sstream>

namespace bijou::inline BIJOU_SCALAR::bench {

// Writes FOLDER/workload.safetensors, says what it is, and then obeys lines on stdin, one line of answer to each:
//
//   step N     ms 12.1 12.0 ...     N training steps, or batches of samples, with the milliseconds of each
//   rss        bytes 123456         the peak resident memory so far
//   quit                            the end, as is the end of stdin
//
// In between it sleeps in a read, so that another program can be timed in turn.
int serve(const Workload& w, const std::string& folder) {
  Subject subject(w);
  subject.write(folder + "/workload.safetensors");
  if (w.task != Task::sample) {
    const auto judged = subject.judge();
    std::printf("loss %.9g\ngradient_norm %.9g\n", judged.loss, judged.gradient_norm);
  }
  std::printf("ready\n");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb, rest;
    int64_t count = 0;
    words >> verb;
    if (verb == "quit") return 0;
    if (verb == "rss") {
      std::printf("bytes %lld\n", static_cast<long long>(peak_resident_memory()));
    } else if (verb == "step" && words >> count && count >= 1 && !(words >> rest)) {
      std::vector<double> ms;
      for (int64_t i = 0; i < count; ++i) ms.push_back(subject.step());
      std::printf("ms");
      for (const double t : ms) std::printf(" %.4f", t);
      std::printf("\n");
    } else {
      fail<UsageError>("serve: '", line, "' is no command; there are: step N (N at least 1), rss, quit");
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace bijou
