#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "apps/plot/axes.hpp"
#include "apps/plot/font.hpp"
#include "apps/plot/layout.hpp"
#include "apps/plot/pictures.hpp"
#include "tests/unit/plot_helpers.hpp"

using namespace bijou::plot;

namespace {

/// y = 2x on [0, 1], where x is uniform.
ChangeOfVariables doubling() {
  ChangeOfVariables picture;
  for (int i = 0; i <= 50; ++i) {
    const double t = i / 50.0;
    picture.x.push_back(t);
    picture.p.push_back(1.0);
    picture.y_of_x.push_back(2.0 * t);
    picture.y.push_back(2.0 * t);
    picture.q.push_back(0.5);
  }
  for (int i = 0; i < 5000; ++i) picture.samples_y.push_back(2.0 * (i + 0.5) / 5000.0);
  picture.map_label = "y = 2x";
  picture.title = "doubling";
  picture.caption = {"A first paragraph.", "A second one."};
  return picture;
}

std::string complaint(const std::function<void(ChangeOfVariables&)>& spoil) {
  const Folder folder;
  ChangeOfVariables picture = doubling();
  spoil(picture);
  const std::string message = message_of([&] { change_of_variables(folder.file(), picture); });
  CHECK(folder.entries() == 0);
  return message;
}

LatticePanel frame_of(double bend) {
  LatticePanel panel;
  panel.title = "a layer with a name that is rather long";
  for (int i = 0; i < 40; ++i) panel.points.push_back({std::cos(0.3 * i), std::sin(0.3 * i) + bend * i});
  panel.vertical = {{{0, -1}, {0, no_number}, {bend, 1}}};
  return panel;
}

}  // namespace

TEST_CASE("plot: the signs of the papers' equations have strokes of their own") {
  const auto box = stroke_text("\xff");
  const std::vector<std::string> signs = {
      "\u2299", "\u03a3", "\u2211", "\u2202", "\u2260", "\u00b2", "\u2081", "\u2082", "\u00b7", "\u00d7", "\u207b",
      "\u00b9", "\u03c3", "\u03bc", "\u220f", "\u2208", "\u2297", "\u2295", "\u03b1", "\u03b2", "\u03b3", "\u03b4",
      "\u0394", "\u2207", "\u221a", "\u222b", "\u03c6", "\u03c8", "\u03c9", "\u2016", "\u1d40", "\u22a4", "\u2032",
      "\u211d", "\u1d62", "\u2c7c", "\u2080", "\u2099", "\u207f", "\u2192", "\u21a6", "\u2218", "\u2261", "\u223c"};
  for (const std::string& sign : signs) {
    const auto glyph = stroke_text(sign);
    const bool boxed = glyph.width == box.width && glyph.strokes.size() == 1 && glyph.strokes[0].size() == 5;
    CHECK_MESSAGE(!boxed, sign);
  }
  CHECK(text_width("\u2081", 20) == doctest::Approx(text_width("\u00b9", 20)));
  const auto lowest = [](const TextStrokes& text) {
    double low = 1.0;
    for (const auto& stroke : text.strokes) {
      for (const Point& p : stroke) low = std::min(low, p.y);
    }
    return low;
  };
  CHECK(lowest(stroke_text("\u2081")) < -0.1);
  CHECK(lowest(stroke_text("\u00b9")) > 0.3);
}

TEST_CASE("plot: text for narrow places breaks long words and says when it goes on") {
  const std::string text = "levels.0.steps.12.invertible_convolution and \u2299\u2299\u2299 more words of a title";
  for (const double width : {60.0, 120.0, 400.0}) {
    for (const std::size_t most : {1, 2, 40}) {
      const auto lines = detail::fit_text(text, 15.0, width, most);
      CHECK(lines.size() <= most);
      std::string joined;
      for (const std::string& line : lines) {
        CHECK(text_width(line, 15.0) <= width);
        joined += line;
      }
      std::erase(joined, ' ');
      std::string all = text;
      std::erase(all, ' ');
      const bool whole = joined == all;
      const bool cut = joined.size() >= 3 && joined.substr(joined.size() - 3) == "\u2026" &&
                       all.starts_with(joined.substr(0, joined.size() - 3));
      CHECK((whole || cut));
      if (most == 40) CHECK(whole);
    }
  }
  CHECK(detail::fit_text("", 15.0, 100.0, 3).empty());
}

