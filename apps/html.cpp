#include "apps/html.hpp"

#include "apps/plot/canvas.hpp"
#include "autograd/check.hpp"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace bijou::inline BIJOU_SCALAR::html {
namespace {

// The length of the UTF-8 sequence that begins here; 0: there is none (RFC 3629's table).
size_t sequence_at(std::string_view s, size_t i) {
  const auto byte = [&](size_t k) { return k < s.size() ? static_cast<unsigned char>(s[k]) : 0u; };
  const unsigned first = byte(i);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 ? 4 : 0;
  if (length == 0 || first > 0xF4) return 0;
  for (size_t k = 1; k < length; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  const unsigned second = byte(i + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool no_letter = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || no_letter ? 0 : length;
}

}  // namespace

std::string escaped(std::string_view words) {
  constexpr const char* kUnknown = "\uFFFD";
  std::string out;
  for (size_t i = 0; i < words.size();) {
    const size_t length = sequence_at(words, i);
    const char c = words[i];
    const bool control = (c >= 0 && c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
    if (length == 0 || control) out += kUnknown;
    else if (length > 1) out += words.substr(i, length);
    else if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else out += c;
    i += length == 0 ? 1 : length;
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr const char* kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kLetters[three >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string element(const char* tag, std::string_view words) {
  return text("<", tag, ">", escaped(words), "</", tag, ">");
}

std::string picture(std::string_view png, std::string_view alt, Pixels pixels) {
  const PictureHeader size = read_picture_header(png, std::string(alt));
  return text("<img", pixels == Pixels::sharp ? " class=\"sharp\"" : "", " width=\"", size.width, "\" height=\"",
              size.height, "\" alt=\"", escaped(alt), "\" src=\"data:image/png;base64,", base64(png), "\">");
}

std::string png_of(Picture picture) {
  picture = to_colour(std::move(picture));
  plot::Canvas canvas(picture.width, picture.height);
  canvas.blit(picture.pixels, picture.width, picture.height, 0, 0);
  const auto bytes = canvas.png();
  return {bytes.begin(), bytes.end()};
}

std::string fitted(std::string png, size_t most_bytes, const std::string& name) {
  constexpr int kLeastSide = 160;
  if (png.size() <= most_bytes) return png;
  const Picture whole = decode_picture(png, name);
  for (double side = std::min(whole.width, whole.height); png.size() > most_bytes && side > kLeastSide;) {
    side = std::max<double>(kLeastSide, std::floor(side * 0.75));
    png = png_of(resize_shorter_side(whole, static_cast<int>(side)));
  }
  return png;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  return content.str();
}

std::string grouped(int64_t number) {
  const std::string digits = text(std::abs(number));
  std::string out = number < 0 ? "\u2212" : "";
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string duration(double seconds) {
  if (seconds < 60) return decimal(seconds, seconds < 10 ? 1 : 0) + " s";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) return text(whole / 60, " min ", whole % 60, " s");
  return text(whole / 3600, " h ", whole / 60 % 60, " min");
}

std::string decimal(double value, int digits) {
  char figure[400];
  std::snprintf(figure, sizeof figure, "%.*f", digits, std::abs(value));
  const bool minus = value < 0 && std::string_view(figure).find_first_of("123456789") != std::string_view::npos;
  return (minus ? "\u2212" : "") + std::string(figure);
}

std::string facts(const std::vector<Row>& rows) {
  std::string out = "<dl class=\"facts\">";
  for (const auto& [name, value] : rows) out += "<div>" + element("dt", name) + element("dd", value) + "</div>";
  return out + "</dl>\n";
}

}  // namespace bijou::inline BIJOU_SCALAR::html
