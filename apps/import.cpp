// bijou import: another program's state dictionary, as a checkpoint of ours.
#include "flows/import/import.hpp"

#include "apps/options.hpp"
#include "apps/run_folder.hpp"
#include "datasets/file.hpp"
#include "datasets/npz.hpp"
#include "flows/checkpoint.hpp"

#include <fstream>
#include <iostream>

namespace bijou::inline BIJOU_SCALAR {
namespace {

// As safetensors, or as NumPy's archive with an array for each tensor.
TensorFile read_state(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string first(4, '\0');
  if (!file.read(first.data(), 4) || !looks_like_zip(first)) return read_safetensors(path);
  TensorFile state{.tensors = {}, .metadata = {}, .path = path};
  for (const auto& [name, array] : read_npz(read_file(path), path)) {
    if (!array.is_number())
      fail<CheckpointError>(path, ": '", name, "' holds ", array.dtype,
                            ", no numbers; a state dictionary has only tensors");
    state.tensors.emplace_back(name, array.tensor());
  }
  return state;
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