TEST_CASE("plot: logarithmic ticks are powers of ten, or 1, 2, 5 in a short range") {
  const auto labels = [](Range range, int target) {
    std::string all;
    for (const Tick& tick : log_ticks(range, target)) all += tick.label + " ";
    return all;
  };
  CHECK(labels({-3.2, 1.1}, 5) == "10\u207b\u00b3 10\u207b\u00b2 10\u207b\u00b9 1 10 ");
  CHECK(labels({-9.0, 0.0}, 4) == "10\u207b\u2079 10\u207b\u2076 10\u207b\u00b3 1 ");
  CHECK(labels({-1.0, 0.1}, 5) == "0.1 0.2 0.5 1 ");
  CHECK(log_ticks({0.0, 1.0}, 3)[1].at == doctest::Approx(std::log10(2.0)));
  CHECK(log_ticks({1.0, 1.0}, 5).empty());
  CHECK(log_ticks({0.0, infinity}, 5).empty());
}

TEST_CASE("plot: mirrored axes grow to the left") {
  Canvas canvas(100, 100);
  const Axes axes(canvas, {10, 10, 80, 80}, {0, 1}, {0, 1}, {.mirrored = true});
  CHECK(axes.map({0.25, 0}).x == doctest::Approx(70));
}

TEST_CASE("plot: film strips run on in several rows") {
  const Folder folder;
  const auto draw = [&](std::size_t n, const std::string& title = "a title") {
    std::vector<LatticePanel> frames;
    for (std::size_t i = 0; i < n; ++i) frames.push_back(frame_of(0.01 * static_cast<double>(i)));
    film_strip(folder.file(), frames, {palette::blue, palette::green}, title);
    return Decoded(folder.file());
  };
  const Decoded five = draw(5), six = draw(6), eleven = draw(11);
  CHECK(six.width < five.width);  // three and three
  CHECK(six.height > 3 * five.height / 2);
  CHECK(eleven.height > 5 * five.height / 2);
  CHECK(five.count(palette::blue) > 100);
  CHECK(five.count(palette::green) > 100);
  const std::string once = bytes_of(folder.file());
  CHECK(draw(11).height == eleven.height);
  CHECK(bytes_of(folder.file()) == once);
  draw(0);
  draw(1, "");
  film_strip(folder.file(), {{}, frame_of(0.1)});
  CHECK_THROWS_AS(film_strip(folder.file("no/such.png"), {}), std::runtime_error);
}

TEST_CASE("plot: a change of variables draws densities to scale") {
  const Folder folder;
  change_of_variables(folder.file("a.png"), doubling());
  change_of_variables(folder.file("b.png"), doubling());
  CHECK(bytes_of(folder.file("a.png")) == bytes_of(folder.file("b.png")));
  const Decoded picture(folder.file("a.png"));
  // The density of y is constant: all bars reach over 1 / 1.12 of the frame's 250 pixels, as the curve does.
  const Color bar = mix(palette::white, palette::vermillion, 0.3);
  int bar_left = picture.width, bar_right = 0, curve_left = picture.width;
  for (int y = 100; y < 580; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      if (picture.at(x, y) == bar) bar_left = std::min(bar_left, x), bar_right = std::max(bar_right, x);
      if (picture.at(x, y) == palette::vermillion) curve_left = std::min(curve_left, x);
    }
  }
  CHECK(bar_right - bar_left == doctest::Approx(250.0 / 1.12).epsilon(0.02));
  CHECK(std::abs(bar_left - curve_left) <= 3);
  // Ten stripes of equal probability: five dark ones and five pale ones, equally large.
  const Color dark = mix(palette::white, palette::blue, 0.34), pale = mix(palette::white, palette::blue, 0.16);
  CHECK(static_cast<double>(picture.count(dark)) ==
        doctest::Approx(static_cast<double>(picture.count(pale))).epsilon(0.05));

  ChangeOfVariables falling = doubling();
  for (double& y : falling.y_of_x) y = 2.0 - y;
  change_of_variables(folder.file(), falling);
  ChangeOfVariables beyond = doubling();
  for (double& y : beyond.y_of_x) y = 1e6 * (y - 1.0);
  beyond.samples_y = {-1e300, 1e300};
  std::fill(beyond.p.begin(), beyond.p.end(), 0.0);
  change_of_variables(folder.file(), beyond);
  change_of_variables(folder.file(), {});
  CHECK(Decoded(folder.file()).width > 900);
  CHECK_THROWS_AS(change_of_variables(folder.file("no/such.png"), doubling()), std::runtime_error);
}

