// Where libedit's cursor stands: the line being typed is rubbed out from there. The rows are what libedit 3.1 was seen
// to draw in a terminal; tests/system/prompt_test.py looks at a real one.
#include "ws/app/line_editor.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <string>

namespace ws::app {
namespace {

TEST(PlaceBehind, follows_the_rules_by_which_libedit_draws) {
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  struct Row {
    std::wstring text;
    std::size_t row;
    std::size_t column;
  };
  // Ten columns, of which the sign takes two.
  const Row rows[] = {
      {L"", 0, 2},
      {L"1234567", 0, 9},
      {L"12345678", 1, 0},  // the last column is filled: the cursor goes on
      {L"123456789", 1, 1},
      {L"123456781234567890", 2, 0},
      {L"\u6f22\u5b57\u6f22", 0, 8},  // two columns each
      {L"\u6f22\u5b57\u6f22\u5b57", 1, 0},
      {L"1234567\u6f22", 1, 2},  // does not fit into one column
      {L"\U0001F600", 0, 4},
      {L"\x01", 0, 4},         // ^A
      {L"1234567\x01", 1, 1},  // broken between its two characters
      {L"\t", 0, 8},
      {L"\t\t", 1, 0},
      {L"a\nb", 1, 1},
      {L"e\u0301", 0, 3},  // a combining accent
      {L"\ufff0", 0, 9},   // no character: \U+fff0
      {L"\u200b", 0, 2},   // no width
  };
  for (const Row& row : rows) {
    const Place place = place_behind(row.text, {.row = 0, .column = 2}, 10);
    EXPECT_EQ(place.row, row.row) << testing::PrintToString(row.text);
    EXPECT_EQ(place.column, row.column) << testing::PrintToString(row.text);
  }
}

}  // namespace
}  // namespace ws::app
