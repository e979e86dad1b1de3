// What the models of VincentStimper/normalizing-flows (normflows) share. Its flows go from latents to data, so that
// ours are their inverses in the opposite order.
//
//   AffineCoupling   scale_map="exp"          y2 = (x2 - t) exp(-s)             log|det| = -sum s
//                    scale_map="sigmoid"      y2 = (x2 - t) sigmoid(s + 2)      log|det| =  sum log sigmoid(s + 2)
//                    scale_map="sigmoid_inv"  y2 = (x2 - t) / sigmoid(s + 2)    log|det| = -sum log sigmoid(s + 2)
//                    scale=False              y2 = x2 - t                       log|det| = 0
//                    its network gives t_0, s_0, t_1, s_1, ...
//   ActNorm          y = (x - t) exp(-s)                                        log|det| = -h w sum s
#pragma once
#include "flows/coupling_laws.hpp"
#include "flows/import/state_map.hpp"

namespace bijou::inline BIJOU_SCALAR {

enum class NormflowsLaw { exp, sigmoid, sigmoid_inv, additive };

std::unique_ptr<CouplingLaw> normflows_law(NormflowsLaw law);
// The last layer's weights or biases, rows [n, ...], in the order and with the signs of that law's (h, t).
Tensor normflows_outputs(NormflowsLaw law, const Tensor& rows);

// `theirs`.s and .t, of this shape, as `ours`.log_s and .b.
void map_normflows_actnorm(StateMap& map, const std::string& theirs, const Shape& shape, const std::string& ours);

// One of this package's kinds of model. CheckpointError: it holds a kind of flow that is not known here.
void refuse_foreign_normflows(const TensorFile& file);

}  // namespace bijou