TEST_CASE("plot: a change of variables says what is wrong with it") {
  CHECK(complaint([](auto& c) { c.p.pop_back(); }).find("x and p differ in length: 51 and 50") != std::string::npos);
  CHECK(complaint([](auto& c) { c.y_of_x.clear(); }).find("y_of_x") != std::string::npos);
  CHECK(complaint([](auto& c) { c.q.push_back(1.0); }).find("y and q") != std::string::npos);
  CHECK(complaint([](auto& c) { c.x[3] = c.x[2]; }).find("x[3]") != std::string::npos);
  CHECK(complaint([](auto& c) { c.y[7] = -5.0; }).find("y[7]") != std::string::npos);
  CHECK(complaint([](auto& c) { c.p[4] = -0.5; }).find("p[4]") != std::string::npos);
  CHECK(complaint([](auto& c) { c.q[0] = no_number; }).find("q[0]") != std::string::npos);
  CHECK(complaint([](auto& c) { c.y_of_x[9] = infinity; }).find("y_of_x[9]") != std::string::npos);
  CHECK(complaint([](auto& c) { c.samples_y[2] = no_number; }).find("samples_y[2]") != std::string::npos);
}

TEST_CASE("plot: a spectrum falls, whatever the order of its values") {
  const Folder folder;
  std::vector<double> values;
  for (int i = 0; i < 30; ++i) values.push_back(std::pow(10.0, -0.1 * i));
  spectrum(folder.file("a.png"), values, {.title = "title", .y_label = "\u03c3", .caption = {"caption"}});
  std::rotate(values.begin(), values.begin() + 11, values.end());
  spectrum(folder.file("b.png"), values, {.title = "title", .y_label = "\u03c3", .caption = {"caption"}});
  CHECK(bytes_of(folder.file("a.png")) == bytes_of(folder.file("b.png")));
  // On the logarithmic scale these values lie on a straight line: halfway along, halfway down.
  const Decoded picture(folder.file("a.png"));
  int left = picture.width, right = 0, top = picture.height, bottom = 0;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      if (picture.at(x, y) != palette::blue) continue;
      left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
    }
  }
  const int middle = (left + right) / 2;
  int on_line = 0;
  for (int y = (top + bottom) / 2 - 4; y <= (top + bottom) / 2 + 4; ++y)
    on_line += picture.at(middle, y) == palette::blue;
  CHECK(on_line > 0);

  spectrum(folder.file(), {3.0, -100.0, 0.0, 2.0});
  spectrum(folder.file(), {1.0});
  spectrum(folder.file(), {});
  spectrum(folder.file(), std::vector<double>(3000, 1.0));
  CHECK(message_of([&] { spectrum(folder.file(), {1.0, no_number}); }).find("value 1") != std::string::npos);
  CHECK_THROWS_AS(spectrum(folder.file(), {infinity}), std::invalid_argument);
  CHECK_THROWS_AS(spectrum(folder.file("no/such.png"), {1.0}), std::runtime_error);
}

TEST_CASE("plot: what is far away does not squeeze a histogram") {
  const Folder folder;
  std::vector<double> uniform;
  for (int i = 0; i < 300; ++i) uniform.push_back(i / 300.0);
  // Columns with the first set's colour, below the legend.
  const auto width_of = [&](const std::vector<Histogram>& sets) {
    histograms(folder.file(), sets);
    const Decoded picture(folder.file());
    int left = picture.width, right = 0;
    for (int y = picture.height / 3; y < picture.height; ++y) {
      for (int x = 0; x < picture.width; ++x)
        if (picture.at(x, y) == palette::blue) left = std::min(left, x), right = std::max(right, x);
    }
    return static_cast<double>(right - left) / picture.width;
  };
  const double alone = width_of({{"a", uniform}});
  CHECK(alone > 0.6);
  auto with_one = uniform;
  with_one.push_back(1e6);
  CHECK(width_of({{"a", with_one}}) > 0.9 * alone / (1 + 6 * 0.5));  // no further than six times the middle half
  CHECK(width_of({{"a", uniform}, {"b", {1e6, 2e6}}}) > 0.9 * alone / (1 + 3));
  CHECK(width_of({{"a", {}}, {"b", {}}}) <= 0);  // nothing of that colour
  histograms(folder.file(), {{"a", {1, 1, 1}}, {"b", {5, 6}}});
  histograms(folder.file(), {{"a", {no_number, infinity}}}, {.marks = {{"threshold", 3}}});
}

