// figures.json: what a training knows at its end, and would otherwise only have printed. `bijou report` reads it.
//
//   {"command": [...], "finished": "2026-11-29 18:16 UTC", "seconds": 15.2, "threads": 2, "blas": "...", "epoch": 30,
//    "test": {"examples": 360, "nats": ..., "nats_error": ...}, "baselines": [{"name", "nats"}, ...],
//    "ledger": [{"term", "nats", "nats_error"}, ...], "classes": {"nats_given_class", "accuracy"}}
//
// It holds a time and a command, and so it is no part of a checkpoint.
#pragma once
#include "apps/loop_state.hpp"
#include "apps/density.hpp"
#include "apps/pictures.hpp"

#include <optional>

namespace bijou::inline BIJOU_SCALAR {

struct RunFigures {
  std::vector<std::string> command;  // its words; none: not known
  std::string finished, blas;
  double seconds = 0;
  int64_t threads = 0;
  int64_t epoch = 0;  // of the checkpoint that the figures are of

  struct Term {
    std::string name;
    Estimate nats;
  };
  int64_t examples = 0;  // of the test part
  Estimate test;         // -log p(x), nats
  std::vector<Term> ledger;
  std::vector<NamedFigure> baselines;
  std::optional<ClassFigures> classes;
};

std::string to_json(const RunFigures& figures);
std::optional<RunFigures> figures_of(const std::string& run);  // nothing: no such file, or none that can be read

void enter(RunFigures& figures, const Ledger& ledger, int64_t examples);
std::string utc_now();

// The columns of a run's log.csv by their names, the finished rows; none where there is no log.
std::map<std::string, std::vector<double>> log_columns(const std::string& run);
std::vector<LoopState::Row> history_of(const std::string& run);  // its epochs; none where there is no log

}  // namespace bijou
