// Nothing that a peer says moves the cursor, forges a line, breaks the JSON, or fills the disk.
#include "ws/app/escape.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ws::app {
namespace {

using std::string_literals::operator""s;

struct Row {
  std::string text;
  std::string wanted;
};

TEST(PrintableText, has_no_control_character_and_nothing_that_turns_the_direction) {
  for (const auto& [text, wanted] : {
           Row{"", ""},
           Row{"hello, world", "hello, world"},
           Row{"κόσμε \U0001F600", "κόσμε \U0001F600"},
           Row{"a\nb\rc\td", R"(a\nb\rc\td)"},
           Row{"\0\x01\x1f\x7f"s, R"(\x00\x01\x1f\x7f)"},
           Row{"\x1b[2J\x07", R"(\x1b[2J\x07)"},
           Row{"\u0080\u009b\u009f\u00a0", "\\u0080\\u009b\\u009f\u00a0"},
           Row{"a\u2028b\u2029c", R"(a\u2028b\u2029c)"},
           Row{"\u202a\u202e\u2066\u2069", R"(\u202a\u202e\u2066\u2069)"},
           Row{"\u061c\u200e\u200f", R"(\u061c\u200e\u200f)"},
           Row{"\u2027\u202f\u2065\u206a", "\u2027\u202f\u2065\u206a"},
           Row{"\ufeff", "\ufeff"},
       }) {
    EXPECT_EQ(printable(text), wanted);
    EXPECT_EQ(escape_for_log(text), wanted);
  }
}

TEST(PrintableText, that_is_no_utf8_shows_its_bytes) {
  for (const auto& [text, wanted] : {
           Row{"\x80", R"(\x80)"},
           Row{"a\xff\xfe", R"(a\xff\xfe)"},
           Row{"\xc3", R"(\xc3)"},
           Row{"\xc3(", R"(\xc3()"},
           Row{"\xe2\x82", R"(\xe2\x82)"},
           Row{"\xed\xa0\x80", R"(\xed\xa0\x80)"},          // a surrogate
           Row{"\xc0\x8a", R"(\xc0\x8a)"},                  // a line break in an overlong form
           Row{"\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"},  // behind the last character
           Row{"\xf0\x9f\x98\x80\x9b", "\xf0\x9f\x98\x80\\x9b"},
       }) {
    EXPECT_EQ(printable(text), wanted);
    EXPECT_EQ(escape_for_log(text), wanted);
  }
}

TEST(PrintableText, keeps_a_backslash_and_what_a_peer_said_doubles_it) {
  EXPECT_EQ(printable(R"(C:\n)"), R"(C:\n)");
  EXPECT_EQ(escape_for_log(R"(C:\n)"), R"(C:\\n)");
  EXPECT_EQ(escape_for_log("\\\n"), R"(\\\n)");
}

TEST(LongText, is_cut_between_two_characters_and_says_how_long_it_was) {
  EXPECT_EQ(escape_for_log("12345", 5), "12345");
  EXPECT_EQ(escape_for_log("123456", 5), "12345... (6 bytes)");
  EXPECT_EQ(escape_for_log("1234é", 5), "1234... (6 bytes)");
  EXPECT_EQ(escape_for_log("12é56", 5), "12é5... (6 bytes)");
  EXPECT_EQ(escape_for_log("12\U0001F600", 5), "12... (6 bytes)");
  EXPECT_EQ(escape_for_log("x", 0), "... (1 bytes)");
  EXPECT_EQ(escape_for_log("", 0), "");
  const std::string many(5000, 'x');
  EXPECT_EQ(escape_for_log(many), many.substr(0, 256).append("... (5000 bytes)"));
  EXPECT_EQ(printable(many), many.substr(0, kLongestLine).append("... (5000 bytes)"));
  EXPECT_EQ(printable(std::string(5000, '\x80'), 2), R"(\x80\x80... (5000 bytes))");
}

TEST(TextInJson, has_its_quotes_backslashes_and_control_characters_escaped) {
  for (const auto& [text, wanted] : {
           Row{"plain κόσμε", "plain κόσμε"},
           Row{R"(say "hi" \ there)", R"(say \"hi\" \\ there)"},
           Row{"a\nb\x1f\x7f", R"(a\u000ab\u001f\u007f)"},
           Row{"\0"s, R"(\u0000)"},
       }) {
    EXPECT_EQ(escape_for_json(text), wanted);
  }
}

}  // namespace
}  // namespace ws::app
