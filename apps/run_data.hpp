// A trained run, and the data that it is shown: its own or others, read as it was trained.
#pragma once
#include "apps/options.hpp"
#include "flows/checkpoint.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct RunData {
  std::string name;  // where the part comes from
  Dataset data;      // as the model sees them: its bits, its channels
  int levels;        // of the noise that is still to be added; 0: none
  Examples part;     // what options.split asks for
};

// --test-data alone; or --data; or what the run was trained on, with the test part that it had. UsageError: no data are
// named anywhere, no such part. DataError: they are missing or broken. CheckpointError: of another shape, or of other
// levels than the model's. A warning goes to the screen when a run's own data are no longer what they were.
RunData load_run_data(const SavedFlow& saved, const RunDataOptions& options);

// One part, or by "all" the three in one.
Examples part_of(const Dataset& data, const std::string& split);

}  // namespace bijou
