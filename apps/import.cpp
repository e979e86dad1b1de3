// bijou import: another program's state dictionary, as a checkpoint of ours.
#include "flows/import/import.hpp"

#include "apps/options.hpp"
#include "apps/run_folder.hpp"
#include "flows/checkpoint.hpp"

#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

TensorFile read_state(const std::string& path) {
  return read_safetensors(path);
}

}  // namespace

int import_model(const ImportCommand& options) {
  const Imported imported = import_flow(read_state(options.file), options.from,
                                        {.size = options.size, .levels = options.levels, .set = options.set});
  std::string checkpoint = options.out;
  std::optional<RunFolder> run;
  if (!options.out.ends_with(".safetensors")) {
    run.emplace(options.out);
    run->write("model.txt", imported.model->summary());
    checkpoint = run->best();
  }
  save_flow(checkpoint, *imported.model, imported.config, {{"imported_from", options.from}});
  std::cout << imported.model->title() << ", " << imported.model->parameter_count() << " parameters: " << checkpoint
            << std::endl;
  return 0;
}

}  // namespace bijou
