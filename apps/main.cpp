// The program: bijou train | sample | evaluate | score | ... See `bijou --help`.
#include "apps/command_line.hpp"
#include "apps/interrupt.hpp"
#include "autograd/kernels/gemm.hpp"
#include "autograd/kernels/machine.hpp"
#include "autograd/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace bijou;

enum ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kData = 3,
  kCheckpoint = 4,
  kNonFinite = 5,
  kStorage = 6,
  kInterrupted = 130
};

const char* const kExitCodes =
    "Exit codes: 0 done; 2 wrong usage; 3 data missing or broken; 4 a checkpoint that does not fit;\n"
    "5 training became non-finite; 6 a file cannot be written, or no memory is left; 130 interrupted (state saved); "
    "1 a check failed.";

// Before anything else runs, also before static constructors: a binary that was built for another processor says so.
__attribute__((constructor(101))) void check_processor() {
  const char* missing = kernels::missing_instructions();
  if (*missing == '\0') return;
  std::fprintf(stderr,
               "bijou: this program was built for a processor with %s, which this one lacks; build it here: make clean "
               "&& make\n",
               missing);
  _exit(kUsage);
}

// A file opened while descriptor 1 is closed would get this number, and all that is printed would go into it. What is
// printed fails instead: /dev/null is opened for reading.
void fill_closed_streams() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) _exit(kFailed);
  }
}

// One line, whatever a path or an argument holds.
ExitCode say(ExitCode code, std::string what) {
  std::ranges::replace_if(
      what, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  std::fprintf(stderr, "bijou: %s\n", what.c_str());
  return code;
}

int run(int argc, char** argv) {
  CLI::App app("Bijou: normalizing flows, trained on the CPU.");
  app.name("bijou");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", [] {
    return text("bijou ", version, ", compiled by g++ ", __VERSION__, "; ", kernels::blas_description(), "; ",
                kernels::threads(), " threads");
  });
  std::vector<Command> commands = train_commands(app, argc, argv);
  for (auto& more : {model_commands(app), picture_commands(app), data_commands(app)})
    commands.insert(commands.end(), more.begin(), more.end());
  int threads = 0;
  for (const Command& command : commands) {
    command.app->add_option("--threads", threads, "threads; default: OMP_NUM_THREADS, or all cores")
        ->check(CLI::Validator(thread_count, "N"));
  }
  app.footer(kExitCodes);
  for (CLI::App* child : app.get_subcommands(nullptr)) child->footer(kExitCodes);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::printf("%s", app.get_subcommands().empty() ? app.help().c_str() : app.get_subcommands()[0]->help().c_str());
    return kDone;
  } catch (const CLI::CallForVersion& e) {
    std::printf("%s\n", e.what());
    return kDone;
  } catch (const CLI::ParseError& e) {
    const auto chosen = app.get_subcommands();
    return say(kUsage,
               text(e.what(), " (bijou ", chosen.empty() ? "" : chosen[0]->get_name() + " ", "--help says how)"));
  }
  if (const std::string complaint = kernels::blas_complaint(); !complaint.empty()) return say(kUsage, complaint);
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    if (threads == 0) threads = command.threads;
    if (threads > 0) kernels::set_threads(threads);
    return command.run();
  }
  std::printf("%s", app.help().c_str());
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit of size is an error like a full disk, not a sudden end
  try {
    const int code = run(argc, argv);
    if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return code;
    return say(kStorage, "the output could not be printed; is it closed, or its disk full?");
  } catch (const UsageError& e) {
    return say(kUsage, e.what());
  } catch (const ValueError& e) {
    return say(kUsage, e.what());
  } catch (const DataError& e) {
    return say(kData, e.what());
  } catch (const CheckpointError& e) {
    return say(kCheckpoint, e.what());
  } catch (const NonFiniteError& e) {
    return say(kNonFinite, e.what());
  } catch (const Interrupted& e) {
    return say(kInterrupted, e.what());
  } catch (const StorageError& e) {
    return say(kStorage, e.what());
  } catch (const std::bad_alloc&) {
    return say(kStorage, "the machine has no memory left; try a smaller --batch-size or --count");
  } catch (const std::exception& e) {
    return say(kFailed, e.what());
  }
}
