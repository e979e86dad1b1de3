// What makes an example strange to a trained flow. All scores grow with strangeness; D is the number of values.
//
//   likelihood   -log p(x), nats. Images of another kind may well be MORE likely than those that were trained on: what is
//                smooth has a high density wherever it comes from (Nalisnick et al. 2019).
//   typicality   |-log p(x) / D - H|, nats per value, with H the average of -log p / D over clean examples: too likely is
//                strange as well (Nalisnick et al. 2019b, with single examples)
//   complexity   (-log2 p(x) - L(x)) / D, bits per value, with L the bits of the image after deflation: what the model
//                spends beyond what a general compressor does (Serra et al. 2020). Images of whole numbers only.
//   ratio        log p'(x) - log p(x), nats, with p' another model, of a background or of all kinds (Ren et al. 2019)
//   gradient     |d log p / dx|, nats per unit of the data: of what does not lie where the density is flat, as at its
//                modes (Grathwohl et al. 2020)
//
// The recommended one is said before anything is known about labels: complexity for images, likelihood for the rest.
#pragma once
#include "datasets/dataset.hpp"
#include "flows/model.hpp"

#include <functional>

namespace bijou::inline BIJOU_SCALAR {

struct ScoreMakers {
  const FlowModel& model;
  const FlowModel* against = nullptr;  // of the ratio
  int levels = 0;
  bool gradient = false;
};

// What is computed of each example, whatever the clean ones are; vectors that do not apply stay empty.
struct Measured {
  std::vector<double> nll;          // nats
  std::vector<double> deflated;     // bits
  std::vector<double> nll_against;  // nats
  std::vector<double> gradient;     // norm
};

// Block by block: see(measures of the block, its first row).
void measure(const ScoreMakers& makers, const Examples& examples,
             const std::function<void(const Measured&, int64_t)>& see);

// Bits of an image [H, W, C] of whole numbers 0 .. 255 after deflation: the smallest over PNG's filters, each of them
// for the whole image.
double deflated_bits(std::span<const Real> whole, const Shape& image);

// The scores by their names, in the order above; those that can be had.
struct Score {
  std::string name;
  std::vector<double> values;
};
std::vector<Score> scores_of(const Measured& m, int64_t dimensions, double clean_nll_per_value);
inline const char* recommended_score(bool image) { return image ? "complexity" : "likelihood"; }

}  // namespace bijou
