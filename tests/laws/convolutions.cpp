// Every way that a convolution may go is its definition: in float within 3e-5 of the largest value, in double 1e-13.
#include "tests/tables/door.hpp"

#include <doctest/doctest.h>

TEST_CASE("convolution: the ways agree with the definition, in float") {
  for (const std::string& line : bijou_door::convolution_offences_f32()) FAIL_CHECK(line);
}
TEST_CASE("convolution: the ways agree with the definition, in double") {
  for (const std::string& line : bijou_door::convolution_offences_f64()) FAIL_CHECK(line);
}
