#include "apps/plot/font.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <locale>
#include <map>
#include <numbers>
#include <sstream>
#include <string>
#include <utility>

#include "apps/plot/font_glyphs.hpp"

namespace bijou::plot {

namespace {

using Strokes = std::vector<std::vector<Point>>;

struct Glyph {
  Strokes strokes;  // shifted so that the pen starts at x = 0, in units of the font size
  double advance = 0.0;
};

constexpr double unit = 0.01;
constexpr double digit_advance = 0.60;  // all digits equally wide, so that columns of numbers line up
constexpr double word_space = 0.28;
constexpr double tracking = 0.02;  // added to every advance: small sizes read better with looser letters

void append_cubic(std::vector<Point>& stroke, Point c1, Point c2, Point end) {
  constexpr int pieces = 10;
  const Point start = stroke.back();
  for (int i = 1; i <= pieces; ++i) {
    const double t = static_cast<double>(i) / pieces;
    const double u = 1.0 - t;
    const double w0 = u * u * u, w1 = 3 * u * u * t, w2 = 3 * u * t * t, w3 = t * t * t;
    stroke.push_back(
        {w0 * start.x + w1 * c1.x + w2 * c2.x + w3 * end.x, w0 * start.y + w1 * c1.y + w2 * c2.y + w3 * end.y});
  }
}

std::vector<Point> ellipse(Point center, Point radii) {
  constexpr int pieces = 32;
  std::vector<Point> stroke;
  for (int i = 0; i <= pieces; ++i) {
    const double angle = 2.0 * std::numbers::pi * i / pieces;
    stroke.push_back({center.x + radii.x * std::cos(angle), center.y + radii.y * std::sin(angle)});
  }
  return stroke;
}

Strokes parse_path(const char* path) {
  Strokes strokes;
  std::istringstream in{path};
  in.imbue(std::locale::classic());  // decimal points, whatever the user's locale
  const auto point = [&in] {
    Point p;
    in >> p.x >> p.y;
    return Point{p.x * unit, p.y * unit};
  };
  std::string command;
  // A command letter may be followed by several groups of numbers ("L x y x y").
  while (in >> std::ws && in.peek() != std::char_traits<char>::eof()) {
    if (std::isalpha(in.peek()) != 0) in >> command;
    if (command == "M") {
      strokes.push_back({point()});
    } else if (command == "L") {
      strokes.back().push_back(point());
    } else if (command == "C") {
      const Point c1 = point(), c2 = point(), end = point();
      append_cubic(strokes.back(), c1, c2, end);
    } else {
      const Point center = point(), radii = point();
      strokes.push_back(ellipse(center, radii));
    }
  }
  return strokes;
}

Glyph make_glyph(const detail::GlyphSource& source) {
  Glyph glyph{parse_path(source.path), 0.0};
  double lo = 1e9, hi = -1e9;
  for (const auto& stroke : glyph.strokes) {
    for (const Point& p : stroke) {
      lo = std::min(lo, p.x);
      hi = std::max(hi, p.x);
    }
  }
  double shift = source.left * unit - lo;
  glyph.advance = hi - lo + (source.left + source.right) * unit + tracking;
  if (source.code >= U'0' && source.code <= U'9') {
    shift += 0.5 * (digit_advance - glyph.advance);
    glyph.advance = digit_advance;
  }
  for (auto& stroke : glyph.strokes) {
    for (Point& p : stroke) p.x += shift;
  }
  return glyph;
}

/// The same drawing, smaller and raised or lowered.
Glyph script(Glyph glyph, double rise) {
  constexpr double scale = 0.6;
  for (auto& stroke : glyph.strokes) {
    for (Point& p : stroke) p = {p.x * scale, p.y * scale + rise};
  }
  glyph.advance *= scale;
  return glyph;
}

Glyph superscript(const Glyph& glyph) { return script(glyph, 0.36); }
Glyph subscript(const Glyph& glyph) { return script(glyph, -0.16); }

std::map<char32_t, Glyph> make_font() {
  std::map<char32_t, Glyph> font;
  for (const auto& source : detail::glyph_sources) font.emplace(source.code, make_glyph(source));
  font.emplace(U' ', Glyph{{}, word_space});
  font.emplace(U'\u00a0', Glyph{{}, word_space});
  constexpr char32_t raised[] = {U'\u2070', U'\u00b9', U'\u00b2', U'\u00b3', U'\u2074',
                                 U'\u2075', U'\u2076', U'\u2077', U'\u2078', U'\u2079'};
  for (char32_t digit = 0; digit < 10; ++digit) {
    font.emplace(raised[digit], superscript(font.at(U'0' + digit)));
    font.emplace(U'\u2080' + digit, subscript(font.at(U'0' + digit)));
  }
  constexpr std::pair<char32_t, char32_t> more_raised[] = {
      {U'\u207a', U'+'}, {U'\u207b', U'\u2212'}, {U'\u207d', U'('}, {U'\u207e', U')'}, {U'\u207f', U'n'},
      {U'\u1d40', U'T'}, {U'\u1d48', U'd'},      {U'\u1d4f', U'k'}, {U'\u02e3', U'x'}, {U'\u2071', U'i'}};
  for (const auto& [code, base] : more_raised) font.emplace(code, superscript(font.at(base)));
  // Small letters that exist as subscripts: there is no d among them.
  constexpr std::pair<char32_t, char32_t> lowered[] = {
      {U'\u208a', U'+'}, {U'\u208b', U'\u2212'}, {U'\u208d', U'('}, {U'\u208e', U')'}, {U'\u2090', U'a'},
      {U'\u2091', U'e'}, {U'\u2092', U'o'},      {U'\u2093', U'x'}, {U'\u2095', U'h'}, {U'\u2096', U'k'},
      {U'\u2097', U'l'}, {U'\u2098', U'm'},      {U'\u2099', U'n'}, {U'\u209a', U'p'}, {U'\u209b', U's'},
      {U'\u209c', U't'}, {U'\u1d62', U'i'},      {U'\u1d63', U'r'}, {U'\u1d64', U'u'}, {U'\u1d65', U'v'},
      {U'\u2c7c', U'j'}};
  for (const auto& [code, base] : lowered) font.emplace(code, subscript(font.at(base)));
  return font;
}

const Glyph& find_glyph(char32_t code) {
  static const std::map<char32_t, Glyph> font = make_font();
  static const Glyph box = make_glyph({U'\ufffd', 8, 8, "M 0 0 L 0 70 L 40 70 L 40 0 L 0 0"});
  const auto it = font.find(code);
  return it == font.end() ? box : it->second;
}

/// Takes one code point off the front of the text; malformed bytes are taken one by one as U+FFFD.
char32_t next_code(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  char32_t code = lead < 0x80 ? lead : length == 0 ? 0 : lead & (0xffU >> (length + 1));
  bool valid = length > 0 && length <= text.size();
  for (std::size_t i = 1; valid && i < length; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    valid = (byte & 0xc0U) == 0x80;
    code = (code << 6) | (byte & 0x3fU);
  }
  text.remove_prefix(valid ? length : 1);
  return valid ? code : U'\ufffd';
}

}  // namespace

TextStrokes stroke_text(std::string_view utf8) {
  TextStrokes result;
  while (!utf8.empty()) {
    const Glyph& glyph = find_glyph(next_code(utf8));
    for (const auto& stroke : glyph.strokes) {
      auto& moved = result.strokes.emplace_back(stroke);
      for (Point& p : moved) p.x += result.width;
    }
    result.width += glyph.advance;
  }
  return result;
}

double text_width(std::string_view utf8, double size) {
  double width = 0.0;
  while (!utf8.empty()) width += find_glyph(next_code(utf8)).advance;
  return width * size;
}

}  // namespace bijou::plot