TEST_CASE("plot: a legend would rather hide a baseline than the end of a curve") {
  const Folder folder;
  // On the left the curve is at 0 and high up, on the right at 0 again: only the upper right is free of it.
  training_curve(folder.file(), {{"train", {1, 1.3, 1.6, 5.2, 5.75, 6}, {4.5, 0, 9, 5, 0, 4}}},
                 {.baselines = {{"goal", 8.7}}});
  const Decoded picture(folder.file());
  const auto lowest = [&](int from, int to) {
    int row = 0;
    for (int y = 0; y < picture.height; ++y) {
      for (int x = from; x < to; ++x)
        if (picture.at(x, y) == series_color(0)) row = y;
    }
    return row;
  };
  const int dip = static_cast<int>(0.863 * picture.width), end = static_cast<int>(0.88 * picture.width);
  CHECK(std::abs(lowest(0, picture.width / 2) - lowest(dip, end)) < 8);
}

TEST_CASE("plot: a far baseline does not squeeze a training curve") {
  const Folder folder;
  const std::vector<double> epochs{1, 2, 3, 4, 5, 6}, nll{4, 3.5, 3.2, 3.1, 3.05, 3};
  const auto height_with = [&](double baseline) {
    training_curve(folder.file(), {{"train", epochs, nll}}, {.baselines = {{"baseline", baseline}}});
    const Decoded picture(folder.file());
    int top = picture.height, bottom = 0;
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width / 2; ++x)
        if (picture.at(x, y) == series_color(0)) top = std::min(top, y), bottom = std::max(bottom, y);
    }
    return bottom - top;
  };
  const int near = height_with(3.1), far = height_with(300);
  CHECK(near > 200);
  CHECK(far > 0.9 * near);
  CHECK(height_with(-300) > 0.9 * near);
  CHECK(height_with(2.5) != near);  // not far: it has a say in the range
}

TEST_CASE("plot: by logarithms a far baseline is in the frame, and where there is no difference the line has a gap") {
  const Folder folder;
  const std::vector<double> steps{1, 2, 3, 4, 5, 6};
  // The height of the line in pixels, and the widest gap in it.
  const auto drawn = [&](double third, bool log_y) {
    training_curve(folder.file(), {{"", steps, {-15, -14.5, third, -14, -13.8, -13.5}}},
                   {.baselines = {{"goal", -3}}, .log_y = log_y});
    const Decoded picture(folder.file());
    int top = picture.height, bottom = 0, last = -1, gap = 0;
    for (int x = 0; x < picture.width; ++x) {
      bool any = false;
      for (int y = 0; y < picture.height; ++y)
        if (picture.at(x, y) == series_color(0)) any = true, top = std::min(top, y), bottom = std::max(bottom, y);
      if (any && last >= 0) gap = std::max(gap, x - last);
      if (any) last = x;
    }
    return std::pair{bottom - top, gap};
  };
  const auto [plain_height, plain_gap] = drawn(-14.2, false);
  const auto [log_height, log_gap] = drawn(-14.2, true);
  CHECK(log_height < 0.3 * plain_height);
  CHECK(log_gap < 10);
  CHECK(drawn(-infinity, true).second > 200);
}

TEST_CASE("plot: a reference is seen on both sides of the line that covers it") {
  const Folder folder;
  const std::vector<double> steps{1, 2, 3}, nll{3, 2, 1};
  const auto colored = [&](Curve::Kind below) {  // neither white nor grey
    training_curve(folder.file(), {{"", steps, nll, below}, {"", steps, nll}}, {.mark_best = false});
    const Decoded picture(folder.file());
    int count = 0;
    for (int y = 0; y < picture.height; ++y)
      for (int x = 0; x < picture.width; ++x) {
        const Color c = picture.at(x, y);
        count += c.r > c.b + 30;  // some orange
      }
    return count;
  };
  CHECK(colored(Curve::Kind::reference) > 5 * colored(Curve::Kind::validation));
  CHECK(colored(Curve::Kind::reference) > 1000);
}

