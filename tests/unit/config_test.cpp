// Configurations as JSON, and with one member replaced; what is no configuration.
#include "flows/config_json.hpp"
#include "tests/helpers.hpp"

#include <doctest/doctest.h>

using namespace bijou;
using bijou_tests::message;

namespace {

std::string replaced(std::string json, const std::string& from, const std::string& to) {
  const size_t at = json.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from, " is not in ", json);
  return json.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("configuration: every preset comes back from its JSON as it was") {
  for (const std::string& family : families()) {
    for (const std::string& preset : preset_names(family)) {
      const FlowConfig config = flow_preset(family, preset);
      const std::string json = config_to_json(config);
      const FlowConfig back = config_from_json(family, json, "here");
      CHECK(family_of(back) == family);
      CHECK_MESSAGE(config_to_json(back) == json, family, " ", preset);
    }
  }
  // Members that no preset sets: none may be left at its default.
  GlowConfig glow{.data = {.input = {4}, .low = -1, .alpha = 0.2, .standardize = true}};
  glow.steps = 7, glow.mixing = GlowConfig::Mixing::shuffle, glow.law = GlowConfig::Law::additive;
  glow.scale = GlowConfig::Scale::exp, glow.learned_top = false, glow.classes = 6, glow.hidden = {3, 4, 5};
  const auto back = std::get<GlowConfig>(config_from_json("glow", config_to_json(glow), "here"));
  CHECK(back.data.low == -1);
  CHECK(back.data.alpha == 0.2);
  CHECK(back.data.standardize);
  CHECK(back.steps == 7);
  CHECK(back.mixing == GlowConfig::Mixing::shuffle);
  CHECK(back.law == GlowConfig::Law::additive);
  CHECK(back.scale == GlowConfig::Scale::exp);
  CHECK(!back.learned_top);
  CHECK(back.classes == 6);
  CHECK(back.hidden == std::vector<int64_t>{3, 4, 5});
  NICEConfig nice{.data = {.input = {4}}};
  nice.whitening = NICEConfig::Whitening::triangular, nice.halves = NICEConfig::Halves::first_last;
  nice.depths = {3, 1}, nice.width = 9, nice.prior = NICEConfig::Prior::gaussian, nice.scale_from_data = true;
  const auto second = std::get<NICEConfig>(config_from_json("nice", config_to_json(nice), "here"));
  CHECK(second.whitening == NICEConfig::Whitening::triangular);
  CHECK(second.halves == NICEConfig::Halves::first_last);
  CHECK(second.depths == std::vector<int>{3, 1});
  CHECK(second.width == 9);
  CHECK(second.prior == NICEConfig::Prior::gaussian);
  CHECK(second.scale_from_data);
}

TEST_CASE("configuration: JSON that is none is an error of the checkpoint, and says what is wrong") {
  const std::string json = config_to_json(flow_preset("glow", "digits"));
  const auto said = [&](const std::string& from, const std::string& to) {
    return message<CheckpointError>([&] { config_from_json("glow", replaced(json, from, to), "a.safetensors"); });
  };
  CHECK(said("{", "").find("a.safetensors: its configuration cannot be read (") == 0);
  CHECK(said("\"mixing\"", "\"mixed\"").find("mixing") != std::string::npos);
  CHECK(said("\"conv\"", "\"convolution\"").find("no mixing is called 'convolution'") != std::string::npos);
  CHECK(said("\"steps\":8", "\"steps\":8.5").find("steps must be a whole number, not 8.5") != std::string::npos);
  CHECK(said("\"steps\":8", "\"steps\":true").find("steps must be a whole number, not true") != std::string::npos);
  CHECK(said("\"steps\":8", "\"steps\":4294967297").find("steps is too large: 4294967297") != std::string::npos);
  CHECK(said("[8,8,1]", "[8,8.5,1]").find("input must be a whole number, not 8.5") != std::string::npos);
  CHECK(said("[8,8,1]", "8").find("input must be a list, not 8") != std::string::npos);
}

TEST_CASE("configuration: one member replaced, the others as they were") {
  const FlowConfig glow = flow_preset("glow", "digits"), nice = flow_preset("nice", "toy");
  const std::string before = config_to_json(glow);
  CHECK(config_to_json(with_member(glow, "steps=4")) == replaced(before, "\"steps\":8", "\"steps\":4"));
  CHECK(config_to_json(with_member(glow, "mixing=plu")) == replaced(before, "\"conv\"", "\"plu\""));
  CHECK(config_to_json(with_member(glow, "learned_top=false")) == replaced(before, "_top\":true", "_top\":false"));
  CHECK(config_to_json(with_member(glow, "alpha=0")) == replaced(before, "\"alpha\":0.05", "\"alpha\":0.0"));
  CHECK(std::get<NICEConfig>(with_member(nice, "depths=[3,0]")).depths == std::vector<int>{3, 0});
  CHECK(std::get<NICEConfig>(with_member(nice, "depths=[]")).depths.empty());
}

TEST_CASE(
    "configuration: a member that is not there lists those that are; a value of the wrong kind says what it was") {
  const FlowConfig glow = flow_preset("glow", "digits"), nice = flow_preset("nice", "toy");
  const std::string known =
      " sets nothing; give NAME=VALUE, of: low=0.0, alpha=0.05, standardize=false, scales=2, width=64, steps=8, "
      "mixing=\"conv\", law=\"affine\", scale=\"sigmoid\", learned_top=true";
  // The shape, the levels and the classes are the data's.
  for (const std::string word : {"depth=3", "steps", "=3", "", "input=[4,4,1]", "levels=5", "classes=3"}) {
    CHECK(message<UsageError>([&] { with_member(glow, word); }) == "'" + word + "'" + known);
  }
  const auto wrong = [&](const FlowConfig& config, const std::string& name, const std::string& value,
                         const std::string& was) {
    CHECK(message<UsageError>([&] { with_member(config, name + "=" + value); }) ==
          "'" + name + "=" + value + "': " + name + " cannot be '" + value + "'; it was " + was);
  };
  for (const char* value : {"", "x", "1.5", "1e2", "true", "[3]", "\"4\"", "99999999999", "null"}) {
    wrong(glow, "steps", value, "8");
  }
  wrong(glow, "mixing", "foo", "\"conv\"");
  wrong(glow, "mixing", "\"plu\"", "\"conv\"");
  wrong(glow, "learned_top", "1", "true");
  wrong(glow, "alpha", "x", "0.05");
  for (const char* value : {"3", "[1.5]", "[true]", "[[1]]", "x"}) wrong(nice, "depths", value, "[2,2,2,2,2,2,2,2]");
}
