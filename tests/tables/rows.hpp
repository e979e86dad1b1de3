// One doctest case for each row of a table, named at run time, so that `-tc="gradient: matmul"` picks a row.
//
//   struct Gradients {
//     static std::vector<std::string> names();      // of the cases
//     static void run(size_t row);                  // the body, with doctest's CHECK and REQUIRE
//   };
//   const bool registered = register_rows<Gradients>();
//
// doctest calls plain functions without arguments: so each row number has a function of its own, made by a
// template for as many rows as a table may have. Nothing here depends on the scalar.
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace bijou_tests {

inline constexpr size_t kMaxRows = 320;

template <class Table, size_t Row>
void run_row() {
  Table::run(Row);
}

template <class Table>
void run_too_many() {
  FAIL("the table has ", Table::names().size(), " rows: raise kMaxRows (", kMaxRows, ") in tests/tables/rows.hpp");
}

// doctest keeps a pointer to the name of an ordinary case, but owns the full name of a templated one: a row
// is registered as one of those. Its template id also orders the rows.
inline void register_row(const char* file, int line, const std::string& name, void (*run)(), int row) {
  doctest::detail::TestCase test(run, file, static_cast<unsigned>(line), doctest::detail::TestSuite());
  test.m_template_id = row;
  test.m_full_name = name.c_str();
  test.m_name = test.m_full_name.c_str();
  doctest::detail::regTest(test);
}

template <class Table>
bool register_rows(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const std::vector<std::string> names = Table::names();
  [&]<size_t... Row>(std::index_sequence<Row...>) {
    ((Row < names.size() ? register_row(file, line, names[Row], &run_row<Table, Row>, static_cast<int>(Row)) : void()),
     ...);
  }
  (std::make_index_sequence<kMaxRows>());
  if (names.size() > kMaxRows) {
    register_row(file, line, names[0] + " (table too long)", &run_too_many<Table>, static_cast<int>(kMaxRows));
  }
  return true;
}

}  // namespace bijou_tests
