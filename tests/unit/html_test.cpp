#include <doctest/doctest.h>

#include "apps/html.hpp"
#include "apps/html_charts.hpp"
#include "apps/run_figures.hpp"

#include <cmath>
#include <limits>

using namespace bijou;

TEST_CASE("html: what comes from outside is escaped, and is UTF-8 afterwards") {
  CHECK(html::escaped("a<b>&\"c'") == "a&lt;b&gt;&amp;&quot;c&#39;");
  CHECK(html::escaped("é–😀\n\t") == "é–😀\n\t");
  CHECK(html::escaped("\x01") == "\uFFFD");
  CHECK(html::escaped("\xff"
                      "a") == "\uFFFDa");
  CHECK(html::escaped("\xe2\x82") == "\uFFFD\uFFFD");            // cut short
  CHECK(html::escaped("\xc0\xbc") == "\uFFFD\uFFFD");            // an overlong <
  CHECK(html::escaped("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");  // half of a surrogate pair
  CHECK(html::escaped("\xf4\x90\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("html: base64, the examples of RFC 4648") {
  const std::pair<const char*, const char*> known[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : known) CHECK(html::base64(plain) == coded);
  CHECK(html::base64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("html: numbers for people") {
  CHECK(html::grouped(0) == "0");
  CHECK(html::grouped(999) == "999");
  CHECK(html::grouped(1000) == "1,000");
  CHECK(html::grouped(-1234567) == "\u22121,234,567");
  CHECK(html::decimal(-0.0001, 3) == "0.000");
  CHECK(html::decimal(-1.5, 1) == "\u22121.5");
  CHECK(html::duration(1.25) == "1.2 s");
  CHECK(html::duration(61) == "1 min 1 s");
  CHECK(html::duration(7260) == "2 h 1 min");
}

TEST_CASE("html: charts of odd numbers name none that are not finite") {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const std::string all =
      html::curves({{"v", "a", {1, 2, 3}, {1, nan, inf}}, {"t", "b", {}, {}}},
                   {.x_label = "epoch", .y_label = "<nats>"}) +
      html::curves({{"v", "a", {1}, {2}}}, {.x_label = "epoch", .y_label = "nats", .levels = {{"b", 2.1}}, .best = 0}) +
      html::histogram({{"none", "a", {}}, {"one", "b", {3, 3, nan}}}, "x") + html::bars({{"a", "", nan}}, 2, "nats");
  CHECK(all.find("<nats>") == std::string::npos);
  for (size_t at = all.find("d=\""); at != std::string::npos; at = all.find("d=\"", at + 1)) {
    const std::string path = all.substr(at, all.find('"', at + 3) - at);
    CHECK_MESSAGE(path.find("nan") == std::string::npos, path);
    CHECK_MESSAGE(path.find("inf") == std::string::npos, path);
  }
}

TEST_CASE("figures.json: what was written is read again, broken files are none") {
  RunFigures f;
  f.command = {"bijou", "train", "\xff"};  // no UTF-8
  f.seconds = 2.5;
  f.epoch = 3;
  f.examples = 1;
  f.test = {1.5, std::nan("")};  // a single example has no standard error
  f.ledger = {{"prior", {1.5, 0.25}}};
  f.baselines = {{"entropy", -0.5}};
  const auto folder = std::filesystem::temp_directory_path() / "bijou-figures-test";
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& content) { std::ofstream(folder / "figures.json") << content; };
  write(to_json(f));
  const auto read = figures_of(folder.string());
  REQUIRE(read);
  CHECK(read->command[2] == "\uFFFD");
  CHECK(read->test.mean == 1.5);
  CHECK(std::isnan(read->test.error));
  CHECK(read->ledger.at(0).nats.error == 0.25);
  CHECK(read->baselines.at(0).nats == -0.5);
  CHECK(!read->classes);
  for (const std::string broken :
       {"", "[]", "{}", "{\"test\": 1}", "{\"test\": {\"nats\": \"x\"}}", "{\"command\": 3}"}) {
    write(broken);
    CHECK(!figures_of(folder.string()));
  }
  write(std::string(100'000, '['));
  CHECK(!figures_of(folder.string()));
  std::filesystem::remove_all(folder);
}
