#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "apps/plot/axes.hpp"
#include "apps/plot/canvas.hpp"
#include "apps/plot/font.hpp"
#include "apps/plot/pictures.hpp"
#include "tests/unit/plot_helpers.hpp"

using namespace bijou::plot;

namespace {

std::size_t inked_pixels(const Canvas& canvas) {
  std::size_t n = 0;
  for (int y = 0; y < canvas.height(); ++y) {
    for (int x = 0; x < canvas.width(); ++x) n += canvas.pixel(x, y) == palette::white ? 0 : 1;
  }
  return n;
}

}  // namespace

TEST_CASE("plot: viridis agrees with published colours and clamps") {
  const Color known[] = {{0x44, 0x01, 0x54}, {0x47, 0x2d, 0x7b}, {0x3b, 0x52, 0x8b},
                         {0x2c, 0x72, 0x8e}, {0x21, 0x91, 0x8c}, {0x28, 0xae, 0x80},
                         {0x5e, 0xc9, 0x62}, {0xad, 0xdc, 0x30}, {0xfd, 0xe7, 0x25}};
  for (int i = 0; i <= 8; ++i) CHECK(distance(viridis(i / 8.0), known[i]) <= 6);
  CHECK(viridis(-3.0) == viridis(0.0));
  CHECK(viridis(no_number).r == doctest::Approx(viridis(no_number).b).epsilon(0.05));
  CHECK(cyclic(-0.75) == cyclic(0.25));
}

TEST_CASE("plot: a written PNG decodes to the canvas") {
  const Folder folder;
  Canvas canvas(37, 23, {10, 20, 30});
  canvas.fill_rect({5, 6, 10, 4}, {200, 100, 50});
  canvas.disc({25.5, 12.5}, 4.0, palette::blue);
  canvas.write_png(folder.file());
  const Decoded picture(folder.file());
  CHECK(picture.width == 37);
  CHECK(picture.height == 23);
  CHECK(picture.at(5, 6) == Color{200, 100, 50});
  CHECK(picture.at(15, 10) == Color{10, 20, 30});
  CHECK(picture.at(25, 12) == palette::blue);
  CHECK(std::equal(picture.rgb.begin(), picture.rgb.end(), canvas.bytes().begin(), canvas.bytes().end()));
  CHECK(folder.entries() == 1);  // no temporary file stays
}

TEST_CASE("plot: what cannot be written is reported with its path") {
  const Folder folder;
  const Canvas canvas(300, 300);
  const std::string missing = folder.file("no_such_folder/picture.png");
  CHECK(message_of([&] { canvas.write_png(missing); }).find(missing) != std::string::npos);
  // A folder and a device in the place of the file are left alone.
  const std::string occupied = folder.file("folder.png");
  fs::create_directories(occupied);
  CHECK(message_of([&] { canvas.write_png(occupied); }).find(occupied) != std::string::npos);
  CHECK(fs::is_directory(occupied));
  CHECK_THROWS_AS(canvas.write_png("/dev/null"), std::runtime_error);
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(folder.entries() == 1);
}

TEST_CASE("plot: a full disk is noticed, and the old picture survives") {
  const Folder folder;
  Canvas small(2, 2, palette::green);
  small.write_png(folder.file());
  Canvas large(600, 600);
  unsigned noise = 1;
  for (int y = 0; y < 600; ++y) {
    for (int x = 0; x < 600; ++x) {
      noise = noise * 1664525U + 1013904223U;
      large.set_pixel(x, y, {static_cast<std::uint8_t>(noise >> 24), 0, 0});
    }
  }
  // A limit on the size of files stands in for the full disk.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const std::string message = message_of([&] { large.write_png(folder.file()); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(message.find(folder.file()) != std::string::npos);
  CHECK(folder.entries() == 1);
  CHECK(Decoded(folder.file()).width == 2);
}

TEST_CASE("plot: impossible canvases are refused") {
  CHECK_THROWS_AS(Canvas(0, 5), std::invalid_argument);
  CHECK_THROWS_AS(Canvas(1 << 20, 2), std::invalid_argument);
  CHECK_THROWS_AS(Canvas(30000, 30000), std::invalid_argument);
  CHECK_THROWS_AS(Canvas(4, 4).pixel(4, 0), std::out_of_range);
}

