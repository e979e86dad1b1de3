// The pictures of a run, drawn from a model.
#pragma once
#include "apps/density.hpp"
#include "apps/loop_state.hpp"
#include "apps/plot/pictures.hpp"
#include "apps/progress.hpp"
#include "apps/run_folder.hpp"
#include "flows/model.hpp"

namespace bijou::inline BIJOU_SCALAR {

// How many of so many images go on a sheet that is drawn unasked: large ones are fewer, so that a training never stops
// for want of paper.
int64_t fit_on_sheet(int64_t wanted, const Shape& image);

// Dequantised values in [0, levels): the whole number below each, 0 .. levels-1; those beyond the ends, the ends.
Tensor whole_levels(const Tensor& x, int levels);
// The same as grey values in [0, 1], and a stack of them, for apps/plot.
void append_grey(std::vector<double>& grey, const Tensor& x, int levels);
plot::Images images(const std::vector<double>& grey, const Shape& image);
std::vector<plot::Point> as_points(const Tensor& x);  // [n, 2]

// Some images, what comes back from their latents, and the difference.
void draw_reconstructions(const std::string& path, const FlowModel& model, const Examples& examples, int levels);
// The first two latents of examples, and the circles of 1, 2 and 3 deviations of the model's prior.
void draw_latents(const std::string& path, const FlowModel& model, const Examples& examples, int levels,
                  const std::string& title);

// Images as sheets: samples at a temperature. UsageError: more than a picture can hold.
void draw_samples(const std::string& path, const FlowModel& model, int levels, const Draw& draw);

struct NamedFigure {
  std::string name;
  double nats;
};

// Training and validation by epoch, in the data's unit, with baselines.
void draw_curve(const std::string& path, const std::string& family, const Dataset& data,
                const std::vector<LoopState::Row>& history, const std::vector<NamedFigure>& baselines);
// Of densities in the plane: data | samples | density; and RealNVP figure 1, x -> z above, z -> x below.
void draw_triptych(const std::string& path, const FlowModel& model, const Dataset& data, uint64_t seed);
void draw_lattice(const std::string& path, const FlowModel& model, const Dataset& data, uint64_t seed);

// What a model of these data makes: samples and more, by its family, each in file(its name).
void draw_model(const std::function<std::string(const char*)>& file, const std::string& family, const FlowModel& model,
                const Dataset& data, uint64_t seed);

// All that `bijou train` draws at its end; returns the files' names. `history` is for the curve.
std::vector<std::string> draw_run(const RunFolder& run, const std::string& family, const FlowModel& model,
                                  const Dataset& data, const std::vector<LoopState::Row>& history,
                                  const std::vector<NamedFigure>& baselines, uint64_t seed);

}  // namespace bijou
