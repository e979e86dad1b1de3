#include "apps/plot/layout.hpp"

#include <cstdint>
#include <sstream>

#include "apps/plot/font.hpp"

namespace bijou::plot::detail {

namespace {

/// Takes the last UTF-8 character off the text.
void pop_character(std::string& text) {
  while (!text.empty() && (static_cast<std::uint8_t>(text.back()) & 0xc0U) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

/// The longest beginning that is not wider than `width`, but at least one character.
std::string beginning(const std::string& text, double size, double width) {
  std::string head = text;
  for (std::string shorter = head; !shorter.empty() && text_width(head, size) > width; pop_character(shorter)) {
    head = shorter;
  }
  return head;
}

}  // namespace

std::vector<std::string> wrap_text(const std::string& text, double size, double width) {
  std::vector<std::string> lines;
  std::istringstream paragraphs{text};
  for (std::string paragraph; std::getline(paragraphs, paragraph);) {
    std::istringstream words{paragraph};
    std::string line;
    for (std::string word; words >> word;) {
      const std::string longer = line.empty() ? word : line + " " + word;
      if (!line.empty() && text_width(longer, size) > width) {
        lines.push_back(line);
        line = word;
      } else {
        line = longer;
      }
    }
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> fit_text(const std::string& text, double size, double width, std::size_t most) {
  std::vector<std::string> lines;
  for (std::string line : wrap_text(text, size, width)) {
    while (text_width(line, size) > width) {
      const std::string head = beginning(line, size, width);
      if (head.size() == line.size()) break;
      lines.push_back(head);
      line.erase(0, head.size());
    }
    lines.push_back(line);
  }
  if (lines.size() <= most) return lines;
  lines.resize(most);
  if (lines.empty()) return lines;
  std::string& last = lines.back();
  while (!last.empty() && text_width(last + "\u2026", size) > width) pop_character(last);
  last += "\u2026";
  return lines;
}

std::vector<std::string> wrap_all(const std::vector<std::string>& paragraphs, double size, double width) {
  std::vector<std::string> lines;
  for (const std::string& paragraph : paragraphs) {
    const auto more = wrap_text(paragraph, size, width);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return lines;
}

void draw_lines(Canvas& canvas, Point anchor, const std::vector<std::string>& lines, const TextStyle& style) {
  TextStyle each = style;
  each.vertical = VerticalAlign::top;
  for (const std::string& line : lines) {
    canvas.text(anchor, line, each);
    anchor.y += line_height * style.size;
  }
}

double lines_height(std::size_t count, double size) {
  if (count == 0) return 0.0;
  return line_height * size * static_cast<double>(count - 1) + 0.7 * size;
}

void draw_note(Canvas& canvas, const Rect& area, const std::string& note) {
  canvas.text(
      {area.center_x(), area.center_y()}, note,
      {.size = font_size, .color = palette::soft_ink, .align = Align::center, .vertical = VerticalAlign::middle});
}

}  // namespace bijou::plot::detail