TEST_CASE("plot: lines are anti-aliased and keep inside of the clip rectangle") {
  Canvas canvas(20, 20);
  canvas.line({2, 10}, {18, 10}, {.color = palette::black, .width = 2.0});
  CHECK(canvas.pixel(10, 9) == palette::black);
  CHECK(canvas.pixel(10, 10) == palette::black);
  CHECK(canvas.pixel(10, 12) == palette::white);

  Canvas half(20, 20);
  half.line({2, 10.5}, {18, 10.5}, {.color = palette::black, .width = 2.0});
  CHECK(distance(half.pixel(10, 9), Color{128, 128, 128}) <= 2);

  Canvas clipped(20, 20);
  clipped.set_clip({5, 5, 10, 10});
  clipped.line({-50, -50}, {50, 50}, {.color = palette::black, .width = 3.0});
  clipped.disc({5, 15}, 4.0, palette::blue);
  clipped.fill_rect({0, 0, 20, 6}, palette::green);
  for (int i = 0; i < 20; ++i) {
    CHECK(clipped.pixel(i, 4) == palette::white);
    CHECK(clipped.pixel(4, i) == palette::white);
    CHECK(clipped.pixel(15, i) == palette::white);
    CHECK(clipped.pixel(i, 15) == palette::white);
  }
  CHECK(clipped.pixel(10, 10) == palette::black);
}

TEST_CASE("plot: a transparent polyline is not darker where its pieces meet") {
  Canvas canvas(40, 20);
  const std::vector<Point> points = {{5, 10}, {20, 10}, {35, 10}};
  canvas.polyline(points, {.color = palette::black, .width = 6.0, .alpha = 0.5});
  CHECK(canvas.pixel(20, 10) == canvas.pixel(12, 10));
}

TEST_CASE("plot: segments are clipped correctly even when they are wild") {
  const Rect rect{0, 0, 10, 10};
  const auto crossing = clip_segment({-10, 5}, {20, 5}, rect);
  REQUIRE(crossing);
  CHECK(crossing->second.x == doctest::Approx(10.0));
  CHECK(!clip_segment({-10, 11}, {20, 11}, rect));
  CHECK(!clip_segment({-6, 5}, {5, 15}, rect));
  CHECK(!clip_segment({5, 5}, {no_number, 5}, rect));
  CHECK(!clip_segment({5, -infinity}, {5, 5}, rect));
  const auto far = clip_segment({5, 5}, {1e299, 5}, rect);
  REQUIRE(far);
  CHECK(far->second.x == doctest::Approx(10.0));

  Canvas canvas(60, 60);
  const std::vector<Point> wild = {{no_number, 3}, {1e300, -1e308}, {30, 30}, {1e200, 30}, {infinity, 4}, {5, 1e18}};
  canvas.polyline(wild, {.color = palette::black, .width = 2.0});
  canvas.polyline(wild, {.color = palette::black, .width = 2.0, .dash = 4.0, .gap = 3.0});
  canvas.disc({no_number, 4}, 3.0, palette::blue);
  canvas.disc({4, 4}, no_number, palette::blue);
  canvas.fill_rect({no_number, 0, 5, 5}, palette::blue);
  canvas.text({no_number, 0}, "text", {});
  CHECK(canvas.pixel(45, 30) == palette::black);
  CHECK(canvas.pixel(15, 30) == palette::white);
}

TEST_CASE("plot: text is drawn where it is asked for") {
  CHECK(text_width("", 20) == 0.0);
  CHECK(text_width("11", 20) == doctest::Approx(text_width("08", 20)));  // figures for tables
  CHECK(text_width("W", 20) > text_width("i", 20));
  // One box for a character that is not in the font, also for a broken one.
  CHECK(text_width("\xe4\xb8\xad", 20) == doctest::Approx(text_width("\xff", 20)));
  CHECK(stroke_text("\xe2\x86").strokes.size() == 2);

  Canvas canvas(200, 60);
  canvas.text({100, 30}, "Bijou", {.size = 30, .align = Align::center, .vertical = VerticalAlign::middle});
  const double half = 0.5 * text_width("Bijou", 30);
  std::size_t left = 0, right = 0;
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 200; ++x) {
      if (canvas.pixel(x, y) == palette::white) continue;
      (x < 100 ? left : right) += 1;
      CHECK((std::abs(x - 100) < half + 2 && std::abs(y - 30) < 20));
    }
  }
  CHECK(std::min(left, right) > 50);
  // Turned text covers about as many pixels, higher than wide.
  Canvas turned(60, 200);
  turned.text({30, 100}, "Bijou",
              {.size = 30, .align = Align::center, .vertical = VerticalAlign::middle, .rotated = true});
  CHECK(static_cast<double>(inked_pixels(turned)) ==
        doctest::Approx(static_cast<double>(inked_pixels(canvas))).epsilon(0.1));
}