TEST_CASE("plot: sizes that double with x are a straight line, level ones are level") {
  const Folder folder;
  const std::vector<double> x = {8, 16, 64};
  size_curves(folder.file("a.png"), {{"grows", x, {10, 20, 80}}, {"stays", x, {5, 5, 5}}},
              {.title = "title", .x_label = "depth", .y_label = "MiB"});
  const Decoded picture(folder.file("a.png"));
  const auto middle_of = [&](int column, Color color) {  // of this colour's pixels
    double sum = 0;
    int count = 0;
    for (int y = 0; y < picture.height; ++y) {
      if (picture.at(column, y) == color) sum += y, ++count;
    }
    return count ? sum / count : -1.0;
  };
  // Between the points, where no number stands. 300, 600 and 700 lie within the frame.
  const double a = middle_of(300, palette::blue), b = middle_of(500, palette::blue), c = middle_of(700, palette::blue);
  CHECK(a > b);
  CHECK(b > c);
  CHECK(a - b == doctest::Approx(b - c).epsilon(0.03));
  CHECK(middle_of(300, palette::vermillion) == doctest::Approx(middle_of(700, palette::vermillion)).epsilon(0.002));

  size_curves(folder.file(), {});
  size_curves(folder.file(), {{"one", {4}, {2}}});
  CHECK(message_of([&] {
          size_curves(folder.file(), {{"bad", {1, 2}, {1, 0}}});
        }).find("point 1 of 'bad'") != std::string::npos);
  CHECK(message_of([&] {
          size_curves(folder.file(), {{"bad", {1, 2}, {1}}});
        }).find("2 numbers x and 1 numbers y") != std::string::npos);
  CHECK_THROWS_AS(size_curves(folder.file(), {{"bad", {1}, {no_number}}}), std::invalid_argument);
  CHECK_THROWS_AS(size_curves(folder.file("no/such.png"), {{"one", {4}, {2}}}), std::runtime_error);
}

TEST_CASE("plot: inpainting sheets tint what was hidden, and only that") {
  const Folder folder;
  for (const std::size_t channels : {1, 3}) {
    const std::vector<double> dark(5 * 4 * 4 * channels, 0.0), bright(5 * 4 * 4 * channels, 1.0);
    std::vector<bool> hidden(5 * 4 * 4, false);
    for (std::size_t i = 0; i < 21; ++i) hidden[i] = true;
    const Images originals(dark, 5, 4, 4, channels), filled(bright, 5, 4, 4, channels);
    inpainting_sheet(folder.file("a.png"), originals, hidden, filled,
                     {.columns = 3, .caption = "c", .ink = Ink::light});
    inpainting_sheet(folder.file("b.png"), originals, hidden, filled,
                     {.columns = 3, .caption = "c", .ink = Ink::light});
    CHECK(bytes_of(folder.file("a.png")) == bytes_of(folder.file("b.png")));
    const Decoded sheet(folder.file("a.png"));
    const std::size_t black = sheet.count(palette::black), tint = sheet.count({170, 206, 232});
    CHECK(tint > 0);
    // Black: all 80 pixels of the originals and the 59 that are not hidden.
    CHECK(black * 21 == tint * 139);

    const std::vector<bool> few(5 * 4 * 4 - 1, false);
    const std::string sizes = message_of([&] { inpainting_sheet(folder.file(), originals, few, filled); });
    CHECK(sizes.find("79 values in hidden for 80 pixels") != std::string::npos);
    const Images other(bright, 5, 2, 8, channels);
    CHECK_THROWS_AS(inpainting_sheet(folder.file(), originals, hidden, other), std::invalid_argument);
    CHECK_THROWS_AS(inpainting_sheet(folder.file(), originals, hidden, filled, {.row_labels = {"a"}}),
                    std::invalid_argument);
    inpainting_sheet(folder.file(), originals, hidden, filled, {.row_labels = {"a", "b", "c"}});
  }
  inpainting_sheet(folder.file(), {}, {}, {});
}
