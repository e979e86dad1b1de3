#include "flows/import/normflows_parts.hpp"

namespace bijou::inline BIJOU_SCALAR {
namespace {

// s = -log sigmoid(h + 2) = softplus(-(h + 2))
class InverseSigmoidScale : public ScaleLaw {
 public:
  Variable operator()(const Variable& h) const override { return softplus(-(h + 2)); }
  std::string describe() const override { return "s = -log sigmoid(h + 2)"; }
};

const Foreign kForeign[] = {
    {R"(\.mprqat\.)", "AutoregressiveRationalQuadraticSpline"},
    {R"(\.prqct\.)", "CoupledRationalQuadraticSpline"},
    {R"(^flows\.\d+\.autoregressive_net\.)", "MaskedAffineAutoregressive"},
    {R"(\.iresblock\.)", "Residual"},
    {R"(^flows\.\d+\.(u|w)$)", "Planar"},
    {R"(^flows\.\d+\.z_0$)", "Radial"},
    {R"(^flows\.\d+\.perm$)", "Permute(mode=\"shuffle\")"},
    {R"(\.lower_entries$)", "LULinearPermute"},
    {R"(^flows\.\d+\.(log_S|W)$)", "InvertibleAffine"},
    {R"(^flows\.\d+\.eps$)", "BatchNorm"},
    {R"(^flows\.\d+\.bound$)", "PeriodicWrap or PeriodicShift"},
    {R"(\.log_step_size$)", "HamiltonianMonteCarlo"},
    {R"(^q0\.weight_scores$)", "GaussianMixture"},
    {R"(^q0\.W$)", "GaussianPCA"},
    {R"(^q0\.(.*\.)?transform\.)", "AffineGaussian"},
    {R"(\.net\.\d+\.scale$)", "MLP(output_scale)"},
};

}  // namespace

std::unique_ptr<CouplingLaw> normflows_law(NormflowsLaw law) {
  using enum NormflowsLaw;
  if (law == additive) return std::make_unique<AdditiveLaw>();
  std::unique_ptr<ScaleLaw> scale = std::make_unique<ExpScale>();
  if (law == sigmoid) scale = std::make_unique<SigmoidScale>();
  if (law == sigmoid_inv) scale = std::make_unique<InverseSigmoidScale>();
  return std::make_unique<ShiftThenScaleLaw>(std::move(scale));
}

Tensor normflows_outputs(NormflowsLaw law, const Tensor& rows) {
  if (law == NormflowsLaw::additive) return math::negate(rows);
  const Tensor t = math::negate(every_second(rows, 0)), s = every_second(rows, 1);
  return math::concat(std::vector{law == NormflowsLaw::exp ? math::negate(s) : s, t}, 0);
}

void map_normflows_actnorm(StateMap& map, const std::string& theirs, const Shape& shape, const std::string& ours) {
  const std::string s = theirs + ".s", t = theirs + ".t";
  const Shape channels{shape.numel()};
  map.made_of({{s, shape}}, ours + ".log_s", [=](const auto& v) { return math::negate(v[0].reshape(channels)); });
  map.made_of({{s, shape}, {t, shape}}, ours + ".b", [=](const auto& v) {
    return math::negate(math::multiply(v[1], math::exp(math::negate(v[0])))).reshape(channels);
  });
  map.unused(theirs + ".data_dep_init_done");
}

void refuse_foreign_normflows(const TensorFile& file) {
  refuse_foreign(file, kForeign,
                 "AffineCouplingBlock with Permute(mode=\"swap\"), MaskedAffineFlow with or without ActNorm, and "
                 "GlowBlock with Squeeze in a MultiscaleFlow");
}

}  // namespace bijou
