#include "apps/plot/layout.hpp"

#include <sstream>

#include "apps/plot/font.hpp"

namespace bijou::plot::detail {

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
