// HTML that the program writes: words from outside are escaped, pictures become a part of the page.
#pragma once
#include "datasets/decode_picture.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bijou::inline BIJOU_SCALAR::html {

// As text or as an attribute's value in double quotes. What is no UTF-8, and control characters but line breaks and
// tabs, become U+FFFD.
std::string escaped(std::string_view words);
std::string base64(std::string_view bytes);

// <tag>words</tag>, escaped.
std::string element(const char* tag, std::string_view words);

// A PNG as an <img>. `sharp`: pixels stay squares when the picture is enlarged.
enum class Pixels { smooth, sharp };
std::string picture(std::string_view png, std::string_view alt, Pixels pixels = Pixels::smooth);

// The PNG, made smaller in steps until it takes so many bytes at most, or its shorter side 160 pixels. DataError: it is
// none.
std::string fitted(std::string png, size_t most_bytes, const std::string& name);

std::string png_of(Picture picture);

std::string read_file(const std::string& path);  // "" where there is none

// A number for people: 153,696; 2 min 41 s; so many digits behind the point, with a true minus sign.
std::string grouped(int64_t number);
std::string duration(double seconds);
std::string decimal(double value, int digits);

using Row = std::pair<std::string, std::string>;
std::string facts(const std::vector<Row>& rows);  // names and values beside each other
std::string style();                              // the page's <style>

}  // namespace bijou::inline BIJOU_SCALAR::html
