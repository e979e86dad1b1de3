#pragma once

#include <string>
#include <vector>

#include "apps/plot/canvas.hpp"

namespace bijou::plot::detail {

/// Measures and helpers common to all pictures, so that they look like a family.
inline constexpr double font_size = 20.0;
inline constexpr double caption_size = 23.0;
inline constexpr double line_height = 1.5;
inline constexpr double page_margin = 28.0;

/// Breaks a text at blanks into lines not wider than `width`; a line break stays one. A word that is too wide
/// by itself keeps its line. An empty text has no lines.
std::vector<std::string> wrap_text(const std::string& text, double size, double width);

/// The same for places that are narrow: breaks words that are too wide, and ends the last of `most` lines with an
/// ellipsis if the text goes on.
std::vector<std::string> fit_text(const std::string& text, double size, double width, std::size_t most);

/// Every paragraph wrapped, one after another.
std::vector<std::string> wrap_all(const std::vector<std::string>& paragraphs, double size, double width);

/// Draws lines of text below each other, the first one's capitals starting at the anchor's height.
void draw_lines(Canvas& canvas, Point anchor, const std::vector<std::string>& lines, const TextStyle& style);

/// The height of that many lines, without the space below the last.
double lines_height(std::size_t count, double size);

/// A note in the middle of an empty area.
void draw_note(Canvas& canvas, const Rect& area, const std::string& note);

}  // namespace bijou::plot::detail
