// What a configuration file says of an imported model: its members' names, and the words for those that are a choice.
// flows/config_json.cpp writes and reads by these lists, as by its own.
#pragma once
#include "flows/zoo.hpp"

#include <concepts>

namespace bijou::inline BIJOU_SCALAR {

// A configuration of this type, to be written (const) or read.
template <class C, class Config>
concept OfType = std::same_as<std::remove_const_t<C>, Config>;

void members(const auto& visit, OfType<RosinalityGlowConfig> auto& c) {
  visit("scales", c.scales);
  visit("steps", c.steps);
  visit("width", c.width);
  visit("mixing", c.mixing, {"conv", "plu"});
  visit("law", c.law, {"affine", "additive"});
}

void members(const auto& visit, OfType<ChrischuteRealNVPConfig> auto& c) {
  visit("scales", c.scales);
  visit("features", c.features);
  visit("blocks", c.blocks);
}

void members(const auto& visit, OfType<NflowsRealNVPConfig> auto& c) {
  visit("couplings", c.couplings);
  visit("width", c.width);
  visit("blocks", c.blocks);
  visit("batch_norm", c.batch_norm);
  visit("law", c.law, {"affine", "additive"});
}

void members(const auto& visit, OfType<NormflowsRealNVPConfig> auto& c) {
  visit("couplings", c.couplings);
  visit("hidden", c.hidden);
  visit("law", c.law, {"exp", "sigmoid", "sigmoid_inv", "additive"});
}

void members(const auto& visit, OfType<NormflowsMaskedConfig> auto& c) {
  visit("couplings", c.couplings);
  visit("hidden", c.hidden);
  visit("actnorm", c.actnorm);
}

void members(const auto& visit, OfType<NormflowsGlowConfig> auto& c) {
  visit("scales", c.scales);
  visit("steps", c.steps);
  visit("width", c.width);
  visit("mixing", c.mixing, {"conv", "plu"});
  visit("law", c.law, {"exp", "sigmoid", "sigmoid_inv", "additive"});
  visit("net_actnorm", c.net_actnorm);
  visit("classes", c.classes);
}

}  // namespace bijou