TEST_CASE("plot: every printable ASCII character has strokes of its own") {
  const auto box = stroke_text("\xff");
  for (char c = '!'; c <= '~'; ++c) {
    const auto glyph = stroke_text(std::string(1, c));
    CHECK_MESSAGE(!glyph.strokes.empty(), c);
    const bool boxed = glyph.width == box.width && glyph.strokes.size() == 1 && glyph.strokes[0].size() == 5;
    CHECK_MESSAGE(!boxed, c);
  }
}

TEST_CASE("plot: ticks are nice numbers with readable labels") {
  const Ticks ticks = nice_ticks({-4.0, 4.0}, 5);
  REQUIRE(ticks.values.size() == 5);
  CHECK(ticks.step == doctest::Approx(2.0));
  CHECK(ticks.label(ticks.values[0]) == "\u22124");
  CHECK(ticks.label(ticks.values[2]) == "0");
  const Ticks fine = nice_ticks({0.0, 0.3}, 6);
  CHECK(fine.label(fine.values[3]) == "0.15");
  CHECK(nice_ticks({1.0, 3.0}, 9, true).step == doctest::Approx(1.0));
  const Ticks steps = nice_ticks({0.0, 30000.0}, 6);
  CHECK(steps.label(10000.0) == "10k");
  CHECK(nice_ticks({0.0, no_number}, 5).values.empty());
  CHECK(nice_ticks({1e15, 1e15 + 0.25}, 5).values.size() < 100);
  CHECK(pretty_number(6.84e-7, 2) == "6.8\u00a0\u00d7\u00a010\u207b\u2077");
  CHECK(pretty_number(1e6) == "10\u2076");
  CHECK(pretty_number(-2.5) == "\u22122.5");
  CHECK(pretty_number(0.0) == "0");
  CHECK(pretty_number(99999.7, 3) == "100000");
  CHECK(pretty_number(no_number) == "not a number");
}

TEST_CASE("plot: ranges of data bear anything") {
  const std::vector<double> values = {no_number, 3.0, infinity, -1.0, 1e300};
  const Range range = data_range(values, 0.0, 0.0);
  CHECK(range.lo == -1.0);
  CHECK(range.hi == 3.0);
  CHECK(data_range({}).given());
  const std::vector<double> constant = {5.0, 5.0};
  CHECK((data_range(constant).lo < 5.0 && data_range(constant).hi > 5.0));
}

TEST_CASE("plot: axes map data to pixels, and heat maps lie the right way up") {
  Canvas canvas(100, 100);
  Axes axes(canvas, {10, 10, 80, 80}, {0, 1}, {0, 1}, {.grid = false});
  CHECK(axes.map({1, 1}).x == doctest::Approx(90));
  const std::vector<double> values = {0.0, 0.0, 1.0, no_number};  // the upper row is (1, not a number)
  axes.heatmap(values, 2, 2, {0, 1});
  CHECK(canvas.pixel(15, 85) == viridis(0.0));
  CHECK(canvas.pixel(15, 15) == viridis(1.0));
  CHECK(canvas.pixel(85, 15) == viridis(no_number));
  CHECK_THROWS_AS(axes.heatmap(values, 3, 2, {0, 1}), std::invalid_argument);

  Axes equal(canvas, {0, 0, 100, 50}, {0, 1}, {0, 1}, {.equal = true});
  CHECK(equal.x_range().span() == doctest::Approx(2.0));
  CHECK(equal.y_range().span() == doctest::Approx(1.0));
}

TEST_CASE("plot: image sheets enlarge every pixel") {
  const Folder folder;
  std::vector<float> pixels(12 * 8 * 8, 0.0F);
  pixels[0] = 1.0F;
  pixels[63] = std::numeric_limits<float>::quiet_NaN();
  image_grid(folder.file(), Images(pixels, 12, 8, 8), {.columns = 4, .ink = Ink::light});
  const Decoded picture(folder.file());
  CHECK(picture.width > 800);
  CHECK(picture.width < 1000);
  const std::size_t square = picture.count(palette::vermillion);
  const auto scale = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(square))));
  CHECK(scale * scale == square);
  CHECK(scale >= 20);
  CHECK(picture.count(palette::black) == (12 * 64 - 2) * square);

  CHECK_THROWS_AS(Images(pixels, 11, 8, 8), std::invalid_argument);
  CHECK_THROWS_AS(Images(pixels, 6, 8, 8, 2), std::invalid_argument);
  image_grid(folder.file(), Images(pixels, 4, 8, 8, 3), {.caption = "colour", .row_labels = {"a", "b", "c"}});
  image_grid(folder.file(), Images(std::vector<double>{0.5}, 1, 1, 1));
  image_grid(folder.file(), Images(std::vector<double>{}, 0, 8, 8), {.caption = "nothing"});
  CHECK(Decoded(folder.file()).height > 100);
}

