#include "flows/config_json.hpp"

#include "flows/import/config_members.hpp"

#include <nlohmann/json.hpp>

namespace bijou::inline BIJOU_SCALAR {

using nlohmann::ordered_json;

namespace {

using Words = std::initializer_list<const char*>;

// Writes a member under its name, or reads it: so that both directions are the one list of members below.
struct Writer {
  ordered_json& j;
  template <class T>
  void operator()(const char* name, const T& value) const {
    static_assert(!std::is_enum_v<T>, "an enumeration is written by its words");
    if constexpr (std::is_same_v<T, Shape>) j[name] = std::vector<int64_t>(value.begin(), value.end());
    else j[name] = value;
  }
  // An enumeration's value, by the names of all of them in their order.
  template <class E>
  void operator()(const char* name, const E& value, Words words) const {
    j[name] = words.begin()[static_cast<size_t>(value)];
  }
};
struct Reader {
  const ordered_json& j;
  // Whole numbers are not cut out of others, as the library would do it (1.5 -> 1, true -> 1, 2^32 + 1 -> 1).
  template <class I>
  static I whole(const char* name, const ordered_json& value) {
    if (!value.is_number_integer()) fail<ValueError>(name, " must be a whole number, not ", value.dump());
    const auto number = value.get<int64_t>();
    if (number != static_cast<int64_t>(static_cast<I>(number))) fail<ValueError>(name, " is too large: ", number);
    return static_cast<I>(number);
  }
  template <class T>
  void operator()(const char* name, T& value) const {
    if constexpr (std::is_same_v<T, Shape>) {
      std::vector<int64_t> dims;
      (*this)(name, dims);
      value = Shape(std::span<const int64_t>(dims));
    } else if constexpr (requires { typename T::value_type; }) {
      value.clear();
      if (!j.at(name).is_array()) fail<ValueError>(name, " must be a list, not ", j.at(name).dump());
      for (const auto& item : j.at(name)) value.push_back(whole<typename T::value_type>(name, item));
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      value = whole<T>(name, j.at(name));
    } else {
      j.at(name).get_to(value);
    }
  }
  template <class E>
  void operator()(const char* name, E& value, Words words) const {
    const auto word = j.at(name).get<std::string>();
    const auto at = std::ranges::find(words, word);
    if (at == words.end()) fail<ValueError>("no ", name, " is called '", word, "'");
    value = static_cast<E>(at - words.begin());
  }
};

template <class Visit, class Data>
void members_of_data(const Visit& visit, Data& d) {
  visit("input", d.input);
  visit("levels", d.levels);
  visit("low", d.low);
  visit("alpha", d.alpha);
  visit("standardize", d.standardize);
}

void members(const auto& visit, OfType<NICEConfig> auto& c) {
  visit("whitening", c.whitening, {"none", "zca", "triangular"});
  visit("halves", c.halves, {"odd_even", "first_last"});
  visit("depths", c.depths);
  visit("width", c.width);
  visit("prior", c.prior, {"logistic", "gaussian"});
  visit("scale_from_data", c.scale_from_data);
}

void members(const auto& visit, OfType<RealNVPConfig> auto& c) {
  const bool image = c.data.input.rank() == 3;
  if (image) visit("scales", c.scales);
  if (image && c.scales > 0) {
    visit("features", c.features);
    visit("blocks", c.blocks);
  } else {
    visit("couplings", c.couplings);
    visit("hidden", c.hidden);
  }
}

void members(const auto& visit, OfType<GlowConfig> auto& c) {
  if (c.data.input.rank() == 3) {
    visit("scales", c.scales);
    visit("width", c.width);
  } else {
    visit("hidden", c.hidden);
  }
  visit("steps", c.steps);
  visit("mixing", c.mixing, {"conv", "plu", "reverse", "shuffle"});
  visit("law", c.law, {"affine", "additive"});
  visit("scale", c.scale, {"exp", "sigmoid"});
  visit("learned_top", c.learned_top);
  visit("classes", c.classes);
}

template <class Visit, class Config>
void all_members(const Visit& visit, Config& c) {
  members_of_data(visit, c.data);
  members(visit, c);
}

}  // namespace

void require_modest_json(const std::string& json) {
  constexpr size_t kMost = size_t{1} << 20;
  constexpr int kDeepest = 16;
  require(json.size() <= kMost, "JSON", json.size(), " bytes, and a configuration has at most ", kMost);
  bool in_string = false;
  int depth = 0;
  for (size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (in_string && c == '\\') ++at;
    else if (c == '"') in_string = !in_string;
    else if (!in_string && (c == '[' || c == '{')) ++depth;
    else if (!in_string && (c == ']' || c == '}')) --depth;
    require(depth <= kDeepest, "JSON", "nested deeper than ", kDeepest, " at byte ", at + 1);
  }
}

std::string config_to_json(const FlowConfig& config) {
  ordered_json j;
  std::visit([&](const auto& c) { all_members(Writer{j}, c); }, config);
  return j.dump();
}

FlowConfig config_from_json(const std::string& family, const std::string& json, const std::string& where) {
  try {
    require_modest_json(json);
    const auto j = ordered_json::parse(json);
    FlowConfig config = blank_config(family);  // of the right type; every member is read
    std::visit([&](auto& c) { all_members(Reader{j}, c); }, config);
    return config;
  } catch (const std::exception& e) {
    fail<CheckpointError>(where, ": its configuration cannot be read (", printable(e.what()),
                          "); was it written by another program?");
  }
}

FlowConfig with_member(const FlowConfig& config, const std::string& assignment) {
  auto j = ordered_json::parse(config_to_json(config));
  const auto fixed = [](const std::string& key) { return key == "input" || key == "levels" || key == "classes"; };
  const size_t equals = assignment.find('=');
  const std::string name = assignment.substr(0, equals);
  if (equals == std::string::npos || !j.contains(name) || fixed(name)) {
    std::string known;
    for (const auto& [key, value] : j.items()) {
      if (!fixed(key)) known += (known.empty() ? "" : ", ") + key + "=" + value.dump();
    }
    fail<UsageError>("'", assignment, "' sets nothing; give NAME=VALUE, of: ", known);
  }
  const std::string word = assignment.substr(equals + 1);
  j[name] = j[name].is_string() ? ordered_json(word) : ordered_json::parse(word, nullptr, false);
  try {
    return config_from_json(family_of(config), j.dump(), assignment);
  } catch (const std::exception&) {
    fail<UsageError>("'", assignment, "': ", name, " cannot be '", word, "'; it was ",
                     ordered_json::parse(config_to_json(config))[name].dump());
  }
}

}  // namespace bijou