TEST_CASE("plot: sheets of usual sizes use the page's width") {
  const Folder folder;
  for (const std::size_t side : {8, 28, 32}) {
    for (const std::size_t columns : {8, 10, 12}) {
      const std::vector<double> grey(2 * columns * side * side, 0.5);
      image_grid(folder.file(), Images(grey, 2 * columns, side, side),
                 {.columns = columns, .row_labels = {"T = 0", "T = 0.25"}});
      const int width = Decoded(folder.file()).width;
      CHECK(width > 700);
      CHECK(width < 1200);
    }
  }
}

TEST_CASE("plot: pairs of images and reconstructions") {
  const Folder folder;
  std::vector<double> real(3 * 4 * 4, 0.25), again = real;
  again[5] += 3e-7;
  pairs_sheet(folder.file(), Images(real, 3, 4, 4), Images(again, 3, 4, 4), {.ink = Ink::light});
  CHECK(Decoded(folder.file()).count({77, 77, 77}) > 0);  // 3e-7 times the factor 10^6 is 0.3
  pairs_sheet(folder.file(), Images(real, 3, 4, 4), Images(real, 3, 4, 4));
  again[7] = no_number;
  pairs_sheet(folder.file(), Images(real, 3, 4, 4), Images(again, 3, 4, 4), {.columns = 2, .caption = "NaN"});
  CHECK(Decoded(folder.file()).count(palette::vermillion) > 0);
  CHECK_THROWS_AS(pairs_sheet(folder.file(), Images(real, 3, 4, 4), Images(again, 12, 2, 2)), std::invalid_argument);
}

TEST_CASE("plot: training curves bear every course of a training") {
  const Folder folder;
  const auto draw = [&](const std::vector<double>& train, const std::vector<double>& validation) {
    std::vector<double> epochs;
    for (std::size_t i = 0; i < train.size(); ++i) epochs.push_back(static_cast<double>(i + 1));
    training_curve(folder.file(),
                   {{"training", epochs, train}, {"validation", epochs, validation, Curve::Kind::validation}},
                   {.title = "test", .baselines = {{"one", 2.46}, {"two", 2.461}, {"odd", no_number}}});
    return Decoded(folder.file());
  };
  const Decoded usual = draw({900.0, 3.0, 2.5, 2.2, 2.1}, {700.0, 3.1, 2.6, 2.4, 2.45});
  CHECK(usual.width == 1280);
  CHECK(usual.count(series_color(0)) > 200);
  CHECK(usual.count(series_color(1)) > 200);
  draw({}, {});
  draw({2.0}, {2.1});
  draw({2.0, 2.0, 2.0}, {2.0, 2.0, 2.0});
  draw({no_number, infinity, -infinity}, {no_number, no_number, no_number});
  draw({1e308, -1e308, 1.0}, {0.0, 1e-300, 5.0});
  draw({1.0, 2.0, 3.0}, {1.0});
  training_curve(folder.file(), {});
  CHECK_THROWS_AS(training_curve(folder.file("no/such.png"), {}), std::runtime_error);
}

TEST_CASE("plot: pictures of the plane") {
  const Folder folder;
  const std::vector<Point> points = {{0, 0}, {1, 1}, {no_number, 2}, {1e300, -1e300}, {infinity, 0}};
  triptych(folder.file(), points, {}, {0.0, 0.1, no_number, 0.3, 0.2, infinity}, 3, 2, {.title = "title"});
  CHECK(Decoded(folder.file()).width > 1200);
  triptych(folder.file(), {}, {}, {}, 0, 0);
  CHECK_THROWS_AS(triptych(folder.file(), {}, {}, {1.0}, 2, 2), std::invalid_argument);

  LatticePanel panel;
  panel.title = "panel";
  panel.points = points;
  panel.vertical = {{{0, -1e200}, {0, 1e200}}, {}, {{no_number, no_number}}, {{0.5, 0.5}}};
  panel.horizontal = {{{-1, 0}, {no_number, 0}, {1, 0}, {infinity, 1}}};
  lattice(folder.file(), {{panel, panel, "x \u2192 z"}, {{}, panel, ""}}, "title");
  CHECK(Decoded(folder.file()).height > 1000);
  lattice(folder.file(), {});
  CHECK(color_by_angle(points).size() == points.size());
  CHECK(color_by_angle({}).empty());
}
